"""Read the model's numbers, which come from the checkpoint, from config.json of a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from edge import records
from edge.bundle import Bundle
from edge.errors import BadRecord, BundleDamaged


@dataclass(frozen=True)
class Sampling:
    """Repetition-aware sampling: the nucleus is the likeliest `top_k` tokens, or fewer, up to a
    probability of `top_p`; a token that fills `tau` of the last `window` ones is drawn anew.

    `least`: the released code means to keep speech from ending before two tokens per text token,
    but bars the id of sos where eos was meant, so it never does. "released" is that; "enforced"
    bars every id that ends speech.
    """

    OPEN: ClassVar[bool] = True
    top_p: float
    top_k: int
    window: int
    tau: float
    least: Literal["released", "enforced"] = "released"


@dataclass(frozen=True)
class FlowNumbers:
    OPEN: ClassVar[bool] = True
    mels: int
    xvec: int
    frames_per_token: int
    look_ahead_tokens: int
    block_frames: int
    steps: int
    guidance: float = 0.7
    """How much more the velocity with the condition counts than that without."""
    times: tuple[float, ...] = ()
    """Times of the steps and the end, 0 to 1; empty where the graph has sizes of its own."""


@dataclass(frozen=True)
class MelNumbers:
    """Numbers of the prompt's spectrogram, in samples at the voice's rate."""

    OPEN: ClassVar[bool] = True
    n_fft: int
    hop: int
    window: int


@dataclass(frozen=True)
class SourceNumbers:
    """`frame` samples per mel frame; `weight` of each harmonic, the fundamental first."""

    OPEN: ClassVar[bool] = True
    frame: int
    harmonics: int
    sine: float
    noise: float
    voiced_hz: float
    weight: tuple[float, ...]
    bias: float

    def __post_init__(self) -> None:
        if len(self.weight) != self.harmonics:
            raise ValueError(f"weight has {len(self.weight)} values for {self.harmonics} sines")


@dataclass(frozen=True)
class VocoderNumbers:
    """`hop`: samples between two columns of the vocoder's own spectrum."""

    OPEN: ClassVar[bool] = True
    hop: int


@dataclass(frozen=True)
class Settings:
    """`rate` in Hz, `token_rate` speech tokens per second; ids from `codes` on end speech."""

    OPEN: ClassVar[bool] = True
    rate: int
    token_rate: int
    codes: int
    sos: int
    task: int
    hidden: int
    layers: int
    kv_heads: int
    head: int
    special_tokens: Mapping[str, int]
    silent_tokens: tuple[int, ...]
    sampling: Sampling
    flow: FlowNumbers
    mel: MelNumbers
    source: SourceNumbers
    vocoder: VocoderNumbers

    @property
    def block_tokens(self) -> int:
        """Speech tokens whose frames see each other when streaming."""
        return self.flow.block_frames // self.flow.frames_per_token


def read_settings(bundle: Bundle) -> Settings:
    """Raises BundleDamaged."""
    try:
        return records.load_json(bundle.file("config.json"), Settings)
    except BadRecord as error:
        raise BundleDamaged(
            error.message, f"Build it again: edge build {bundle.voice.name}"
        ) from None
