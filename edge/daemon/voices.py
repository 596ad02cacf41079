"""The voices that this daemon speaks with: opened bundles, their models loaded on first use."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from edge import synth
from edge.bundle import Bundle, file_sha256
from edge.errors import NoBundle, UnknownVoice
from edge.synth import Synthesizer
from edge.synth.voice_print import Label, all_labels, find_print, fitting

log = logging.getLogger(__name__)


class Voices:
    """`bundles`: the first one is the default voice. Loading is the synthesis thread's work."""

    def __init__(self, bundles: Sequence[Bundle]) -> None:
        if not bundles:
            raise NoBundle("no bundle to speak with", "Build one: edge build")
        self._bundles = {bundle.voice.name: bundle for bundle in reversed(bundles)}
        self.default = bundles[0].voice.name
        self._variants: dict[str, str] = {}
        self._loaded: dict[str, Synthesizer] = {}

    @property
    def bundles(self) -> list[Bundle]:
        """The default voice's first."""
        return [self._bundles[name] for name in reversed(self._bundles)]

    def choose(self, name: str | None, language: str | None) -> str:
        """By name, else by language (en_US, or just en), else the default. A cloned voice's name
        chooses the bundle that speaks with it. Raises UnknownVoice, BadVoicePrint."""
        if name is not None:
            if name in self._bundles:
                return name
            if (path := find_print(name)) is not None:
                return fitting(path, self.bundles).voice.name
            raise self._unknown(f"no voice {name!r} here")
        if language is None:
            return self.default
        wanted = language.replace("-", "_").lower()
        for bundle in self.bundles:
            spoken = bundle.manifest.language.lower()
            if spoken == wanted or spoken.split("_")[0] == wanted:
                return bundle.voice.name
        raise self._unknown(f"no voice speaks {language!r} here")

    def speaker(self, name: str | None, speaker: str | None) -> str | None:
        """Of a request for the voice `name`: the cloned voice of that name is the speaker."""
        if name is None or name in self._bundles or find_print(name) is None:
            return speaker
        return name

    def cloned(self) -> list[Label]:
        """The cloned voices that these bundles speak with."""
        here = {bundle.id for bundle in self._bundles.values()}
        return [
            label
            for label in all_labels()
            if label.bundle in here and label.name not in self._bundles
        ]

    def identity(self, name: str, speaker: str | None) -> str:
        """Changes whenever the sound of this voice and speaker may."""
        path = None if speaker is None else find_print(speaker)
        return self._bundles[name].id + ("" if path is None else file_sha256(path))

    def bundle(self, name: str) -> Bundle:
        return self._bundles[name]

    def variant(self, name: str) -> str:
        """The one that synthesizer() loads, chosen once. Raises NoBundle."""
        if name not in self._variants:
            self._variants[name] = synth.choose(self._bundles[name]).name
        return self._variants[name]

    def synthesizer(self, name: str) -> Synthesizer:
        """Loads the model if need be. Raises ModelFailed, MissingPackage, ProviderMissing."""
        if name not in self._loaded:
            variant = self.variant(name)
            self._loaded[name] = synth.load(self._bundles[name], variant)
            log.info("voice %s, variant %s on %s", name, variant, self._loaded[name].provider)
        return self._loaded[name]

    def provider(self, name: str) -> str:
        """The provider really in use and the variant, or "not loaded"."""
        loaded = self._loaded.get(name)
        return "not loaded" if loaded is None else f"{loaded.provider}, {self.variant(name)}"

    def _unknown(self, message: str) -> UnknownVoice:
        here = [(b.voice.name, b.manifest.language) for b in self.bundles]
        here += [(label.name, f"cloned, {label.language}") for label in self.cloned()]
        names = ", ".join(f"{name} ({language})" for name, language in here)
        return UnknownVoice(message, f"Choose one of: {names}; or build it: edge build VOICE")
