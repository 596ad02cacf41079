"""Learn to foresee the generator's norms of each speaker, from sentences that a variant speaks.

A line (ridge regression) from what the front end knows of a sentence to the means and deviations
that its norms had, kept as the few directions in which they move together. What was learnt is
held against whole sentences on other text, and a speaker of whom it is not near enough is spoken
in whole sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge import records, synth
from edge.bundle import Bundle
from edge.bundler import corpus
from edge.bundler.export.record import Learnt
from edge.bundler.metrics import log_mel_distance_db
from edge.errors import ExportFailed
from edge.pcm import Samples
from edge.synth import Segment, Style
from edge.synth.kokoro.norms import NORMS, RANK, Array, Foresight, features_of
from edge.synth.kokoro.synthesizer import KokoroSynthesizer
from edge.synth.schedule import Plan

LIMIT_DB = 1.8
"""Log-mel distance of runs from whole sentences, the mean over sentences, up to which a speaker is
spoken in runs. It is of what is heard: with the model's own silence around each sentence, 1.5 are
1.0. Another seed of the source's noise is 0.4 of those away."""
HELD_OUT = 6
"""Evaluation sentences that a speaker is held against."""
_OPENINGS = 15
"""Openings of sentences that are learnt of beside the sentences."""
_RIDGE = 100.0
"""Weight of the line's own size; 30 to 300 foresee alike."""


def learn(bundle: Bundle, variant: str, folder: Path, told: Callable[[int, int], None]) -> None:
    """Write norms.npz and learnt.json of the bundle's speakers. Raises ModelFailed."""
    voice = synth.load(bundle, variant)
    if not isinstance(voice, KokoroSynthesizer) or not voice.generator.streams:
        raise ExportFailed(f"{variant} takes no norms", "Plan a recipe with fused operators.")
    language = corpus.covered(bundle.manifest.language)
    every = corpus.sentences("calibration", language)
    texts = [*every, *openings(every)]
    others = sorted(corpus.sentences("evaluation", language), key=len)
    others = others[:: max(1, len(others) // HELD_OUT)][:HELD_OUT]
    names = synth.speakers(bundle)
    learnt, found = list[Learnt](), list[Foresight]()
    for number, name in enumerate(names):
        told(number, len(names))
        one = fit(number, *_observed(voice, texts, name))
        away = float(np.mean(list(_distances(voice, others, name, number, one))))
        learnt.append(Learnt(name, round(away, 3), away <= LIMIT_DB))
        if away <= LIMIT_DB:
            found.append(one)
    if found:
        arrays: dict[str, Any] = {
            field: np.concatenate([getattr(one, field) for one in found])
            for field in Foresight.__dataclass_fields__
        }
        np.savez(folder / NORMS, **arrays)
    (folder / "learnt.json").write_text(records.dump_json(learnt), encoding="utf-8")


def fit(speaker: int, features: Array, norms: Array) -> Foresight:
    """Learn of sentences' features (n, F) and the means and deviations (n, 2, C) of their
    norms."""
    means, deviations = norms[:, 0].astype(np.float64), np.log(norms[:, 1].astype(np.float64))
    usual = np.concatenate([means.mean(0), deviations.mean(0)])
    spread = np.exp(deviations.mean(0))
    moved = np.concatenate([means, deviations], axis=1) - usual
    moved[:, : len(spread)] /= spread
    centre = features.mean(0, dtype=np.float64)
    width = features.std(0, dtype=np.float64) + 1e-6
    known = (features - centre) / width
    products = known @ known.T
    weights = np.linalg.solve(products + _RIDGE * np.eye(len(known)), moved)
    *_, directions = np.linalg.svd(products @ weights, full_matrices=False)
    shapes = directions[:RANK]
    sizes = np.abs(shapes).max(axis=1) / 127
    slopes = known.T @ (weights @ shapes.T) / width[:, None] * sizes
    return Foresight(
        np.array([speaker], np.int64),
        centre.astype(np.float32)[None],
        slopes.astype(np.float32)[None],
        np.rint(shapes / sizes[:, None]).astype(np.int8)[None],
        usual.astype(np.float16)[None],
    )


def _segments(voice: KokoroSynthesizer, texts: Sequence[str], name: str) -> Iterator[Segment]:
    for text in texts:
        yield from voice.plan(text, Style(speaker=name))


def _observed(
    voice: KokoroSynthesizer, texts: Sequence[str], name: str
) -> tuple[Array, npt.NDArray[np.float32]]:
    features, taken = list[Array](), list[Array]()
    for segment in _segments(voice, texts, name):
        framed = voice.frame(segment)
        features.append(features_of(framed.x, framed.f0, framed.energy))
        norms = voice.whole(segment, framed)[1]
        assert norms is not None
        taken.append(norms)
    return np.stack(features), np.stack(taken)


def openings(texts: Sequence[str]) -> list[str]:
    """Cut some of the sentences off behind their first words: a line through long sentences alone
    does not hold for short ones."""
    made = []
    for number, text in enumerate(texts[:: max(1, len(texts) // _OPENINGS)]):
        words = text.split()
        begin = " ".join(words[: 1 + number % 4]) if len(words) > 4 else text[:6]
        made.append(begin.rstrip(",;:.!?、，。") + text[-1])
    return made


def _distances(
    voice: KokoroSynthesizer, texts: Sequence[str], name: str, number: int, learnt: Foresight
) -> Iterator[float]:
    """Compare each sentence in one run, with the norms that were foreseen, with itself as a
    whole."""
    for segment in _segments(voice, texts, name):
        framed = voice.frame(segment)
        features = features_of(framed.x, framed.f0, framed.energy)
        norms = learnt.norms(number, features)
        assert norms is not None
        whole: Samples = voice.whole(segment, framed)[0]
        plan = Plan((voice.places(framed),), 1)
        run = [chunk.samples for chunk in voice.in_runs(segment, framed, norms, plan)]
        yield log_mel_distance_db(whole, np.concatenate(run), voice.rate)
