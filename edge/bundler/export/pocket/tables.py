"""Write the matrices that numpy multiplies on the board: rows of the text, of latents and
voices."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.bundler.export.pocket.safetensors import Array
from edge.bundler.export.pocket.weights import Weights
from edge.families import CLIP_MODEL
from edge.synth.pocket.language_model import EDGES, FED, TEXT, VOICE, WIDEN

STATISTICS = "latents.npy"
"""Mean and scale of the latents that the language model makes (2, 32); the board needs neither."""


def write_tables(weights: Weights, folder: Path) -> None:
    (folder / CLIP_MODEL).write_text(f"{weights.clip_sha256()}\n", encoding="ascii")
    lm, sizes = weights.lm, weights.sizes
    np.save(folder / TEXT, narrowed(lm("conditioner.embed.weight")))
    if sizes.rank is not None:
        np.save(folder / WIDEN, _transposed(lm("conditioner.proj.weight")))
    fed = _transposed(lm("input_linear.weight"))
    np.save(folder / FED, fed)
    np.save(folder / VOICE, _transposed(lm("speaker_proj_weight")))
    np.save(folder / STATISTICS, np.stack([lm("emb_mean"), lm("emb_std")]))
    edges = [lm("bos_emb")[None] @ fed]
    if sizes.bos:
        edges.append(lm("bos_before_voice")[0])
    np.save(folder / EDGES, np.concatenate(edges))


def narrowed(table: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    """The upper halves of the values, if the lower ones are nothing: so the checkpoint has
    them."""
    bits = table.view(np.uint32)
    return (bits >> 16).astype(np.uint16) if not (bits & 0xFFFF).any() else table


def _transposed(matrix: Array) -> Array:
    return np.ascontiguousarray(matrix.T)
