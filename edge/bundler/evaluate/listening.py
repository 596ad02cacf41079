"""Speech for people to compare: the same sentences by each variant, equally loud.

Louder sounds better to everybody, so a difference of level would be all that a test finds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edge import synth
from edge.bundle import Bundle
from edge.bundler import corpus
from edge.errors import NoBundle, UnknownVoice
from edge.pcm import PcmChunk, Samples
from edge.synth import Style
from edge.synth.loudness import FLOOR_LUFS, PEAK_DB, TARGET_LUFS, loudness_lufs

LENGTH = 60
"""Characters of a sentence: four seconds, long enough to hear and short enough to remember."""


@dataclass(frozen=True)
class Contender:
    """A variant of a bundle that takes part."""

    name: str
    """How the results call it; no other has it."""
    bundle: Bundle
    variant: str


@dataclass(frozen=True)
class SpokenSentence:
    """A sentence as each contender speaks it, in their order."""

    text: str
    sounds: tuple[PcmChunk, ...]


def contenders(bundles: Sequence[Bundle], variants: Sequence[str]) -> list[Contender]:
    """Choose who takes part: of one bundle all its variants, of several the one that each would
    speak with here; or those that are named. Raises NoBundle, UnknownVoice."""
    chosen: list[tuple[Bundle, str]] = []
    for bundle in bundles:
        mine = [variant.name for variant in bundle.manifest.variants]
        if variants:
            chosen += [(bundle, name) for name in mine if name in variants]
        elif len(bundles) == 1:
            chosen += [(bundle, name) for name in mine]
        else:
            chosen.append((bundle, synth.choose(bundle).name))
    known = {name for _, name in chosen}
    if missing := [name for name in variants if name not in known]:
        raise NoBundle(f"no bundle has the variant {missing[0]}", "edge inspect lists them.")
    if len(chosen) < 2:
        raise NoBundle(
            f"{len(chosen)} variant takes part, and a comparison wants two",
            "Name another bundle, or make one with more variants: edge build VOICE --every",
        )
    languages = sorted({bundle.manifest.language for bundle, _ in chosen})
    if len({language.split("_")[0] for language in languages}) > 1:
        raise UnknownVoice(
            f"the bundles speak {', '.join(languages)}; they must say the same sentences",
            "Compare voices of one language.",
        )
    names = [f"{bundle.voice.name}, {variant}" for bundle, variant in chosen]
    if len(set(names)) < len(names):
        names = [f"{bundle.path}, {variant}" for bundle, variant in chosen]
    if twice := [name for name in names if names.count(name) > 1]:
        raise NoBundle(f"{twice[0]} takes part twice", "Name each bundle once.")
    return [Contender(name, *one) for name, one in zip(names, chosen, strict=True)]


def usual_sentences(language: str, count: int) -> tuple[str, ...]:
    """Choose sentences that no build was calibrated with, those nearest to LENGTH, in the order of
    the corpus. Raises UnknownVoice if the language has none."""
    known = corpus.languages("evaluation")
    if language.split("_")[0] not in known:
        raise UnknownVoice(
            f"we have no sentences of the language {language}; there are {', '.join(known)}",
            "Give some, one a line: edge listen --texts FILE",
        )
    every = corpus.sentences("evaluation", language)
    chosen = sorted(every, key=lambda text: abs(len(text) - LENGTH))[:count]
    return tuple(text for text in every if text in chosen)


def speak(
    who: Sequence[Contender], texts: Sequence[str], told: Callable[[str], None]
) -> list[SpokenSentence]:
    """Have everybody say every sentence. Raises what their models raise."""
    spoken: list[list[PcmChunk]] = []
    for contender in who:
        told(f"{contender.name} speaks {len(texts)} sentences")
        voice = synth.load(contender.bundle, contender.variant)
        mine = []
        for text in texts:
            parts: list[Samples] = [np.zeros(0, np.float32)]
            for segment in voice.plan(text, Style()):
                parts += [chunk.samples for chunk in voice.speak(segment)]
            mine.append(PcmChunk(np.concatenate(parts), voice.rate))
        spoken.append(mine)
    return [
        SpokenSentence(text, equally_loud(sounds))
        for text, sounds in zip(texts, zip(*spoken, strict=True), strict=True)
    ]


def equally_loud(sounds: Sequence[PcmChunk]) -> tuple[PcmChunk, ...]:
    """Bring sounds to one loudness: TARGET_LUFS, or less where the peaks of one forbid it."""
    loudness = [loudness_lufs(sound) for sound in sounds]
    peaks = [20 * float(np.log10(np.abs(s.samples).max(initial=1e-6))) for s in sounds]
    together = zip(loudness, peaks, strict=True)
    target = min([TARGET_LUFS, *(lufs + PEAK_DB - peak for lufs, peak in together)])
    return tuple(
        PcmChunk(sound.samples * np.float32(10 ** ((target - lufs) / 20)), sound.rate)
        if lufs > FLOOR_LUFS
        else sound
        for sound, lufs in zip(sounds, loudness, strict=True)
    )
