"""Run a small graph of a cosyvoice3 stage beside its float32 graph, on random tokens.

In one arithmetic on every builder's CPU: int8 weights have 7 bits, so no sum of products
overflows where a CPU lacks VNNI, and the blocks of MatMulNBits overflow nowhere
(tests/kernels/test_cpus.py).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.bundler.quantize.recipe import session_of
from edge.records import from_dict
from edge.synth.cosyvoice3.flow_grid import Grid, make_grid
from edge.synth.cosyvoice3.settings import FlowNumbers

MEL_DB, STATE_DB, NEXT = "mel, dB", "mel of kept state, dB", "next token, KL in nats"
TOKENS = 50
TEXT = 16
DB = 20 / np.log(10)
"""Decibels in one unit of a mel of natural logarithms."""

Array = npt.NDArray[Any]


class Speaking:
    """A language model's graph with the keys and values of what it has seen."""

    def __init__(self, graph: Any, numbers: Mapping[str, Any], room: int) -> None:
        self._graph, self._seen = graph, 0
        shape = (1, numbers["kv_heads"], room, numbers["head"])
        types = {item.name: item.type for item in self._graph.get_inputs()}
        self._names = [name for name in types if name.startswith(("key.", "value."))]
        half = any("16" in types[name] for name in self._names)
        empty = np.zeros(shape, np.float16 if half else np.float32)
        self._held = dict.fromkeys(self._names, empty)

    def go_on(self, x: Array) -> Array:
        """Logits (ids,) float64 after the rows x (1, n, hidden)."""
        self._seen += x.shape[1]
        told = {"last": np.array([self._seen - 1], np.int32)}
        told["room"] = np.array(self._seen, np.int32)
        wanted = ["logits", *(f"next.{name}" for name in self._names)]
        logits, *after = self._graph.run(wanted, {"x": x, **told, **self._held})
        self._held = dict(zip(self._names, after, strict=True))
        scores: Array = logits[0].astype(np.float64)
        return scores


def llm_loss(
    graphs: Mapping[str, Path], path: Path, numbers: Mapping[str, Any]
) -> list[tuple[str, float]]:
    """Both are given the tokens that float32 likes best, one by one."""
    folder = graphs["llm"].parent
    room = TEXT + 2 + TOKENS
    exact, small = (Speaking(session_of(each), numbers, room) for each in (graphs["llm"], path))
    text = np.load(folder / "text_embed.npy", mmap_mode="r")
    speech = np.load(folder / "speech_embed.npy", mmap_mode="r")
    random = np.random.default_rng(0)
    ids = random.integers(0, len(text), TEXT)
    rows = [speech[numbers["sos"]], *text[ids], speech[numbers["task"]]]
    x = np.array(rows, np.float32)[None]
    distances, moved, same = [], [], 0
    for _ in range(TOKENS):
        scores = [exact.go_on(x), small.go_on(x)]
        distances.append(np.linalg.norm(scores[0] - scores[1]) / np.linalg.norm(scores[0]))
        moved.append(divergence(*scores))
        best = [int(score[: numbers["codes"]].argmax()) for score in scores]
        same += best[0] == best[1]
        x = np.array(speech[best[0]], np.float32)[None, None]
    return [
        (NEXT, float(np.mean(moved))),
        ("logits, relative L2", float(np.mean(distances))),
        ("best token differs", 1 - same / TOKENS),
    ]


def divergence(wanted: Array, got: Array) -> float:
    """Kullback and Leibler's, in nats, of the chances that two rows of logits give."""
    one, two = (x - x.max() for x in (wanted, got))
    one, two = (x - np.log(np.exp(x).sum()) for x in (one, two))
    return float((np.exp(one) * (one - two)).sum())


def flow_loss(
    graphs: Mapping[str, Path], path: Path, numbers: Mapping[str, Any]
) -> list[tuple[str, float]]:
    """Return what the mel of a few tokens loses, all frames seeing all, and in chunks of its own
    state."""
    given = flow_given(graphs, numbers, seed=0)
    exact, small = session_of(graphs["flow_step"]), session_of(path)
    frames = given[1].shape[2]
    whole = [mel_of(graph, *given, block=frames, keeps=False) for graph in (exact, small)]
    # As it streams: blocks, in float32 all anew, in the small graph from its own state.
    block = int(numbers["flow"]["block_frames"]) // 2
    blocks = mel_of(exact, *given, block=block, keeps=False)
    chunks = mel_of(small, *given, block=block, keeps=True)
    return [
        (MEL_DB, float(DB * np.abs(whole[1] - whole[0]).mean())),
        ("mel, relative L2", _relative(whole[0], whole[1])),
        (STATE_DB, float(DB * np.abs(chunks - blocks).mean())),
        ("mel of kept state, relative L2", _relative(blocks, chunks)),
    ]


def flow_given(
    graphs: Mapping[str, Path], numbers: Mapping[str, Any], seed: int
) -> tuple[Array, Array, Array, Grid]:
    """Make what mel_of takes, of random tokens: noise and mu (1, mels, T), spks, the time grid."""
    random = np.random.default_rng(seed)
    token = random.integers(0, numbers["codes"], (1, TOKENS))
    xvec = random.standard_normal((1, numbers["flow"]["xvec"])).astype(np.float32)
    front = session_of(graphs["flow_front"])
    mu, spks = front.run(["mu", "spks"], {"token": token, "xvec": xvec})
    noise = np.load(graphs["flow_step"].parent / "noise.npy")[None, :, : mu.shape[2]]
    return noise, mu, spks, make_grid(from_dict(FlowNumbers, numbers["flow"], "config.json"), {})


def _relative(wanted: Array, got: Array) -> float:
    return float(np.linalg.norm(got - wanted) / np.linalg.norm(wanted))


def mel_of(
    graph: Any, noise: Array, mu: Array, spks: Array, grid: Grid, block: int, keeps: bool
) -> Array:
    """The mel (1, mels, T), without a clip, a frame seeing its block and those before it; block
    by block from the kept state where `keeps`, else all at once."""
    frames = mu.shape[2]
    places = np.arange(frames) // block
    mask = (places[:, None] >= places[None])[None, None]
    cuts = [*range(0, frames, block), frames] if keeps else [0, frames]
    states: list[dict[str, Array]] = [{} for _ in grid.rows]
    parts = []
    for begin, end in itertools.pairwise(cuts):
        x = noise[:, :, begin:end]
        inputs = {
            "mu": mu[:, :, begin:end],
            "cond": np.zeros_like(mu[:, :, begin:end]),
            "spks": spks,
            "attn_mask": mask[:, :, begin:end, :end],
            "place": np.array([begin]),
        }
        if keeps:
            inputs["keep"] = np.arange(end - begin)
        for number, state in enumerate(states):
            now = {"x": x, **grid.inputs(number), **inputs, **state}
            x, kept, state["tails"] = graph.run(["next", "kept", "ends"], now)
            state["past"] = np.concatenate([state["past"], kept]) if "past" in state else kept
        parts.append(x)
    return np.concatenate(parts, axis=2)
