"""The weights of a Piper voice (VITS), by module; names follow piper_train/vits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Convolution:
    """A 1-D convolution. weight (out, in / groups, kernel), transposed: (in, out, kernel)."""

    name: str
    weight: Array
    bias: Array | None
    dilation: int = 1
    groups: int = 1
    stride: int = 1
    padding: int = 0

    @property
    def kernel(self) -> int:
        return int(self.weight.shape[2])


@dataclass(frozen=True)
class LayerNorm:
    gamma: Array
    beta: Array
    epsilon: float


@dataclass(frozen=True)
class AttentionLayer:
    """relative_* (2 * window + 1, channels per head) are shared by the heads."""

    query: Convolution
    key: Convolution
    value: Convolution
    out: Convolution
    relative_keys: Array
    relative_values: Array
    norm_1: LayerNorm
    ffn_1: Convolution
    ffn_2: Convolution
    norm_2: LayerNorm


@dataclass(frozen=True)
class SeparableStack:
    """DDSConv: per layer a depthwise convolution, a norm, a 1x1 convolution, a norm."""

    layers: tuple[tuple[Convolution, LayerNorm, Convolution, LayerNorm], ...]


@dataclass(frozen=True)
class SplineFlow:
    pre: Convolution
    stack: SeparableStack
    proj: Convolution


@dataclass(frozen=True)
class DurationPredictor:
    """The flows are in the order of inference. mean, scale: the last affine, logw only."""

    pre: Convolution
    cond: Convolution | None
    stack: SeparableStack
    proj: Convolution
    flows: tuple[SplineFlow, ...]
    mean: float
    scale: float


@dataclass(frozen=True)
class Coupling:
    """One residual coupling layer: WaveNet layers of (dilated, 1x1) convolutions."""

    pre: Convolution
    cond: Convolution | None
    layers: tuple[tuple[Convolution, Convolution], ...]
    post: Convolution


@dataclass(frozen=True)
class ResBlock:
    """`pairs` is type 1: each residual holds two convolutions, type 2: one."""

    units: tuple[tuple[Convolution, ...], ...]


@dataclass(frozen=True)
class UpsampleStage:
    up: Convolution
    blocks: tuple[ResBlock, ...]


@dataclass(frozen=True)
class Generator:
    pre: Convolution
    cond: Convolution | None
    stages: tuple[UpsampleStage, ...]
    post: Convolution
    slope: float
    post_slope: float

    @property
    def hop(self) -> int:
        return int(np.prod([stage.up.stride for stage in self.stages]))


@dataclass(frozen=True)
class PiperWeights:
    """embedding (symbols, hidden), already scaled; speakers (speakers, gin) or None."""

    embedding: Array
    speakers: Array | None
    attention: tuple[AttentionLayer, ...]
    proj: Convolution
    durations: DurationPredictor
    couplings: tuple[Coupling, ...]
    generator: Generator

    @property
    def channels(self) -> int:
        """Channels of the latent, C."""
        return int(self.proj.weight.shape[0]) // 2
