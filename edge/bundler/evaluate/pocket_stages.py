"""Measure what quantizing costs the stages of Pocket TTS, each given what float32 was given.

The voice is a made-up clip: a buzz with formants that comes and goes, with pauses between. Int8
activations in such a codec hiss in pauses, which no mean over a sentence tells, so their level is
a measure of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge import records
from edge.bundler.export.pocket.layout import LATENT
from edge.bundler.export.pocket.made_up_clip import clip, latents_of
from edge.bundler.export.pocket.trial import TriedGraph
from edge.bundler.metrics import log_mel_distance_db
from edge.pcm import Samples
from edge.synth.pocket.caches import RowCache
from edge.synth.pocket.codec import SoundStream, encode
from edge.synth.pocket.language_model import EDGES, FED, TEXT, VOICE, WIDEN, as_floats
from edge.synth.pocket.settings import Settings
from edge.synth.session import Array

SOUND_DB, PAUSE_DB = "sound, dB", "level in pauses, dB"
FRAMES, TOKENS = 48, 30
QUIET = 0.15
"""Share of the frames, the quietest, that count as pauses."""
FLOOR_DB = -96.0
"""Below the least of 16 bits nothing is heard."""


@dataclass(frozen=True)
class _Model:
    """The folder of the float graphs, and the clip's latents."""

    folder: Path
    graphs: Mapping[str, Path]
    settings: Settings
    voice: Array


def measure_lm(
    graphs: Mapping[str, Path], path: Path, numbers: Mapping[str, Any]
) -> list[tuple[str, float]]:
    """Both are fed what float32 made, frame by frame, with the same noise."""
    model = _read(graphs)
    wanted, ends = _latents(model, graphs["lm"], None)
    got, theirs = _latents(model, path, wanted)
    sounds = [_sound(graphs["codec"], model.settings, latents) for latents in (wanted, got)]
    return [
        *_heard(sounds[0], sounds[1], model.settings),
        ("latents, relative L2", _relative(wanted, got)),
        ("end, logits", float(np.abs(ends - theirs).mean())),
    ]


def measure_codec(
    graphs: Mapping[str, Path], path: Path, numbers: Mapping[str, Any]
) -> list[tuple[str, float]]:
    """The clip's own latents, which are what the decoder was trained on, and those that the float
    language model goes on with, as both decode them."""
    model = _read(graphs)
    latents, _ = _latents(model, graphs["lm"], None)
    if model.settings.inner == LATENT:
        latents = np.concatenate([latents_of(model.folder), latents])
    sounds = [_sound(each, model.settings, latents) for each in (graphs["codec"], path)]
    return [
        *_heard(sounds[0], sounds[1], model.settings),
        ("sound, relative L2", _relative(sounds[0], sounds[1])),
    ]


def _read(graphs: Mapping[str, Path]) -> _Model:
    folder = graphs["lm"].parent
    settings = records.load_json(folder / "config.json", Settings)
    voice = encode(TriedGraph(graphs["encoder"]), settings, clip(settings.rate))
    return _Model(folder, graphs, settings, voice)


def _latents(model: _Model, path: Path, fed: Array | None) -> tuple[Array, Array]:
    """Latents (FRAMES, 32) and logits of the end, each step given `fed`, or what it made
    itself."""
    folder, settings = model.folder, model.settings
    random = np.random.default_rng(0)
    text = as_floats(np.load(folder / TEXT)[random.integers(4, 200, TOKENS)])
    if (folder / WIDEN).exists():
        text = text @ np.load(folder / WIDEN)
    edges, way = np.load(folder / EDGES), np.load(folder / FED)
    voice = model.voice @ np.load(folder / VOICE)
    rows = np.concatenate([edges[1:], voice, text, edges[:1]])
    noise = random.standard_normal((FRAMES, 1, LATENT)) * np.sqrt(settings.temperature)
    lm = TriedGraph(path)
    cache = RowCache.like(lm, len(rows) + FRAMES)
    held = lm.hold(cache.arrays, {})
    latents, ends = [], []
    for number, drawn in enumerate(noise.astype(np.float32)):
        inputs = {"x": rows[None], "noise": drawn, **cache.places(len(rows))}
        made = held.run(inputs, settings.outputs)
        latents.append(made["latent"].copy())
        ends.append(float(made["eos"][0, 0]))
        rows = (latents[-1] if fed is None else fed[number : number + 1]) @ way
    return np.concatenate(latents), np.array(ends)


def _sound(codec: Path, settings: Settings, latents: Array) -> Samples:
    stream = SoundStream(TriedGraph(codec), settings)
    return np.concatenate([stream.push(latents[i : i + 4]) for i in range(0, len(latents), 4)])


def _heard(wanted: Samples, got: Samples, settings: Settings) -> list[tuple[str, float]]:
    levels, theirs = (_levels(sound, settings.frame // 4) for sound in (wanted, got))
    quiet = levels <= np.quantile(levels, QUIET)
    return [
        (SOUND_DB, log_mel_distance_db(wanted, got, settings.rate)),
        (PAUSE_DB, float((theirs[quiet] - levels[quiet]).max())),
    ]


def _levels(sound: Samples, frame: int) -> Array:
    frames = sound[: len(sound) // frame * frame].reshape(-1, frame).astype(np.float64)
    levels: Array = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    return np.maximum(levels, FLOOR_DB)


def _relative(wanted: Array, got: Array) -> float:
    return float(np.linalg.norm(got - wanted) / np.linalg.norm(wanted))
