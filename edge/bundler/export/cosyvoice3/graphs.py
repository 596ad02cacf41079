"""Each stage of the model as a graph. The two large ones are written by us, operator by operator;
the others by torch's exporters, the newer one first, the older one where that fails."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from edge.bundler.export.cosyvoice3.assets import STEPS, step_times
from edge.bundler.export.cosyvoice3.checkpoint import refuse
from edge.bundler.export.cosyvoice3.dimensions import FlowDimensions
from edge.bundler.export.cosyvoice3.flow_graph import TAIL, write_flow_step
from edge.bundler.export.cosyvoice3.llm_graph import write_llm
from edge.bundler.export.cosyvoice3.model import Model
from edge.bundler.export.export_log import ExportLog, ExportRow
from edge.errors import ExportFailed
from edge.files import write_whole

OPSET = 18
IR_VERSION = 10  # the newest that onnxruntime 1.19 reads
_SCOPES = "pkg.torch.onnx.name_scopes"
_NO_MODULE = "_empty"  # how dynamo names what it adds by itself
_LAYER = re.compile(
    r"(?:estimator\.)?(?:layers|transformer_blocks|ups|source_downs|source_resblocks|resblocks)"
    r"\.\d+|condnet\.\d+"
)

Axes = Mapping[str, Mapping[int, str]]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Stage:
    """`axes`: by input, the sizes that may change. `inputs(sizes)` makes random ones of those
    sizes. `lengths`: the sizes that parity tries; `example` those that the exporter sees, none of
    them 0 or 1, which it would take for fixed. `defaults`: inputs that may be left out, and what
    they are then. A stage that we `write` has a `reference`: what the module makes of the graph's
    inputs."""

    name: str
    module: nn.Module
    outputs: tuple[str, ...]
    axes: Axes
    inputs: Callable[..., dict[str, Tensor]]
    example: Mapping[str, int]
    lengths: tuple[Mapping[str, int], ...]
    defaults: Mapping[str, Array] = field(default_factory=dict)
    write: Callable[[], onnx.ModelProto] | None = None
    reference: Callable[[Mapping[str, Tensor]], tuple[Tensor, ...]] | None = None

    def exact(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """The outputs that the module gives for the graph's inputs."""
        if self.reference is not None:
            return self.reference(inputs)
        made = self.module(*inputs.values())
        return made if isinstance(made, tuple) else (made,)


def stages(model: Model) -> list[Stage]:
    d = model.dimensions
    llm, flow, vocoder = d.llm, d.flow, d.vocoder
    mels, frame = flow.mels, vocoder.frame
    names = [f"{part}.{i}" for i in range(llm.layers) for part in ("key", "value")]

    def llm_inputs(n: int, p: int) -> dict[str, Tensor]:
        shape = (1, llm.kv_heads, p + n, llm.head)
        return {
            "x": 0.5 * torch.randn(1, n, llm.hidden),
            "last": torch.tensor([p + n - 1], dtype=torch.int32),
            "room": torch.tensor(p + n, dtype=torch.int32),
            **{name: torch.randn(shape) for name in names},
        }

    def llm_reference(inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        # In float64: over 24 layers torch's own float32 is 8e-7 from that, as far as the graph's.
        before = int(inputs["room"]) - inputs["x"].shape[1]
        past = torch.stack([inputs[name][:, :, :before] for name in names])
        try:
            logits, present = model.llm.double()(inputs["x"].double(), past.double())
        finally:
            model.llm.float()
        return logits.float(), *present.float().unbind()

    def front_inputs(n: int) -> dict[str, Tensor]:
        token = torch.randint(0, flow.codes, (1, n))
        return {"token": token, "xvec": torch.randn(1, flow.xvec)}

    times = torch.from_numpy(step_times(STEPS))
    sizes = torch.diff(times)[:, None] * torch.tensor([1.0 + flow.guidance, -flow.guidance])

    def step_inputs(T: int, p: int = 0, k: int = 0, step: int = STEPS - 1) -> dict[str, Tensor]:
        blocks = torch.arange(p + T) // max(2, T // 3)
        return {
            "x": torch.randn(1, mels, T),
            "mu": torch.randn(1, mels, T),
            "cond": torch.randn(1, mels, T),
            "step": torch.tensor(step),
            "place": torch.tensor([p]),
            "sizes": sizes[step],
            "spks": torch.randn(1, mels),
            "attn_mask": (blocks[p:, None] >= blocks[None])[None, None],
            "past": torch.randn(p, 2 * flow.depth, 2, flow.dim),
            "tails": torch.randn(2, 2, flow.dim, TAIL) * (p > 0),
            "keep": torch.arange(k),
        }

    def step_reference(inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        step = int(inputs["step"])
        given = [inputs[name] for name in ("x", "mu", "cond")]
        rest = [inputs[name] for name in ("spks", "attn_mask", "past", "tails", "keep")]
        v, kept, ends = model.step(*given, times[step : step + 1], *rest)
        return inputs["x"] + (times[step + 1] - times[step]) * v, kept, ends

    def mel(T: int) -> dict[str, Tensor]:
        return {"mel": 2 * torch.randn(1, mels, T) - 6}  # natural logarithms of magnitudes

    def vocoder_inputs(T: int) -> dict[str, Tensor]:
        mask = torch.ones(1, 1, frame // vocoder.hop * T)
        return mel(T) | {"source": 0.1 * torch.randn(1, 1, frame * T), "mask": mask}

    over = {2: "T"}
    frames = ({"T": 8}, {"T": 50}, {"T": 123})
    return [
        Stage(
            "llm",
            model.llm,
            ("logits", *(f"next.{name}" for name in names)),
            {},
            llm_inputs,
            {"n": 5, "p": 3},
            ({"n": 40, "p": 0}, {"n": 1, "p": 40}, {"n": 1, "p": 0}, {"n": 7, "p": 130}),
            write=lambda: write_llm(model.llm, llm),
            reference=llm_reference,
        ),
        Stage(
            "flow_front",
            model.front,
            ("mu", "spks"),
            {"token": {1: "n"}},
            front_inputs,
            {"n": 9},
            ({"n": 1}, {"n": 28}, {"n": 250}),
        ),
        Stage(
            "flow_step",
            model.step,
            ("next", "kept", "ends"),
            {},
            step_inputs,
            {"T": 12, "p": 5, "k": 7},
            (*frames, *({"T": n, "p": 100, "k": n, "step": 5} for n in (7, 50))),
            no_state(flow),
            write=lambda: write_flow_step(model.step, flow, STEPS),
            reference=step_reference,
        ),
        Stage("f0", model.f0, ("f0",), {"mel": over}, mel, {"T": 12}, frames),
        Stage(
            "vocoder",
            model.vocoder,
            ("wav",),
            {
                "mel": over,
                "source": {2: f"{frame}*T"},
                "mask": {2: f"{frame // vocoder.hop}*T"},
            },
            vocoder_inputs,
            {"T": 12},
            frames,
        ),
    ]


def no_state(flow: FlowDimensions) -> dict[str, Array]:
    """Make flow_step's inputs if nothing came before, and nothing is kept."""
    return {
        "past": np.zeros((0, 2 * flow.depth, 2, flow.dim), np.float32),
        "tails": np.zeros((2, 2, flow.dim, TAIL), np.float32),
        "keep": np.zeros(0, np.int64),
    }


def write_graph(stage: Stage, path: Path, log: ExportLog) -> None:
    """Export into `path`; each try is a row of `log`, and each layer of what was written.
    Raises ExportFailed with what the last exporter said."""
    failure: ExportFailed | None = None
    exporters: dict[str, Callable[[Stage], onnx.ModelProto]] = {
        "torch dynamo": _by_dynamo,
        "torch script": _by_script,
    }
    if stage.write is not None:
        exporters = {"our own": _written}
    for exporter, make in exporters.items():
        try:
            with log.stage(stage.name, exporter) as counts:
                model = _tried(stage, make)
                _finish(model, stage)
                raw = model.SerializeToString(deterministic=True)
                write_whole(path, raw)
                counts.nodes_after, counts.bytes = len(model.graph.node), len(raw)
        except ExportFailed as error:
            failure = error
            continue
        log.rows += _layer_rows(stage.name, exporter, model)
        return
    raise failure or refuse(f"{stage.name}: not exported")


def _tried(stage: Stage, make: Callable[[Stage], onnx.ModelProto]) -> onnx.ModelProto:
    try:
        with _quiet(), torch.no_grad():
            return make(stage)
    except Exception as error:  # an exporter raises whatever it stumbles over
        where = offending_module(stage.module, error)
        cause: BaseException = error
        while cause.__cause__ is not None:  # the outer ones only tell which step failed
            cause = cause.__cause__
        said = (str(cause).strip() or repr(cause)).splitlines()[0][:200]
        raise refuse(f"{stage.name}: {where}: {type(cause).__name__}: {said}") from None


def _written(stage: Stage) -> onnx.ModelProto:
    assert stage.write is not None
    return stage.write()


def _by_dynamo(stage: Stage) -> onnx.ModelProto:
    names = {n for axes in stage.axes.values() for n in axes.values() if n.isidentifier()}
    symbols = {name: torch.export.Dim(name) for name in names}
    shapes: dict[str, Any] = {}
    inputs = stage.inputs(**stage.example)
    for name in inputs:
        axes = {}
        for axis, text in stage.axes.get(name, {}).items():
            factor, _, symbol = text.rpartition("*")
            if "+" in text:  # a sum: torch finds by itself of what
                axes[axis] = torch.export.Dim.AUTO
            else:
                axes[axis] = int(factor) * symbols[symbol] if factor else symbols[symbol]
        shapes[name] = axes
    program = torch.onnx.export(
        stage.module,
        tuple(inputs.values()),
        input_names=list(inputs),
        output_names=list(stage.outputs),
        dynamic_shapes=shapes,
        opset_version=OPSET,
        dynamo=True,
        external_data=False,
        optimize=True,
        verbose=False,
    )
    return program.model_proto


def _by_script(stage: Stage) -> onnx.ModelProto:
    inputs, written = stage.inputs(**stage.example), io.BytesIO()
    torch.onnx.export(
        stage.module,
        tuple(inputs.values()),
        written,
        input_names=list(inputs),
        output_names=list(stage.outputs),
        dynamic_axes={name: dict(axes) for name, axes in stage.axes.items()},
        opset_version=OPSET,
        dynamo=False,
        do_constant_folding=True,
    )
    model = onnx.ModelProto()
    model.ParseFromString(written.getvalue())
    return model


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Both exporters talk of their own affairs on standard output and in warnings."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)


def offending_module(module: nn.Module, error: BaseException) -> str:
    """The innermost of our modules that was running when `error` was raised, by its name."""
    names = {id(part): name or type(module).__name__ for name, part in module.named_modules()}
    found, seen = type(module).__name__, set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        trace = current.__traceback__
        while trace is not None:
            found = names.get(id(trace.tb_frame.f_locals.get("self")), found)
            trace = trace.tb_next
        current = current.__cause__ or current.__context__
    return found


def _finish(model: onnx.ModelProto, stage: Stage) -> None:
    """Names that tell the layer, no traces of the machine that exported it; then checked."""
    if stage.write is None:
        _name_layers(model)
    # An initializer with the name of an input is its default.
    for name, value in stage.defaults.items():
        model.graph.initializer.append(numpy_helper.from_array(value, name))
    model.graph.name, model.ir_version = stage.name, min(model.ir_version, IR_VERSION)
    for key, told in {"family": "cosyvoice3", "stage": stage.name}.items():
        model.metadata_props.add(key=key, value=told)
    _check_names(model, stage)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise refuse(f"{stage.name}: {str(error).splitlines()[0]}") from None


def _name_layers(model: onnx.ModelProto) -> None:
    _fold_transposes(model)
    used: Counter[str] = Counter()
    for node in model.graph.node:
        scopes = next((item.value for item in node.metadata_props if item.key == _SCOPES), "")
        if scopes:  # dynamo: a list of dotted names, the innermost module but one last
            parts = [
                part
                for part in re.findall(r"'([^']*)'", scopes)[:-1]
                if not part.startswith(_NO_MODULE)
            ]
            layer = parts[-1] if parts else ""
        else:  # script: /estimator/transformer_blocks.0/attn/MatMul
            layer = ".".join(part for part in node.name.split("/")[:-1] if part)
        name = f"{layer}/{node.op_type}"
        used[name] += 1
        node.name = name if used[name] == 1 else f"{name}_{used[name]}"
        node.doc_string = ""
        del node.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    for value in (*model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    for tensor in model.graph.initializer:
        del tensor.metadata_props[:]
    model.doc_string = model.graph.doc_string = ""


def _fold_transposes(model: onnx.ModelProto) -> None:
    """Weights the way round in which they are multiplied: the exporters leave large ones."""
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    turned: dict[str, onnx.TensorProto] = {}
    for node in model.graph.node:
        if node.op_type == "Transpose" and node.input[0] in held:
            order = next((list(a.ints) for a in node.attribute if a.name == "perm"), None)
            array = numpy_helper.to_array(held[node.input[0]]).transpose(order)
            array = np.ascontiguousarray(array)
            turned[node.output[0]] = numpy_helper.from_array(array, node.output[0])
    nodes = [node for node in model.graph.node if node.output[0] not in turned]
    used = {name for node in nodes for name in node.input}
    tensors = [tensor for tensor in (*held.values(), *turned.values()) if tensor.name in used]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(tensors)


def _check_names(model: onnx.ModelProto, stage: Stage) -> None:
    asked = [*stage.inputs(**stage.example)], [*stage.outputs]
    found = [i.name for i in model.graph.input], [o.name for o in model.graph.output]
    if found != asked:
        raise refuse(f"{stage.name}: inputs and outputs are {found}, expected {asked}")
    opset = next((item.version for item in model.opset_import if item.domain == ""), 0)
    if opset < OPSET:
        raise refuse(f"{stage.name}: opset {opset}, at least {OPSET} is expected")


def _layer_rows(stage: str, exporter: str, model: onnx.ModelProto) -> Sequence[ExportRow]:
    """The nodes of each numbered layer; how long one took is not known."""
    counted: Counter[str] = Counter()
    for node in model.graph.node:
        layer = _LAYER.match(node.name.rpartition("/")[0])
        counted[layer[0] if layer else "the rest"] += 1
    return [
        ExportRow(f"{stage}: {layer}", exporter, True, "", 0.0, 0, count, 0)
        for layer, count in counted.items()
    ]
