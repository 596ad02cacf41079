"""A family with the seams of Pocket TTS (Kyutai, 100 M, for a Pi 5), tiny and random: a language
model with state, one step per 80 ms frame; a flow net from its hidden row to a continuous latent;
a codec with state; and a clip that becomes a prefix of the language model's keys and values.

It shows that such a family needs nothing but `load` and `enroll`; its speech is noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge.bundle import Bundle, Variant
from edge.bundle.measured import Cost
from edge.errors import BadStyle, BadVoicePrint
from edge.pcm import PcmChunk
from edge.profile import Provider
from edge.synth import Segment, Style
from edge.synth.clip import check_clip, resampled
from edge.synth.session import Array, Session
from edge.synth.voice_print import VoicePrint, find_print, load_print
from edge.text.cleaning import clean
from tests.helpers.packed import pack

RATE, FRAME = 24_000, 1920  # 12.5 frames a second
DIM, LATENT, STATE, TEXT_ROWS = 16, 32, 64, 256
MOST_TOKENS = 50
EOS_LOGIT = -4.0
AFTER_EOS = 3
LONGEST_S = 10.0


@dataclass(frozen=True)
class PocketSegment(Segment):
    prefix: Array | None = None


class PocketSynthesizer:
    rate = RATE

    def __init__(self, bundle: Bundle, variant: Variant) -> None:
        stages = bundle.profile.runtime.providers
        self._bundle = bundle
        self._lm = Session(bundle, variant.graphs["lm"], stages.encoder)
        self._flow = Session(bundle, variant.graphs["flow"], stages.decoder)
        self._codec = Session(bundle, variant.graphs["codec"], stages.decoder)
        self._text: Array = np.load(bundle.file("text.npy"), allow_pickle=False)
        self.provider, self.variant = self._codec.provider, variant.name

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        prefix = None
        if style.speaker is not None:
            path = find_print(style.speaker)
            if path is None:
                raise BadStyle(f"no speaker {style.speaker!r}", "edge clone NAME CLIP.wav")
            prefix = load_print(path, self._bundle).arrays["prefix"]
        ids = clean(text).encode()
        pieces = [ids[i : i + MOST_TOKENS] for i in range(0, len(ids), MOST_TOKENS)]
        return [PocketSegment(tuple(p), style, i, prefix=prefix) for i, p in enumerate(pieces)]

    def durations(self, segment: Segment) -> tuple[int, ...]:
        return ()

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        """A chunk per frame: each is one step of the language model, the flow net, the codec."""
        noise = np.random.default_rng(segment.seed)
        past = getattr(segment, "prefix", None)
        past = np.zeros((1, 0, DIM), np.float32) if past is None else past
        rows: Array = self._text[list(segment.ids)][None]
        state: Array = np.zeros((1, STATE), np.float32)
        left = int(LONGEST_S * RATE / FRAME)
        while left > 0:
            step = self._lm.run({"x": rows, "past": past})
            past = step["present"]
            if step["eos"].item() > EOS_LOGIT:
                left = min(left, AFTER_EOS)
            z = np.sqrt(0.7) * noise.standard_normal((1, LATENT))
            flowed = self._flow.run({"hidden": step["hidden"], "noise": z.astype(np.float32)})
            sound = self._codec.run({"latent": flowed["latent"], "state": state})
            state, rows = sound["next_state"], flowed["row"]
            left -= 1
            yield PcmChunk(sound["audio"].reshape(-1), RATE)


def load(bundle: Bundle, variant: Variant, cost: Cost | None) -> PocketSynthesizer:
    return PocketSynthesizer(bundle, variant)


def check_print(bundle: Bundle, print_: VoicePrint) -> None:
    """Check that the print's prefix has the model's width. Raises BadVoicePrint."""
    if print_.arrays["prefix"].shape[-1] != DIM:
        raise BadVoicePrint("the prefix is another model's", "edge clone NAME CLIP.wav")


def enroll(bundle: Bundle, clip: PcmChunk, transcript: str | None) -> VoicePrint:
    """Needs no transcript: the clip's latents go through the language model once."""
    check_clip(clip, 30.0)
    cpu = (Provider("CPUExecutionProvider"),)
    samples = resampled(clip, RATE)
    frames = samples[: len(samples) // FRAME * FRAME].reshape(1, -1, FRAME)
    rows = Session(bundle, "encoder.onnx", cpu).run({"audio": frames})["rows"]
    lm = Session(bundle, bundle.manifest.variants[0].graphs["lm"], cpu)
    prefix = lm.run({"x": rows, "past": np.zeros((1, 0, DIM), np.float32)})["present"]
    return VoicePrint("pocket", {"prefix": prefix})


def write_bundle(folder: Path) -> Bundle:
    """The five graphs and the text table, at random, as a bundle of the family `pocket`."""
    folder.mkdir()
    random = np.random.default_rng(0)

    def weights(*shape: int) -> npt.NDArray[np.float32]:
        return (random.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)

    np.save(folder / "text.npy", weights(TEXT_ROWS, DIM) * 4)
    node = helper.make_node
    _graph(
        folder / "lm.onnx",
        [
            node("MatMul", ["x", "kv"], ["new"]),
            node("Concat", ["past", "new"], ["present"], axis=1),
            node("ReduceMean", ["present", "axes"], ["mean"], keepdims=0),
            node("Gather", ["x", "last"], ["row"], axis=1),
            node("Add", ["mean", "row"], ["both"]),
            node("Tanh", ["both"], ["hidden"]),
            node("MatMul", ["hidden", "head"], ["eos"]),
        ],
        {"x": [1, "n", DIM], "past": [1, "p", DIM]},
        {"present": [1, "q", DIM], "hidden": [1, DIM], "eos": [1, 1]},
        {"kv": weights(DIM, DIM), "head": 8 * weights(DIM, 1) - 3, "axes": np.array([1]),
         "last": np.array(-1)},
    )  # fmt: skip
    _graph(
        folder / "flow.onnx",
        [
            node("MatMul", ["hidden", "in"], ["velocity"]),
            node("Add", ["noise", "velocity"], ["latent"]),
            node("MatMul", ["latent", "out"], ["flat"]),
            node("Unsqueeze", ["flat", "axes"], ["row"]),
        ],
        {"hidden": [1, DIM], "noise": [1, LATENT]},
        {"latent": [1, LATENT], "row": [1, 1, DIM]},
        {"in": weights(DIM, LATENT), "out": weights(LATENT, DIM), "axes": np.array([1])},
    )
    _graph(
        folder / "codec.onnx",
        [
            node("Concat", ["latent", "state"], ["all"], axis=1),
            node("MatMul", ["all", "step"], ["raw"]),
            node("Tanh", ["raw"], ["next_state"]),
            node("MatMul", ["next_state", "synthesis"], ["loud"]),
            node("Tanh", ["loud"], ["audio"]),
        ],
        {"latent": [1, LATENT], "state": [1, STATE]},
        {"next_state": [1, STATE], "audio": [1, FRAME]},
        {"step": weights(LATENT + STATE, STATE), "synthesis": weights(STATE, FRAME)},
    )
    _graph(
        folder / "encoder.onnx",
        [node("MatMul", ["audio", "analysis"], ["rows"])],
        {"audio": [1, "f", FRAME]},
        {"rows": [1, "f", DIM]},
        {"analysis": 20 * weights(FRAME, DIM)},
    )
    graphs = {stage: f"{stage}.onnx" for stage in ("lm", "flow", "codec")}
    return pack(folder, "pocket", RATE, graphs)


def _graph(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: dict[str, list[int | str]],
    outputs: dict[str, list[int | str]],
    arrays: dict[str, Array],
) -> None:
    def values(named: dict[str, list[int | str]]) -> list[onnx.ValueInfoProto]:
        floats = TensorProto.FLOAT
        return [helper.make_tensor_value_info(name, floats, s) for name, s in named.items()]

    constants = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, path.stem, values(inputs), values(outputs), constants)
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
