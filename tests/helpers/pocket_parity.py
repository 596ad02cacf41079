"""Our graphs of Pocket TTS beside what the official package made of the same inputs, stage by
stage and each step given what it should have been given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from edge import records
from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.pocket.layout import read_layout, sizes_of
from edge.bundler.export.pocket.lm import write_lm
from edge.bundler.export.pocket.safetensors import Tensors
from edge.bundler.export.pocket.trial import TriedGraph
from edge.bundler.export.pocket.weights import Weights
from edge.synth.pocket.caches import RowCache, turns
from edge.synth.pocket.codec import SoundStream, encode
from edge.synth.pocket.settings import Settings
from edge.synth.pocket.tokenizer import PIECES, Tokenizer, Vocabulary

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Made:
    """A checkpoint's `files` by role, what was exported of it into `graphs`, and the official
    package's inputs and outputs."""

    files: dict[str, Path]
    graphs: Path
    reference: dict[str, Array]
    log: ExportLog


def distances(made: Made, watched: tuple[int, int] | None = None) -> dict[str, float]:
    """Return the relative L2 of each stage; that of the text's ids is 0 or infinite. `watched`:
    the head (layer, head) whose attention the reference has."""
    reference = made.reference
    settings = records.load_json(made.graphs / "config.json", Settings)
    vocabulary = records.load_json(made.graphs / PIECES, Vocabulary)
    text = Tokenizer(vocabulary).decode(reference["ids"].tolist())
    same = Tokenizer(vocabulary).encode(text) == reference["ids"].tolist()
    found = {"text ids": 0.0 if same else float("inf")}
    found |= _lm(made, settings, watched)
    sound = SoundStream(TriedGraph(made.graphs / "codec.onnx"), settings)
    frames = np.concatenate([sound.push(part) for part in np.array_split(reference["fed"], 5)])
    fade = settings.rate // 200
    found["sound"] = relative_l2(reference["made_audio"][fade:], frames[fade:])
    encoder = TriedGraph(made.graphs / "encoder.onnx")
    latents = encode(encoder, settings, reference["sound"])
    found["clip"] = relative_l2(reference["made_encoded"], latents)
    return found


def _lm(made: Made, settings: Settings, watched: tuple[int, int] | None) -> dict[str, float]:
    """Speak as the board does: the voice in one run, the text and the beginning in one, steps."""
    reference = made.reference
    path = made.graphs / "lm.onnx"
    if watched is not None:
        sizes = sizes_of(read_layout(made.files["config"]), "config.yaml")
        path = made.graphs / "watched.onnx"
        weights = Weights(Tensors(made.files["model"]), sizes)
        onnx.save(write_lm(weights, (watched,)), str(path))
    lm = TriedGraph(path)
    tables = {p.stem: np.load(p) for p in made.graphs.glob("*.npy")}
    text = tables["text"]
    if text.dtype == np.uint16:
        text = (text.astype(np.uint32) << 16).view(np.float32)
    words = text[reference["ids"]] @ tables.get("text_widen", np.eye(text.shape[1], dtype="f4"))
    voice = np.concatenate([tables["edges"][1:], reference["voice"] @ tables["voice_rows"]])
    steps = [np.concatenate([words, tables["edges"][:1]])]
    steps += list((reference["fed"] @ tables["fed"])[:-1, None])
    cache = RowCache.like(lm, len(voice) + len(words) + len(steps))
    held = lm.hold(cache.arrays, {})
    shapes: dict[str, tuple[int, ...]] = {"latent": (1, 32), "eos": (1, 1)}
    heads = 1 if watched is not None else len(settings.watched)
    if heads:
        shapes["watched"] = (1, heads * settings.head)
    held.run(
        {"x": voice[None], "noise": np.zeros((1, 32), "f4"), **cache.places(len(voice))}, shapes
    )
    latents, ends, shares = [], [], []
    for rows, noise in zip(steps, reference["noise"], strict=True):
        inputs = {"x": rows[None], "noise": noise[None], **cache.places(len(rows))}
        made_ = held.run(inputs, shapes)
        latents.append(made_["latent"][0].copy())
        ends.append(float(made_["eos"][0, 0]))
        if watched is not None:
            shares.append(
                _share(cache, made_["watched"], settings, watched, len(voice), len(words))
            )
    found = {
        "latents": relative_l2(reference["made_latents"], np.stack(latents)),
        "end": relative_l2(reference["made_eos"], np.array(ends)),
    }
    if watched is not None:
        found["attention"] = relative_l2(reference["made_shares"], np.stack(shares))
    return found


def _share(
    cache: RowCache,
    queries: Array,
    settings: Settings,
    head: tuple[int, int],
    start: int,
    rows: int,
) -> Array:
    kv_head = head[1] // (settings.heads // settings.kv_heads)
    keys = cache.arrays[f"keys_{head[0]}"][0, kv_head, start : start + rows]
    turned = queries.view(np.complex64) * turns(settings.head, cache.rows - 1)
    scores = keys.astype(np.float64) @ turned.view(np.float32)[0] * settings.head**-0.5
    powers = np.exp(scores - scores.max())
    found: Array = powers / powers.sum()
    return found


def relative_l2(wanted: Array, got: Array) -> float:
    if wanted.shape != got.shape:
        return float("inf")
    wide = wanted.astype(np.float64)
    return float(np.linalg.norm(wide - got) / np.linalg.norm(wide))
