"""Read a voice's numbers, which come from its checkpoint, from config.json of its bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from edge import records
from edge.bundle import Bundle
from edge.errors import BadRecord, BundleDamaged

LATENT = 32
"""Values of a latent: one for each 80 ms of sound."""

PERIOD = 10_000.0
"""Base of the rotation of queries and keys."""


@dataclass(frozen=True)
class Preparation:
    """Looks of a text that suit this model, beyond what all of them ask."""

    OPEN: ClassVar[bool] = True
    replace: Mapping[str, str] = field(default_factory=dict)
    """Character -> what stands for it; characters that training never saw."""
    commas_for_semicolons: bool = False
    end_mark: bool = True
    capital: bool = True
    spaces_before_short: int = 0
    frames_after: int | None = None
    """Frames that sound after the end of speech; None: more for short texts."""


@dataclass(frozen=True)
class Cache:
    """Rows of a transformer's cache, and how many of them a row sees, itself among them."""

    OPEN: ClassVar[bool] = True
    capacity: int
    context: int


@dataclass(frozen=True)
class Watched:
    """A head of the language model whose attention tells which word is spoken."""

    OPEN: ClassVar[bool] = True
    layer: int
    head: int


@dataclass(frozen=True)
class Settings:
    """`rate` in Hz, `frame` in samples, `eos_threshold` a logit. `inner` values make a latent of a
    clip, `positions` rows a segment at the most. `watched_known`: the heads are those that were
    measured for this very model, not those of another of its size."""

    OPEN: ClassVar[bool] = True
    rate: int
    frame: int
    inner: int
    positions: int
    layers: int
    heads: int
    kv_heads: int
    head: int
    temperature: float
    eos_threshold: float
    text: Preparation
    codec: Cache
    encoder: Cache
    watched: tuple[Watched, ...] = ()
    watched_known: bool = False

    @property
    def outputs(self) -> dict[str, tuple[int, ...]]:
        """Shapes of what a run of the language model gives."""
        found: dict[str, tuple[int, ...]] = {"latent": (1, LATENT), "eos": (1, 1)}
        if self.watched:
            found["watched"] = (1, len(self.watched) * self.head)
        return found

    @property
    def frame_s(self) -> float:
        """Seconds of a frame."""
        return self.frame / self.rate


def read_settings(bundle: Bundle) -> Settings:
    """Raises BundleDamaged."""
    try:
        return records.load_json(bundle.file("config.json"), Settings)
    except BadRecord as error:
        raise BundleDamaged(
            error.message, f"Build it again: edge build {bundle.voice.name}"
        ) from None
