"""The saving thread: writes phrases to the disk, so that no speech waits for an SD card."""

from __future__ import annotations

import logging
import threading
from collections import deque

from edge.daemon.phrase_store import Phrase, PhraseStore

log = logging.getLogger(__name__)

MAX_UNSAVED = 64
"""Phrases that wait to be written; the oldest is not written if more come."""
LAST_WRITES_S = 5.0
"""Seconds that the end of the daemon waits for them; what is late is made again another day."""


class Saving(threading.Thread):
    """Writes what it is given, one after the other."""

    def __init__(self, store: PhraseStore) -> None:
        super().__init__(name="saving", daemon=True)
        self._store = store
        self._changed = threading.Condition()
        self._unsaved: deque[tuple[str, Phrase]] = deque(maxlen=MAX_UNSAVED)
        self._writing = self._closing = False

    @property
    def unsaved(self) -> int:
        """Phrases that are not written yet."""
        with self._changed:
            return len(self._unsaved) + self._writing

    def put(self, key: str, phrase: Phrase) -> None:
        """Have a phrase written; begins the thread at the first. Never waits for a disk."""
        with self._changed:
            self._unsaved.append((key, phrase))
            self._changed.notify_all()
        if self.ident is None:
            self.start()

    def wait_until_saved(self, within_s: float) -> bool:
        """Wait until all is written; False if that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._unsaved or self._writing), within_s)

    def close(self) -> None:
        """Write what waits, for LAST_WRITES_S at the most, and end the thread."""
        if not self.wait_until_saved(LAST_WRITES_S):
            log.warning("the disk is slow: %d phrases were not saved", self.unsaved)
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._unsaved or self._closing)
                if self._closing:
                    return
                key, phrase = self._unsaved.popleft()
                self._writing = True
            try:
                self._store.save(key, phrase)
            except Exception as error:  # no memory for a copy: it is made again another day
                log.warning("a phrase was not saved: %s", type(error).__name__)
            finally:
                with self._changed:
                    self._writing = False
                    self._changed.notify_all()
