"""Find the weights of a Piper voice in its ONNX file by structure.

Exporters rename what they fold (`onnx::Conv_8168`), share equal tensors, and mislabel others
(a single-speaker file may call its phoneme embedding `sid`), so names decide nothing here. The
convolutions are walked in the order of the file, which is the order in which VITS runs, and each
must have the shape that its place asks for; where an unshared name says which module it belongs
to, it must agree. Module names follow piper_train/vits (models.py, modules.py, attentions.py).
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from edge.build.export.original import OriginalGraph, attributes, describe, refuse
from edge.build.export.piper_weights import (
    Array,
    AttentionLayer,
    Convolution,
    Coupling,
    DurationPredictor,
    Generator,
    LayerNorm,
    PiperWeights,
    ResBlock,
    SeparableStack,
    SplineFlow,
    UpsampleStage,
)
from edge.errors import ExportFailed

_SHAPE_NAMES = {"Conv": "(out, in, kernel)", "ConvTranspose": "(in, out, kernel)"}


class _Walk:
    """A cursor over the convolutions, the norms and the relative embeddings of a graph."""

    def __init__(self, graph: OriginalGraph) -> None:
        self.graph = graph
        self.convs = [node for node in graph.nodes if node.op_type in _SHAPE_NAMES]
        self.at = 0
        self.norms = [norm for node in graph.nodes if (norm := _norm_at(graph, node))]
        self.norm_at = 0
        self.relative = [table for node in graph.nodes if (table := _relative_at(graph, node))]

    def fail(self, node: onnx.NodeProto, reason: str) -> ExportFailed:
        return refuse(f"{self.graph.where}: {describe(node)}: {reason}")

    def here(self) -> onnx.NodeProto:
        if self.at >= len(self.convs):
            raise refuse(f"{self.graph.where}: the graph ends at convolution {self.at}")
        return self.convs[self.at]

    def shape(self, ahead: int = 0) -> tuple[int, ...]:
        """Weight shape of the convolution `ahead` places on; () at the end of the file."""
        if self.at + ahead >= len(self.convs):
            return ()
        node = self.convs[self.at + ahead]
        weight = self.graph.constant(node.input[1])
        if weight is None or weight.ndim != 3:
            raise self.fail(node, "its weight is not a constant of three dimensions")
        return tuple(int(size) for size in weight.shape)

    def take(self, name: str, *shape: int | None, op: str = "Conv") -> Convolution:
        """The next convolution, which must be `name`; None in `shape` matches any size."""
        found = self.shape()
        if not found:
            raise refuse(f"{self.graph.where}: the graph ends where {name} is expected")
        node = self.convs[self.at]
        fits = all(want in (None, have) for want, have in zip(shape, found, strict=True))
        if node.op_type != op or not fits:
            wanted = tuple("any" if size is None else size for size in shape)
            raise self.fail(
                node, f"weight {found} where {name} needs {op} {_SHAPE_NAMES[op]} = {wanted}"
            )
        self._check_names(node, name)
        self.at += 1
        return _convolution(self.graph, node, name)

    def _check_names(self, node: onnx.NodeProto, name: str) -> None:
        for tensor in node.input[1:]:
            match = re.fullmatch(r"((?:enc_p|dp|flow|dec)\..+)\.(?:weight|bias)", tensor)
            if match and match[1] != name and len(self.graph.uses[tensor]) == 1:
                raise self.fail(node, f"{tensor!r} where {name} is expected")

    def norm(self, name: str, channels: int) -> LayerNorm:
        if self.norm_at >= len(self.norms):
            raise refuse(f"{self.graph.where}: no layer normalization left for {name}")
        found = self.norms[self.norm_at]
        if found.gamma.shape != (channels,):
            raise refuse(
                f"{self.graph.where}: {name} needs {channels} channels, "
                f"the next layer normalization has {found.gamma.shape}"
            )
        self.norm_at += 1
        return found


def _convolution(graph: OriginalGraph, node: onnx.NodeProto, name: str) -> Convolution:
    settings: dict[str, Any] = attributes(node)
    weight = graph.constant(node.input[1])
    bias = graph.constant(node.input[2]) if len(node.input) > 2 and node.input[2] else None
    pads = settings.get("pads", [0, 0])
    if weight is None or (len(node.input) > 2 and bias is None):
        raise refuse(f"{graph.where}: {describe(node)}: weight or bias is not a constant")
    if settings.get("auto_pad", b"NOTSET") != b"NOTSET" or len(pads) != 2 or pads[0] != pads[1]:
        raise refuse(f"{graph.where}: {describe(node)}: padding {pads} is not symmetric")
    if any(settings.get("output_padding", [0])):
        raise refuse(f"{graph.where}: {describe(node)}: output_padding is not supported")
    if not (np.isfinite(weight).all() and (bias is None or np.isfinite(bias).all())):
        raise refuse(f"{graph.where}: {describe(node)}: a weight is NaN or infinite")
    return Convolution(
        name=name,
        weight=weight.astype(np.float32),
        bias=None if bias is None else bias.astype(np.float32),
        dilation=settings.get("dilations", [1])[0],
        groups=settings.get("group", 1),
        stride=settings.get("strides", [1])[0],
        padding=pads[0],
    )


def _norm_at(graph: OriginalGraph, node: onnx.NodeProto) -> LayerNorm | None:
    """A layer normalization, as one node or as (x - mean) / sqrt(variance + e) * g + b."""
    if node.op_type == "LayerNormalization" and len(node.input) == 3:
        gamma, beta = graph.constant(node.input[1]), graph.constant(node.input[2])
        epsilon = attributes(node).get("epsilon", 1e-5)
        return LayerNorm(gamma, beta, epsilon) if gamma is not None and beta is not None else None
    if node.op_type != "Mul":
        return None
    ratio = graph.source(node.input[0])
    added = graph.uses.get(node.output[0], [])
    if ratio is None or ratio.op_type != "Div" or len(added) != 1 or added[0].op_type != "Add":
        return None
    root = graph.source(ratio.input[1])
    variance = graph.source(root.input[0]) if root is not None and root.op_type == "Sqrt" else None
    if variance is None or variance.op_type != "Add":
        return None
    gamma, beta = graph.constant(node.input[1]), graph.constant(added[0].input[1])
    small = graph.constant(variance.input[1])
    if gamma is None or beta is None or small is None or gamma.ndim != 1:
        return None
    return LayerNorm(gamma.astype(np.float32), beta.astype(np.float32), float(small))


@dataclass(frozen=True)
class _Table:
    values: Array


def _relative_at(graph: OriginalGraph, node: onnx.NodeProto) -> _Table | None:
    """A table of relative positions (1, 2 * window + 1, channels), where it is padded."""
    if node.op_type != "Pad":
        return None
    table = graph.constant(node.input[0])
    if table is None or table.ndim != 3 or table.shape[0] != 1 or table.shape[1] % 2 == 0:
        return None
    return _Table(table[0].astype(np.float32))


def read_weights(graph: OriginalGraph) -> PiperWeights:
    """Find every weight; raises ExportFailed naming the node that does not fit and why."""
    walk = _Walk(graph)
    embedding, speakers = _embeddings(graph)
    hidden = embedding.shape[1]
    gin = None if speakers is None else int(speakers.shape[1])
    attention: list[AttentionLayer] = []
    while walk.shape() == (hidden, hidden, 1):
        attention.append(_attention_layer(walk, len(attention), hidden))
    if not attention or len(walk.relative) != 2 * len(attention):
        raise refuse(
            f"{graph.where}: not a Piper voice: {len(attention)} attention layers and "
            f"{len(walk.relative)} tables of relative positions found"
        )
    proj = walk.take("enc_p.proj", None, hidden, 1)
    durations = _durations(walk, hidden, gin)
    couplings = _couplings(walk, proj.weight.shape[0] // 2, gin)
    generator = _generator(walk, proj.weight.shape[0] // 2, gin)
    if walk.at != len(walk.convs):
        raise walk.fail(walk.convs[walk.at], "comes after the generator's last convolution")
    return PiperWeights(
        embedding, speakers, tuple(attention), proj, durations, couplings, generator
    )


def _embeddings(graph: OriginalGraph) -> tuple[Array, Array | None]:
    """Phoneme table times its factor, and speaker table: Gathers whose indices are inputs."""
    tables: list[Array] = []
    for node in graph.nodes:
        if node.op_type == "Gather" and node.input[1] in graph.inputs:
            table = graph.constant(node.input[0])
            if table is None or table.ndim != 2:
                continue
            factor = None
            for user in graph.uses.get(node.output[0], []):
                if user.op_type == "Mul" and not tables:
                    factor = graph.constant(user.input[1])
            tables.append(table if factor is None else table * factor)
    if not 1 <= len(tables) <= 2:
        raise refuse(
            f"{graph.where}: not a Piper voice: {len(tables)} embedding tables are looked up "
            f"by the inputs {sorted(graph.inputs)}, 1 or 2 are expected"
        )
    arrays = [table.astype(np.float32) for table in tables]
    return arrays[0], arrays[1] if len(arrays) == 2 else None


def _attention_layer(walk: _Walk, index: int, hidden: int) -> AttentionLayer:
    layer = f"enc_p.encoder.attn_layers.{index}"
    q, k, v, out = (
        walk.take(f"{layer}.conv_{part}", hidden, hidden, 1) for part in ("q", "k", "v", "o")
    )
    ffn = f"enc_p.encoder.ffn_layers.{index}"
    ffn_1 = walk.take(f"{ffn}.conv_1", None, hidden, None)
    ffn_2 = walk.take(f"{ffn}.conv_2", hidden, ffn_1.weight.shape[0], None)
    if len(walk.relative) < 2 * index + 2 or hidden % walk.relative[2 * index].values.shape[1]:
        raise refuse(f"{walk.graph.where}: {layer}: no fitting table of relative positions")
    return AttentionLayer(
        query=q,
        key=k,
        value=v,
        out=out,
        relative_keys=walk.relative[2 * index].values,
        relative_values=walk.relative[2 * index + 1].values,
        norm_1=walk.norm(f"enc_p.encoder.norm_layers_1.{index}", hidden),
        ffn_1=ffn_1,
        ffn_2=ffn_2,
        norm_2=walk.norm(f"enc_p.encoder.norm_layers_2.{index}", hidden),
    )


def _separable_stack(walk: _Walk, name: str, channels: int) -> SeparableStack:
    layers: list[tuple[Convolution, LayerNorm, Convolution, LayerNorm]] = []
    while walk.shape()[1:2] == (1,) and walk.shape()[0] == channels:
        i = len(layers)
        separable = walk.take(f"{name}.convs_sep.{i}", channels, 1, None)
        norm_1 = walk.norm(f"{name}.norms_1.{i}", channels)
        pointwise = walk.take(f"{name}.convs_1x1.{i}", channels, channels, 1)
        layers.append((separable, norm_1, pointwise, walk.norm(f"{name}.norms_2.{i}", channels)))
    if not layers:
        raise walk.fail(
            walk.convs[walk.at],
            f"weight {walk.shape()} where {name} needs a depthwise convolution; only the "
            "stochastic duration predictor is supported",
        )
    return SeparableStack(tuple(layers))


def _durations(walk: _Walk, hidden: int, gin: int | None) -> DurationPredictor:
    pre = walk.take("dp.pre", None, hidden, 1)
    width = int(pre.weight.shape[0])
    cond = None if gin is None else walk.take("dp.cond", width, gin, 1)
    stack = _separable_stack(walk, "dp.convs", width)
    proj = walk.take("dp.proj", width, width, 1)
    flows: list[SplineFlow] = []
    count = sum(node.op_type == "Softplus" for node in walk.graph.nodes)  # one per spline
    while walk.shape() == (width, 1, 1):
        name = f"dp.flows.{2 * (count - len(flows)) + 1}"
        flow_pre = walk.take(f"{name}.pre", width, 1, 1)
        flow_stack = _separable_stack(walk, f"{name}.convs", width)
        flow_proj = walk.take(f"{name}.proj", None, width, 1)
        if flow_proj.weight.shape[0] % 3 != 2:
            raise walk.fail(walk.convs[walk.at - 1], "its outputs are not 3 * bins - 1")
        flows.append(SplineFlow(flow_pre, flow_stack, flow_proj))
    mean, scale = _affine(walk.graph)
    return DurationPredictor(pre, cond, stack, proj, tuple(flows), mean, scale)


def _affine(graph: OriginalGraph) -> tuple[float, float]:
    """The first channel of (x - m) * exp(-logs), the duration predictor's last flow."""
    for node in graph.nodes:
        if node.op_type == "Sub" and (mean := graph.constant(node.input[1])) is not None:
            for user in graph.uses.get(node.output[0], []):
                scale = graph.constant(user.input[1]) if user.op_type == "Mul" else None
                if scale is not None and mean.shape == scale.shape == (2, 1):
                    return float(mean[0, 0]), float(scale[0, 0])
    raise refuse(f"{graph.where}: not a Piper voice: no affine flow of shape (2, 1) found")


def _couplings(walk: _Walk, channels: int, gin: int | None) -> tuple[Coupling, ...]:
    half = channels // 2
    couplings: list[Coupling] = []
    starts = [i for i in range(len(walk.convs) - walk.at) if _starts_coupling(walk, i, half)]
    for number in range(len(starts)):
        name = f"flow.flows.{2 * (len(starts) - 1 - number)}"
        pre = walk.take(f"{name}.pre", None, half, 1)
        width = int(pre.weight.shape[0])
        cond = None
        if gin is not None:
            cond = walk.take(f"{name}.enc.cond_layer", None, gin, 1)
        layers: list[tuple[Convolution, Convolution]] = []
        while not layers or layers[-1][1].weight.shape[0] != width:
            i = len(layers)
            dilated = walk.take(f"{name}.enc.in_layers.{i}", 2 * width, width, None)
            pointwise = walk.take(f"{name}.enc.res_skip_layers.{i}", None, width, 1)
            layers.append((dilated, pointwise))
        if cond is not None and cond.weight.shape[0] != 2 * width * len(layers):
            raise refuse(f"{walk.graph.where}: {cond.name}: weight {cond.weight.shape}")
        post = walk.take(f"{name}.post", half, width, 1)  # mean only, as in every VITS
        couplings.append(Coupling(pre, cond, tuple(layers), post))
    return tuple(couplings)


def _starts_coupling(walk: _Walk, ahead: int, half: int) -> bool:
    """A 1x1 convolution on half of the latent, followed by a wider one."""
    shape = walk.shape(ahead)
    node = walk.convs[walk.at + ahead]
    source = walk.graph.source(node.input[0])
    return (
        node.op_type == "Conv"
        and shape[1:] == (half, 1)
        and source is not None
        and source.op_type in ("Split", "Slice")
    )


def _generator(walk: _Walk, channels: int, gin: int | None) -> Generator:
    pre = walk.take("dec.conv_pre", None, channels, None)
    width = int(pre.weight.shape[0])
    cond = None if gin is None else walk.take("dec.cond", width, gin, 1)
    stages: list[UpsampleStage] = []
    slopes: set[float] = set()
    divisor = 1.0
    while walk.here().op_type == "ConvTranspose":
        slopes.add(_activation(walk.graph, walk.here())[0])
        up = walk.take(f"dec.ups.{len(stages)}", width, None, None, op="ConvTranspose")
        if up.groups != 1 or up.dilation != 1 or up.kernel - up.stride != 2 * up.padding:
            raise walk.fail(walk.convs[walk.at - 1], "does not multiply the length by its stride")
        width = int(up.weight.shape[1])
        before = sum(len(stage.blocks) for stage in stages)
        blocks = _resblocks(walk, width, before, slopes)
        stages.append(UpsampleStage(_scaled(up, 1 / divisor), blocks))
        divisor = _divisor(walk, len(blocks))
    if not stages or len(slopes) != 1:
        raise walk.fail(walk.here(), f"dec.ups expected, with one slope; slopes {sorted(slopes)}")
    post_slope = _activation(walk.graph, walk.here())[0]
    post = _scaled(walk.take("dec.conv_post", 1, width, None), 1 / divisor)
    return Generator(pre, cond, tuple(stages), post, slopes.pop(), post_slope)


def _resblocks(walk: _Walk, width: int, before: int, slopes: set[float]) -> tuple[ResBlock, ...]:
    """The blocks of a stage. What feeds a convolution's activation tells its place: the
    upsampled signal begins a block, a sum begins a residual unit, a convolution is the second
    of its unit (ResBlock1).
    """
    places: list[list[int]] = []  # per block: how many convolutions in each unit
    for ahead in range(len(walk.convs) - walk.at):
        node = walk.convs[walk.at + ahead]
        if node.op_type != "Conv" or walk.shape(ahead)[:2] != (width, width):
            break
        slope, source = _activation(walk.graph, node)
        slopes.add(slope)
        if source.op_type == "ConvTranspose":
            places.append([1])
        elif source.op_type == "Add" and places:
            places[-1].append(1)
        elif source.op_type == "Conv" and places:
            places[-1][-1] += 1
        else:
            raise walk.fail(node, f"fed by {describe(source)}, which no residual block has")
    if not places:
        raise walk.fail(walk.here(), f"dec.resblocks.{before} is expected")
    blocks = []
    for number, units in enumerate(places, before):
        name = f"dec.resblocks.{number}"
        parts = ("convs",) if max(units) == 1 else ("convs1", "convs2")
        if set(units) != {len(parts)}:
            raise walk.fail(walk.here(), f"{name} has units of {units} convolutions")
        blocks.append(
            ResBlock(
                tuple(
                    tuple(walk.take(f"{name}.{part}.{i}", width, width, None) for part in parts)
                    for i in range(len(units))
                )
            )
        )
    return tuple(blocks)


def _activation(graph: OriginalGraph, node: onnx.NodeProto) -> tuple[float, onnx.NodeProto]:
    """The slope of the LeakyRelu that feeds `node`, and the node before that."""
    relu = graph.source(node.input[0])
    source = None if relu is None else graph.source(relu.input[0])
    if relu is None or source is None or relu.op_type != "LeakyRelu":
        raise refuse(f"{graph.where}: {describe(node)}: no LeakyRelu feeds it")
    return float(attributes(relu).get("alpha", 0.01)), source


def _divisor(walk: _Walk, blocks: int) -> float:
    """What the sum of a stage's blocks is divided by: the number of blocks."""
    _, mean = _activation(walk.graph, walk.here())
    divisor = walk.graph.constant(mean.input[1]) if mean.op_type == "Div" else None
    if blocks == 1 and divisor is None:
        return 1.0
    if divisor is None or float(divisor) != blocks:
        raise walk.fail(mean, f"a division of the sum by the {blocks} blocks is expected")
    return float(divisor)


def _scaled(layer: Convolution, factor: float) -> Convolution:
    """The layer for an input that is larger by 1 / factor; leaky ReLU keeps factors."""
    return dataclasses.replace(layer, weight=layer.weight * np.float32(factor))
