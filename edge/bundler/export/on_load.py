"""What a fused layer does to its input before it quantizes it (edge/kernels/README.md)."""

from __future__ import annotations

from dataclasses import dataclass

from edge.bundler.export.piper.weights import Array


@dataclass(frozen=True)
class OnLoad:
    """An affine, then one curve: LeakyReLU, ELU or Snake, v + sin(alpha v)^2 / alpha.

    Zeros around the sentence are those of what comes out: no affine reaches them.
    """

    slope: float = 1.0
    """LeakyReLU's, 0 to 1; 1: none."""
    elu: bool = False
    alpha: Array | None = None
    """Snake's, shape (in,), none 0."""
    mul: str = ""
    add: str = ""
    """Values of the graph, one float32 a channel, as `FusedLayers.norm_over_time` gives them. They
    must be the same in every chunk of an utterance."""

    @property
    def is_later(self) -> bool:
        """Whether operators of the first domain cannot do it."""
        return self.elu or self.alpha is not None or bool(self.mul)

    def attributes(self) -> dict[str, float]:
        """Attributes of the operator."""
        return {"slope": self.slope, **({"elu": 1} if self.elu else {})}


NOTHING = OnLoad()
