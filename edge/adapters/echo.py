"""Make beforehand what a screen reader says for each key that is typed: the daemon keeps it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from edge.adapters.speech_settings import Settings, choose, voices_of
from edge.adapters.symbols import Symbols
from edge.client import Client
from edge.errors import EdgeError
from edge.protocol import Synthesize, VoiceChoice

log = logging.getLogger(__name__)

TYPED = "abcdefghijklmnopqrstuvwxyz0123456789 .,;:!?-'\"()@/\\_"


class Echo:
    """Once for each voice and speed, in a thread, whenever `wait_for_quiet` returns."""

    def __init__(
        self, path: Path, symbols: Callable[[str], Symbols], wait_for_quiet: Callable[[], None]
    ) -> None:
        self._path, self._symbols, self._wait = path, symbols, wait_for_quiet
        self._made: set[tuple[str, str, float]] = set()

    def prepare(self, settings: Settings) -> None:
        wish = (settings.synthesis_voice, settings.language, settings.speed)
        if wish not in self._made:
            self._made.add(wish)
            threading.Thread(target=self._make, args=(settings, wish), daemon=True).start()

    def _make(self, settings: Settings, wish: tuple[str, str, float]) -> None:
        try:
            with Client(self._path) as client:
                voice = choose(voices_of(client.describe()), settings)
                if voice is None:
                    return
                symbols = self._symbols(voice.languages[0])
                for character in TYPED:
                    self._wait()
                    name = symbols.name(character)
                    request = Synthesize(
                        name,
                        VoiceChoice(voice.name),
                        text_format="plain",
                        speed=settings.speed,
                        normalize="off",
                    )
                    for _ in client.sound(request):
                        pass
        except EdgeError as error:
            self._made.discard(wish)  # the daemon went away, and its memory with it
            log.info("%s", error.message)
