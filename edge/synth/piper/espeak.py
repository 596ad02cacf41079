"""Drive espeak-ng as piper-tts does, without what that costs over time.

piper-tts 1.8.0 sets espeak's voice before each text, and espeak keeps 1,360 bytes and takes
0.07 ms each time: memory that grows as long as the daemon speaks, and for each word whose time is
asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Voice:
    """espeak's one voice, set only when it is another than last time."""

    def __init__(self, bridge: Any) -> None:
        self._set: Callable[[str], None] = bridge.set_voice
        self._start: Callable[[str], None] = bridge.initialize
        self._name: str | None = None

    def set(self, name: str) -> None:
        """Choose a voice. Raises what espeak's bridge does for one that it lacks; then none counts
        as set."""
        if name != self._name:
            self._name = None
            self._set(name)
            self._name = name

    def start(self, folder: str) -> None:
        """Initialize espeak, which forgets its voice."""
        self._name = None
        self._start(folder)


def keep_voice() -> None:
    """Keep espeak's voice from now on in this process; calling it again changes nothing."""
    from piper import espeakbridge

    if not isinstance(getattr(espeakbridge.set_voice, "__self__", None), Voice):
        voice = Voice(espeakbridge)
        vars(espeakbridge).update(set_voice=voice.set, initialize=voice.start)
