"""The voices that this daemon speaks with: opened bundles, their models loaded on first use."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from edge import synth
from edge.bundle import Bundle
from edge.errors import NoBundle, UnknownVoice
from edge.synth import Synthesizer

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
        """By name, else by language (en_US, or just en), else the default. Raises UnknownVoice."""
        if name is not None:
            if name in self._bundles:
                return name
            raise self._unknown(f"no voice {name!r} here")
        if language is None:
            return self.default
        wanted = language.replace("-", "_").lower()
        for bundle in self.bundles:
            spoken = bundle.manifest.language.lower()
            if spoken == wanted or spoken.split("_")[0] == wanted:
                return bundle.voice.name
        raise self._unknown(f"no voice speaks {language!r} here")

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

    def provider(self, name: str) -> str | None:
        """The execution provider really in use; None if the model is not loaded."""
        loaded = self._loaded.get(name)
        return None if loaded is None else loaded.provider

    def _unknown(self, message: str) -> UnknownVoice:
        names = ", ".join(f"{b.voice.name} ({b.manifest.language})" for b in self.bundles)
        return UnknownVoice(message, f"Choose one of: {names}; or build it: edge build VOICE")
