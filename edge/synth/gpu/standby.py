"""Speak at once on the CPU while a GPU gets ready, and change over between two sentences.

A GPU's libraries take seconds to load and TensorRT minutes to compile a decoder that it has not
seen before. Nobody is to wait for that.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edge.errors import EdgeError
from edge.pcm import PcmChunk

if TYPE_CHECKING:
    from edge.synth import Segment, Style, Synthesizer

log = logging.getLogger(__name__)

NICENESS = 10
"""Niceness of the thread that prepares, and of those that the provider starts from it: whoever
speaks meanwhile goes first."""


class Standby:
    """`now` speaks until `prepare()`, called once in a thread of its own, has made a better one;
    for good if that fails. `what` is prepared, for people."""

    def __init__(self, now: Synthesizer, prepare: Callable[[], Synthesizer], what: str) -> None:
        self._speaking, self._prepare, self._what = now, prepare, what
        self._ready: Synthesizer | None = None
        self._state = f"{what} is being prepared"
        self.rate = now.rate
        self._thread = threading.Thread(target=self._run, name="prepare", daemon=True)
        self._thread.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait; return True once the preparing is over, one way or the other."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def variant(self) -> str:
        return self._speaking.variant

    @property
    def provider(self) -> str:
        """The provider that speaks, and why nothing better does, as `edge status` shows it."""
        name = self._speaking.provider
        return f"{name} ({self._state})" if self._state else name

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        self._change_over()
        return self._speaking.plan(text, style, words)

    def durations(self, segment: Segment) -> tuple[int, ...]:
        return self._speaking.durations(segment)

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        return self._speaking.speak(segment)

    def _change_over(self) -> None:
        """Take what is ready. Synthesis thread; what is being spoken holds on to the one that
        began it."""
        if self._ready is not None:
            log.info("from now on: %s on %s", self._ready.variant, self._ready.provider)
            self._speaking, self._ready, self._state = self._ready, None, ""

    def _run(self) -> None:
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            self._ready = self._prepare()
        except EdgeError as error:
            log.warning("%s cannot be used: %s", self._what, error.message)
            self._state = f"{self._what} cannot be used: {error.message}"
        except Exception:
            log.error("%s: unexpected failure while it was prepared", self._what)
            log.debug("the failure", exc_info=True)
            self._state = f"{self._what} cannot be used; edge doctor says more"
