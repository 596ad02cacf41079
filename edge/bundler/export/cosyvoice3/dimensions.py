"""The numbers of a checkpoint, from cosyvoice3.yaml and the Qwen2 config.json.

The weights' shapes must then agree with them (`checkpoint.fill`), so nothing is assumed of the
released model but what its code fixes: those numbers are constants here, with their names.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bundler.export.cosyvoice3.hyperpyyaml import Document, read_hyperpyyaml
from edge.errors import BadRecord
from edge.records import read_text

EXTRA_SPEECH_ROWS = 200
"""Rows of the speech table and the head beyond the codebook: sos, eos, task, fill, unused."""
TIME_WAVES = 256
"""Sine and cosine values of the flow's time."""
POSITION_KERNEL, POSITION_GROUPS = 31, 16
F0_LAYERS = 5
LOOK_RIGHT = 4
"""Frames: what the vocoder's first convolution takes where the file leaves it out."""

_REMEDY = "Give the checkpoint folder as it was released."


@dataclass(frozen=True)
class LlmDimensions:
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    feed_forward: int
    text_rows: int
    codes: int  # speech tokens: ids below it sound, those from it on end the speech
    norm_eps: float
    rope_theta: float

    @property
    def head(self) -> int:
        return self.hidden // self.heads

    @property
    def speech_rows(self) -> int:
        return self.codes + EXTRA_SPEECH_ROWS


@dataclass(frozen=True)
class FlowDimensions:
    codes: int
    mels: int
    xvec: int
    look_ahead: int  # tokens
    look_ahead_channels: int
    frames_per_token: int
    dim: int
    depth: int
    heads: int
    head: int
    feed_forward: int  # times dim
    guidance: float
    block: int  # frames that see each other when streaming


@dataclass(frozen=True)
class VocoderDimensions:
    mels: int
    channels: int
    harmonics: int  # above the fundamental
    rate: int
    sine: float
    noise: float
    voiced_hz: float
    up_rates: tuple[int, ...]
    up_kernels: tuple[int, ...]
    n_fft: int
    hop: int
    kernels: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    source_kernels: tuple[int, ...]
    source_dilations: tuple[tuple[int, ...], ...]
    slope: float
    limit: float
    look_right: int
    f0_channels: int

    @property
    def frame(self) -> int:
        """Samples per mel frame."""
        total = self.hop
        for rate in self.up_rates:
            total *= rate
        return total


@dataclass(frozen=True)
class Sampling:
    top_p: float
    top_k: int
    window: int
    tau: float


@dataclass(frozen=True)
class Dimensions:
    llm: LlmDimensions
    flow: FlowDimensions
    vocoder: VocoderDimensions
    sampling: Sampling
    mel_fft: int
    mel_hop: int
    mel_window: int


class _Keys:
    """Reads many keys and keeps every complaint, so that all are told at once."""

    def __init__(self, where: str, look: Any) -> None:
        self.where, self._look = where, look
        self.complaints: list[str] = []

    def number(self, path: str, least: float, most: float, default: float | None = None) -> float:
        try:
            value = self._look(path)
        except BadRecord as error:
            if default is not None:
                return default
            self.complaints.append(error.message.removeprefix(f"{self.where}: "))
            return least
        return self._within(path, value, least, most)

    def whole(self, path: str, least: int, most: int, default: int | None = None) -> int:
        value = self.number(path, least, most, default)
        if value != int(value):
            self.complaints.append(f"{path}: {value} is not a whole number")
        return int(value)

    def wholes(self, path: str, least: int, most: int) -> tuple[int, ...]:
        return self._list(path, least, most)

    def lists(self, path: str, least: int, most: int) -> tuple[tuple[int, ...], ...]:
        try:
            rows = self._look(path)
        except BadRecord as error:
            self.complaints.append(error.message.removeprefix(f"{self.where}: "))
            return ()
        if not isinstance(rows, list) or not 0 < len(rows) <= 8:
            self.complaints.append(f"{path}: expected 1 to 8 lists, got {str(rows)[:40]}")
            return ()
        return tuple(self._row(path, row, least, most) for row in rows)

    def _list(self, path: str, least: int, most: int) -> tuple[int, ...]:
        try:
            return self._row(path, self._look(path), least, most)
        except BadRecord as error:
            self.complaints.append(error.message.removeprefix(f"{self.where}: "))
            return ()

    def _row(self, path: str, row: Any, least: int, most: int) -> tuple[int, ...]:
        if not isinstance(row, list) or not 0 < len(row) <= 8:
            self.complaints.append(f"{path}: expected 1 to 8 numbers, got {str(row)[:40]}")
            return ()
        return tuple(int(self._within(path, item, least, most)) for item in row)

    def _within(self, path: str, value: Any, least: float, most: float) -> float:
        if isinstance(value, str):  # YAML 1.1 reads 1e-06 as text
            with contextlib.suppress(ValueError):
                value = float(value)
        if type(value) not in (int, float) or not least <= value <= most:
            shown = str(value)[:40]
            self.complaints.append(f"{path}: {shown!r} is not a number from {least} to {most}")
            return least
        return float(value)


def read_dimensions(yaml_path: Path, config_path: Path) -> Dimensions:
    """Raises BadRecord listing every key that is missing or out of range."""
    config = _read_config(config_path)
    document: Document = read_hyperpyyaml(yaml_path)
    y, c = _Keys(str(yaml_path), document.at), _Keys(str(config_path), config)
    codes = y.whole("llm.speech_token_size", 2, 1 << 16)
    llm = LlmDimensions(
        layers=c.whole("num_hidden_layers", 1, 256),
        hidden=c.whole("hidden_size", 2, 1 << 14),
        heads=c.whole("num_attention_heads", 1, 256),
        kv_heads=c.whole("num_key_value_heads", 1, 256),
        feed_forward=c.whole("intermediate_size", 1, 1 << 17),
        text_rows=c.whole("vocab_size", 2, 1 << 20),
        codes=codes,
        norm_eps=c.number("rms_norm_eps", 1e-12, 0.1),
        rope_theta=c.number("rope_theta", 1.0, 1e9),
    )
    dit = "flow.decoder.estimator"
    flow = FlowDimensions(
        codes=y.whole("flow.vocab_size", 2, 1 << 16),
        mels=y.whole("flow.output_size", 1, 512),
        xvec=y.whole("flow.spk_embed_dim", 1, 4096),
        look_ahead=y.whole("flow.pre_lookahead_len", 1, 64),
        look_ahead_channels=y.whole("flow.pre_lookahead_layer.channels", 1, 1 << 14),
        frames_per_token=y.whole("flow.token_mel_ratio", 1, 16),
        dim=y.whole(f"{dit}.dim", 2, 1 << 14),
        depth=y.whole(f"{dit}.depth", 1, 256),
        heads=y.whole(f"{dit}.heads", 1, 256),
        head=y.whole(f"{dit}.dim_head", 2, 1024),
        feed_forward=y.whole(f"{dit}.ff_mult", 1, 16),
        guidance=y.number("flow.decoder.cfm_params.content.inference_cfg_rate", 0.0, 10.0),
        block=y.whole(f"{dit}.static_chunk_size", 1, 10_000),
    )
    vocoder = _vocoder(y)
    sampling = Sampling(
        y.number("llm.sampling.top_p", 0.0, 1.0),
        y.whole("llm.sampling.top_k", 1, 10_000),
        y.whole("llm.sampling.win_size", 0, 10_000),
        y.number("llm.sampling.tau_r", 0.0, 1.0),
    )
    mel = [y.whole(f"feat_extractor.{k}", 1, 1 << 16) for k in ("n_fft", "hop_size", "win_size")]
    complaints = [f"{k.where}: {text}" for k in (y, c) for text in k.complaints]
    if not complaints:
        complaints = _disagreements(llm, flow, vocoder, mel)
    if complaints:
        raise BadRecord("; ".join(complaints), _REMEDY)
    return Dimensions(llm, flow, vocoder, sampling, *mel)


def _vocoder(y: _Keys) -> VocoderDimensions:
    return VocoderDimensions(
        mels=y.whole("hift.in_channels", 1, 512),
        channels=y.whole("hift.base_channels", 8, 1 << 13),
        harmonics=y.whole("hift.nb_harmonics", 0, 64),
        rate=y.whole("hift.sampling_rate", 8_000, 48_000),
        sine=y.number("hift.nsf_alpha", 0.0, 10.0),
        noise=y.number("hift.nsf_sigma", 0.0, 10.0),
        voiced_hz=y.number("hift.nsf_voiced_threshold", 0.0, 1000.0),
        up_rates=y.wholes("hift.upsample_rates", 1, 64),
        up_kernels=y.wholes("hift.upsample_kernel_sizes", 1, 128),
        n_fft=y.whole("hift.istft_params.n_fft", 4, 256),
        hop=y.whole("hift.istft_params.hop_len", 1, 64),
        kernels=y.wholes("hift.resblock_kernel_sizes", 1, 64),
        dilations=y.lists("hift.resblock_dilation_sizes", 1, 64),
        source_kernels=y.wholes("hift.source_resblock_kernel_sizes", 1, 64),
        source_dilations=y.lists("hift.source_resblock_dilation_sizes", 1, 64),
        slope=y.number("hift.lrelu_slope", 0.0, 1.0),
        limit=y.number("hift.audio_limit", 0.01, 1.0),
        look_right=y.whole("hift.conv_pre_look_right", 0, 64, LOOK_RIGHT),
        f0_channels=y.whole("hift.f0_predictor.cond_channels", 1, 1 << 13),
    )


def _disagreements(
    llm: LlmDimensions, flow: FlowDimensions, vocoder: VocoderDimensions, mel: list[int]
) -> list[str]:
    stages = len(vocoder.up_rates)
    rules = {
        "hidden_size is not a multiple of 2 x num_attention_heads": llm.hidden % (2 * llm.heads),
        "num_attention_heads is not a multiple of num_key_value_heads": llm.heads % llm.kv_heads,
        "llm.speech_token_size differs from flow.vocab_size": llm.codes != flow.codes,
        "flow.output_size differs from hift.in_channels": flow.mels != vocoder.mels,
        "dim is not heads x dim_head": flow.dim != flow.heads * flow.head,
        "dim_head is odd": flow.head % 2,
        f"dim is not a multiple of {POSITION_GROUPS}": flow.dim % POSITION_GROUPS,
        "base_channels cannot be halved at every stage": vocoder.channels % (1 << stages),
        "upsample_rates and kernels differ in number": len(vocoder.up_kernels) != stages,
        "resblock kernels and dilations differ in number": (
            len(vocoder.kernels) != len(vocoder.dilations)
        ),
        "source kernels and stages differ in number": (
            {len(vocoder.source_kernels), len(vocoder.source_dilations)} != {stages}
        ),
        "hop_len does not divide n_fft twice": vocoder.n_fft % (2 * vocoder.hop),
        "hop_size is not the vocoder's frame": mel[1] != vocoder.frame,
    }
    return [text for text, broken in rules.items() if broken]


def _read_config(path: Path) -> Any:
    try:
        config = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"{path}: not readable as JSON: {error}", _REMEDY) from None

    def look(key: str) -> Any:
        if not isinstance(config, dict) or key not in config:
            raise BadRecord(f"{path}: {key}: missing", _REMEDY)
        return config[key]

    return look
