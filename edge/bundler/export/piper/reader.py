"""Find the weights of a Piper voice in its ONNX file by structure.

Exporters rename what they fold (`onnx::Conv_8168`), share equal tensors, and mislabel others
(a single-speaker file may call its phoneme embedding `sid`), so names decide nothing here. The
convolutions are walked in the order of the file, which is the order in which VITS runs, and each
must have the shape that its place asks for; where an unshared name says which module it belongs
to, it must agree. Module names follow piper_train/vits (models.py, modules.py, attentions.py).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from edge.bundler.export.original import OriginalGraph, describe, refuse
from edge.bundler.export.piper.walk import Walk, activation, operands
from edge.bundler.export.piper.weights import (
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


def read_weights(graph: OriginalGraph) -> PiperWeights:
    """Find every weight; raises ExportFailed naming the node that does not fit and why."""
    walk = Walk(graph)
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
                    factor, _ = operands(graph, user)
            if factor is not None and factor.size != 1:
                raise refuse(f"{graph.where}: {describe(node)}: its factor is not one number")
            tables.append(table if factor is None else table * factor.reshape(()))
    if not 1 <= len(tables) <= 2:
        raise refuse(
            f"{graph.where}: not a Piper voice: {len(tables)} embedding tables are looked up "
            f"by the inputs {sorted(graph.inputs)}, 1 or 2 are expected"
        )
    arrays = [table.astype(np.float32) for table in tables]
    return arrays[0], arrays[1] if len(arrays) == 2 else None


def _attention_layer(walk: Walk, index: int, hidden: int) -> AttentionLayer:
    layer = f"enc_p.encoder.attn_layers.{index}"
    q, k, v, out = (
        walk.take(f"{layer}.conv_{part}", hidden, hidden, 1) for part in ("q", "k", "v", "o")
    )
    ffn = f"enc_p.encoder.ffn_layers.{index}"
    ffn_1 = walk.take(f"{ffn}.conv_1", None, hidden, None)
    ffn_2 = walk.take(f"{ffn}.conv_2", hidden, ffn_1.weight.shape[0], None)
    tables = walk.relative[2 * index : 2 * index + 2]
    if len({table.shape for table in tables}) != 1 or hidden % tables[0].shape[1]:
        raise refuse(f"{walk.graph.where}: {layer}: no fitting table of relative positions")
    return AttentionLayer(
        query=q,
        key=k,
        value=v,
        out=out,
        relative_keys=tables[0],
        relative_values=tables[-1],
        norm_1=walk.norm(f"enc_p.encoder.norm_layers_1.{index}", hidden),
        ffn_1=ffn_1,
        ffn_2=ffn_2,
        norm_2=walk.norm(f"enc_p.encoder.norm_layers_2.{index}", hidden),
    )


def _separable_stack(walk: Walk, name: str, channels: int) -> SeparableStack:
    layers: list[tuple[Convolution, LayerNorm, Convolution, LayerNorm]] = []
    while walk.shape()[1:2] == (1,) and walk.shape()[0] == channels:
        i = len(layers)
        separable = walk.take(f"{name}.convs_sep.{i}", channels, 1, None)
        if separable.groups != channels:
            raise walk.fail(walk.convs[walk.at - 1], f"{channels} groups are expected")
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


def _durations(walk: Walk, hidden: int, gin: int | None) -> DurationPredictor:
    pre = walk.take("dp.pre", None, hidden, 1)
    width = int(pre.weight.shape[0])
    cond = None if gin is None else walk.take("dp.cond", width, gin, 1)
    stack = _separable_stack(walk, "dp.convs", width)
    proj = walk.take("dp.proj", width, width, 1)
    flows: list[SplineFlow] = []
    left = range(len(walk.convs) - walk.at)
    count = sum(walk.shape(ahead) == (width, 1, 1) for ahead in left)
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
                scale, _ = operands(graph, user) if user.op_type == "Mul" else (None, None)
                if scale is not None and mean.shape == scale.shape == (2, 1):
                    return float(mean[0, 0]), float(scale[0, 0])
    raise refuse(f"{graph.where}: not a Piper voice: no affine flow of shape (2, 1) found")


def _couplings(walk: Walk, channels: int, gin: int | None) -> tuple[Coupling, ...]:
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


def _starts_coupling(walk: Walk, ahead: int, half: int) -> bool:
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


def _generator(walk: Walk, channels: int, gin: int | None) -> Generator:
    pre = walk.take("dec.conv_pre", None, channels, None)
    width = int(pre.weight.shape[0])
    cond = None if gin is None else walk.take("dec.cond", width, gin, 1)
    stages: list[UpsampleStage] = []
    slopes: set[float] = set()
    divisor = 1.0
    while walk.here().op_type == "ConvTranspose":
        slopes.add(activation(walk.graph, walk.here())[0])
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
    post_slope = activation(walk.graph, walk.here())[0]
    post = _scaled(walk.take("dec.conv_post", 1, width, None), 1 / divisor)
    return Generator(pre, cond, tuple(stages), post, slopes.pop(), post_slope)


def _resblocks(walk: Walk, width: int, before: int, slopes: set[float]) -> tuple[ResBlock, ...]:
    """The blocks of a stage. What feeds a convolution's activation tells its place: the
    upsampled signal begins a block, a sum begins a residual unit, a convolution is the second
    of its unit (ResBlock1).
    """
    places: list[list[int]] = []  # per block: how many convolutions in each unit
    for ahead in range(len(walk.convs) - walk.at):
        node = walk.convs[walk.at + ahead]
        if node.op_type != "Conv" or walk.shape(ahead)[:2] != (width, width):
            break
        slope, source = activation(walk.graph, node)
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


def _divisor(walk: Walk, blocks: int) -> float:
    """Find the divisor of the sum of a stage's blocks: the number of blocks."""
    _, mean = activation(walk.graph, walk.here())
    divisor = walk.graph.constant(mean.input[1]) if mean.op_type == "Div" else None
    if blocks == 1 and divisor is None:
        return 1.0
    if divisor is None or float(divisor) != blocks:
        raise walk.fail(mean, f"a division of the sum by the {blocks} blocks is expected")
    return float(divisor)


def _scaled(layer: Convolution, factor: float) -> Convolution:
    """The layer for an input that is larger by 1 / factor; leaky ReLU keeps factors."""
    return dataclasses.replace(layer, weight=layer.weight * np.float32(factor))
