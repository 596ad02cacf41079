"""Read what speech-dispatcher sets before a message, and choose our voice, tempo and pitch by
it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.protocol import MAX_SPEED, MIN_SPEED, Info, TtsVoice

HIGHEST = 2 ** (6 / 12)
"""Factor at pitch 100: six semitones. Our voices have one pitch: the sound is made slower or
faster by this factor and played at another sample rate, which moves the timbre too. More of it
squeaks."""


@dataclass(frozen=True)
class Settings:
    """Names and ranges are speech-dispatcher's: rate, pitch and volume -100 to 100."""

    rate: int = 0
    pitch: int = 0
    volume: int = 100
    punctuation_mode: str = "none"
    spelling_mode: str = "off"
    cap_let_recogn: str = "none"
    language: str = ""
    synthesis_voice: str = ""

    def changed(self, lines: Iterable[str]) -> Settings:
        """Apply the lines `key=value` of a SET; what is unknown or no number is left as it is."""
        new: dict[str, int | str] = {}
        for line in lines:
            key, _, value = line.partition("=")
            if key in ("rate", "pitch", "volume"):
                try:
                    new[key] = max(-100, min(100, int(value)))
                except ValueError:
                    continue
            elif key in _NAMES:
                new[key] = "" if value == "NULL" else value
        return dataclasses.replace(self, **new)  # type: ignore[arg-type]

    @property
    def stretch(self) -> float:
        """The factor of pitch."""
        return float(HIGHEST ** (self.pitch / 100))

    @property
    def speed(self) -> float:
        """Tempo to ask the daemon for: what the stretch will change is taken out again.

        Rate 100 is the fastest, and what lies between is its power, as browsers count
        (100 * log3 of their rate)."""
        wanted = max(MIN_SPEED, float(MAX_SPEED ** (self.rate / 100))) / self.stretch
        return round(max(MIN_SPEED, min(MAX_SPEED, wanted)), 3)

    @property
    def gain(self) -> float:
        """Factor of the amplitude: 1 at volume 100, one half at 0, silence at -100."""
        return (self.volume + 100) / 200


_NAMES = {field.name for field in dataclasses.fields(Settings)}


def voices_of(info: Info) -> list[TtsVoice]:
    return [voice for program in info.tts for voice in program.voices]


def choose(voices: Sequence[TtsVoice], settings: Settings) -> TtsVoice | None:
    """Choose by name, else by the whole language, else by its first part, else the daemon's
    default.

    A voice that is not there is no error: a screen reader must not fall silent for it. Browsers
    leave the language as it was when they change the voice, so the name comes first.
    """
    wanted = settings.language.replace("-", "_").lower()
    first = wanted.split("_")[0]
    for voice in voices:
        if voice.name == settings.synthesis_voice:
            return voice
    for language in (wanted, first):
        for voice in voices:
            spoken = [language.lower() for language in voice.languages]
            if language in spoken or language in [own.split("_")[0] for own in spoken]:
                return voice
    return voices[0] if voices else None
