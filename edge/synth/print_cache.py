"""The cloned voices that spoke last, kept in memory: one that is encrypted is deciphered once."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from edge.bundle import Bundle
from edge.synth.voice_print import VoicePrint, load_print

KEPT = 4
"""Voices of a conversation. A print has 50 to 500 kB."""


class PrintCache:
    """Not thread-safe: a synthesizer owns it."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._held: OrderedDict[tuple[str, int, int, int], VoicePrint] = OrderedDict()

    def load(self, path: Path) -> VoicePrint:
        """Load a print, or give the one that was loaded from the same file; a file that was
        replaced is another. Raises BadVoicePrint, MissingPackage."""
        try:
            found = path.stat()
            key = (str(path), found.st_ino, found.st_size, found.st_mtime_ns)
        except OSError:
            return load_print(path, self._bundle)  # which tells why it cannot be read
        if key not in self._held:
            self._held[key] = load_print(path, self._bundle)
        self._held.move_to_end(key)
        while len(self._held) > KEPT:
            self._held.popitem(last=False)
        return self._held[key]
