"""Open Voice OS speaks through an Edge Voice daemon; docs/use/integrations.md tells how.

A thin client of the daemon's socket: it loads no model. Open Voice OS plays the sound itself.
"""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

from ovos_plugin_manager.templates.tts import TTS
from ovos_utils import classproperty

from edge.client import Client
from edge.errors import EmptyText
from edge.pcm import to_int16
from edge.protocol import Synthesize, VoiceChoice

SSML_TAGS = ["speak", "break", "p", "s", "sub", "say-as", "prosody", "emphasis", "mark"]
"""Tags of SSML that reach the daemon; Open Voice OS takes the others away."""


class EdgeVoice(TTS):
    """Its keys in the configuration: `socket`, `voice`, `speaker` and `speed`. All may be left
    out; without a voice, one of the language that is asked for speaks."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings, audio_ext="wav", ssml_tags=SSML_TAGS)

    def get_tts(
        self, sentence: str, wav_file: str, lang: str | None = None, voice: str | None = None
    ) -> tuple[str, None]:
        """Write the sentence to a WAV file. Raises the daemon's errors, upon which Open Voice OS
        speaks with its fallback."""
        name = voice or self.config.get("voice")
        choice = VoiceChoice(
            name=name, language=None if name else lang, speaker=self.config.get("speaker")
        )
        ssml = sentence.lstrip().startswith("<speak")
        request = Synthesize(
            sentence,
            choice,
            text_format="ssml-lenient" if ssml else "plain",
            speed=float(self.config.get("speed", 1.0)),
        )
        with Client(self._socket()) as client:
            chunks = list(client.synthesize(request))
        if not chunks:
            raise EmptyText("the sentence has no sound in this voice", "Give words.")
        with wave.open(wav_file, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(chunks[0].rate)
            for chunk in chunks:
                file.writeframes(to_int16(chunk.samples).tobytes())
        return wav_file, None

    def _socket(self) -> Path | None:
        given = self.config.get("socket")
        return Path(given) if given else None

    @classproperty
    def available_languages(cls) -> set[str]:
        """List the languages of the daemon at the usual socket. Raises NoDaemon."""
        with Client() as client:
            info = client.describe()
        found = (spoken for p in info.tts for v in p.voices for spoken in v.languages)
        return {language.replace("_", "-") for language in found}
