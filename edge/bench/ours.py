"""A bundle's variant as an engine to be measured: loaded and driven as the daemon does, from the
text as it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge import synth
from edge.bench.engine import Hear
from edge.bundle import open_bundle
from edge.config import TextKeys
from edge.synth.text_reader import make_reader
from edge.text.cleaning import Piece
from edge.text.lexicon import Lexicon


class Ours:
    def __init__(self, path: Path, variant: str, threads: int) -> None:
        bundle = open_bundle(path, None)
        runtime = replace(bundle.profile.runtime, threads=threads)
        profile = replace(bundle.profile, runtime=runtime)
        self._synthesizer = synth.load(replace(bundle, profile=profile), variant)
        self._reader = make_reader(bundle, TextKeys(), Lexicon())
        self._style = synth.trial_style(bundle)
        self.rate = self._synthesizer.rate
        self.settings = f"as in the profile {profile.name}; provider {self._synthesizer.provider}"

    def speak(self, text: str, hear: Hear) -> None:
        read = self._reader.read(Piece(text)).text
        for segment in self._synthesizer.plan(read, self._style):
            for chunk in self._synthesizer.speak(segment):
                hear(len(chunk.samples))


def make(spec: Mapping[str, Any]) -> Ours:
    return Ours(Path(spec["bundle"]), spec["variant"], spec["threads"])
