"""Each written graph beside its module, on the same random inputs of several lengths."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from torch import Tensor

from edge.bundler.export.cosyvoice3.assets import STEPS, flow_numbers, step_times
from edge.bundler.export.cosyvoice3.checkpoint import refuse
from edge.bundler.export.cosyvoice3.graphs import Stage, no_state
from edge.bundler.export.cosyvoice3.model import Model
from edge.bundler.export.export_log import Parity
from edge.synth.cosyvoice3.flow_grid import make_grid

LIMIT = 1e-6
"""Relative L2. A largest difference below it cannot be had in float32: a logit is a sum of
thousands of terms, and torch is no nearer to the truth than onnxruntime."""
GREEDY_TOKENS = 40
CHUNK_BLOCK = 16
CHUNKS = (0, 16, 64, 71)
"""Where chunks of whole blocks begin and end; the last one is cut short, as a sentence is."""

Array = npt.NDArray[Any]


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    except Exception as error:
        raise refuse(f"{path.name}: onnxruntime: {str(error).splitlines()[0]}") from None


def prove(stage: Stage, path: Path, model: Model) -> list[Parity]:
    """Rows for every length of `stage`; greedy tokens for the language model, and for the vocoder
    the sound of a mel that the modules made. Raises ExportFailed if the graph does not run."""
    graph = session(path)
    rows = []
    with torch.no_grad():
        for sizes in stage.lengths:
            torch.manual_seed(sum(sizes.values()))
            inputs = stage.inputs(**sizes)
            named = ", ".join(f"{key} {value}" for key, value in sizes.items())
            rows.append(_compare(f"{stage.name}, {named}", stage, graph, inputs))
        if stage.name == "llm":
            rows.append(_greedy(graph, model))
        if stage.name == "flow_step":
            # As released, and as an option of a variant: both from one graph.
            rows += [_in_chunks(graph, model, steps) for steps in (STEPS, STEPS // 2)]
        if stage.name == "vocoder":
            rows.append(_compare("vocoder, reference mel", stage, graph, _reference(model)))
    return rows


def failures(rows: list[Parity]) -> list[str]:
    """Tell in words what is beyond the limit."""
    return [
        f"{row.stage}: relative L2 {row.relative_l2:.1e}, the limit is {LIMIT:.0e}"
        for row in rows
        if not row.relative_l2 <= LIMIT  # NaN is beyond it too
    ]


def _compare(name: str, stage: Stage, graph: Any, inputs: Mapping[str, Tensor]) -> Parity:
    wanted = list(stage.exact(inputs))
    got = _run(graph, name, {key: value.numpy() for key, value in inputs.items()})
    if stage.name == "llm":  # its keys and values are one state
        wanted = [wanted[0], torch.cat([value.flatten() for value in wanted[1:]])]
        got = [got[0], np.concatenate([value.reshape(-1) for value in got[1:]])]
    if "next" in stage.outputs:  # of a step, how far it goes: most of its end is where it began
        wanted[0], got[0] = wanted[0] - inputs["x"], got[0] - inputs["x"].numpy()
    distance = [relative_l2(w.numpy(), g) for w, g in zip(wanted, got, strict=True)]
    largest = [
        float(np.abs(w.numpy() - g).max(initial=0)) for w, g in zip(wanted, got, strict=True)
    ]
    return Parity(name, max(distance), max(largest))


def _run(graph: Any, name: str, inputs: dict[str, Array]) -> list[Array]:
    try:
        found: list[Array] = graph.run(None, inputs)
    except Exception as error:
        raise refuse(f"{name}: onnxruntime: {str(error).splitlines()[0][:200]}") from None
    return found


def relative_l2(wanted: Array, got: Array) -> float:
    if wanted.shape != got.shape:
        return float("inf")
    size = float(np.linalg.norm(wanted.astype(np.float64)))
    difference = float(np.linalg.norm(wanted.astype(np.float64) - got.astype(np.float64)))
    return difference / size if size else difference


def _greedy(graph: Any, model: Model) -> Parity:
    """The part of the tokens that differ, and how many, when each side goes its own way."""
    d, speech = model.dimensions.llm, model.tables.speech_embedding.weight
    torch.manual_seed(0)
    ids = torch.randint(0, d.text_rows, (1, 12))
    prompt = model.tables.embed_tokens(ids)
    past = torch.zeros(2 * d.layers, 1, d.kv_heads, 0, d.head)
    x, ours = prompt, list[int]()
    for _ in range(GREEDY_TOKENS):
        logits, past = model.llm(x, past)
        ours.append(int(logits.argmax()))
        x = speech[ours[-1]].view(1, 1, -1)
    room = prompt.shape[1] + GREEDY_TOKENS
    shape, layers = (1, d.kv_heads, room, d.head), range(d.layers)
    names = [f"{part}.{i}" for i in layers for part in ("key", "value")]
    held = {name: np.zeros(shape, np.float32) for name in names}
    rows, seen = prompt.numpy(), 0
    theirs: list[int] = []
    for _ in range(GREEDY_TOKENS):
        seen += rows.shape[1]
        given = {"last": np.array([seen - 1], np.int32), "room": np.array(seen, np.int32)}
        scores, *after = _run(graph, "llm", {"x": rows, **given, **held})
        held = dict(zip(names, after, strict=True))
        theirs.append(int(scores.argmax()))
        rows = speech[theirs[-1]].view(1, 1, -1).numpy()
    differ = sum(a != b for a, b in zip(ours, theirs, strict=True))
    return Parity(f"llm, {GREEDY_TOKENS} greedy tokens", differ / GREEDY_TOKENS, float(differ))


def _in_chunks(graph: Any, model: Model, steps: int) -> Parity:
    """A mel made chunk by chunk from kept state, beside the module's in one run over blocks."""
    flow = model.dimensions.flow
    torch.manual_seed(2)
    frames = CHUNKS[-1]
    noise, mu, cond = torch.randn(3, 1, flow.mels, frames).unbind()
    spks, blocks = torch.randn(1, flow.mels), torch.arange(frames) // CHUNK_BLOCK
    mask = (blocks[:, None] >= blocks[None])[None, None]
    whole = noise
    for now, then in itertools.pairwise(torch.from_numpy(step_times(steps))):
        whole = whole + (then - now) * _velocity(model, whole, mu, cond, now, spks, mask)
    empty = no_state(flow)
    grid = make_grid(flow_numbers(flow), {"steps": steps})
    states = [(empty["past"], empty["tails"])] * steps
    parts = []
    for begin, end in itertools.pairwise(CHUNKS):
        x = noise[:, :, begin:end].numpy()
        given = {
            "mu": mu[:, :, begin:end].numpy(),
            "cond": cond[:, :, begin:end].numpy(),
            "spks": spks.numpy(),
            "attn_mask": mask[:, :, begin:end, :end].numpy(),
            "keep": np.arange(end - begin),
        }
        for i in range(steps):
            past, tails = states[i]
            now = {**grid.inputs(i), "place": np.array([begin])}
            state = {"past": past, "tails": tails}
            x, kept, tails = _run(graph, "flow_step", given | state | now | {"x": x})
            states[i] = np.concatenate([past, kept]), tails
        parts.append(x)
    got = np.concatenate(parts, axis=2)
    largest = float(np.abs(whole.numpy() - got).max())
    name = f"flow_step, {len(parts)} chunks of kept state, {steps} steps"
    return Parity(name, relative_l2(whole.numpy(), got), largest)


def _velocity(
    model: Model, x: Tensor, mu: Tensor, cond: Tensor, t: Tensor, spks: Tensor, mask: Tensor
) -> Tensor:
    """Run all frames at once."""
    empty = [torch.from_numpy(array) for array in no_state(model.dimensions.flow).values()]
    v: Tensor = model.step(x, mu, cond, t.view(1), spks, mask, *empty)[0]
    return v


def _reference(model: Model) -> dict[str, Tensor]:
    """A mel as the flow makes it of random tokens, and a source of its own pitch."""
    d = model.dimensions
    torch.manual_seed(1)
    token = torch.randint(0, d.flow.codes, (1, 20))
    mu, spks = model.front(token, torch.randn(1, d.flow.xvec))
    frames = mu.shape[2]
    mel, cond = torch.randn_like(mu), torch.zeros_like(mu)
    mask = torch.ones(1, 1, frames, frames, dtype=torch.bool)
    for now, then in itertools.pairwise(torch.from_numpy(step_times(STEPS))):
        mel = mel + (then - now) * _velocity(model, mel, mu, cond, now, spks, mask)
    phase = torch.cumsum(model.f0(mel) / d.vocoder.rate, dim=1) * d.vocoder.frame
    harmonics = torch.arange(1, d.vocoder.harmonics + 2)[:, None]
    waves = d.vocoder.sine * torch.sin(2 * torch.pi * phase * harmonics)
    linear = model.source.l_linear
    line = torch.tanh(linear(waves.T.float())).T
    mask = torch.ones(1, 1, d.vocoder.frame // d.vocoder.hop * frames)
    source = line.repeat_interleave(d.vocoder.frame, dim=1)[None]
    return {"mel": mel, "source": source, "mask": mask}
