"""Read a checkpoint's YAML: the official layout, key by key, and the sizes that follow from it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edge import records
from edge.errors import BadRecord
from edge.synth.pocket.settings import LATENT as LATENT
from edge.synth.pocket.settings import PERIOD as PERIOD

Head = Literal["lsd", "drifting", "pointwise"]

HOP = 16
"""Rows of the codec's transformers in a frame: 200 Hz beside 12.5 Hz."""
SHORT_SPACES = 8
"""Spaces before a text of few words, for checkpoints that ask for them."""


@dataclass(frozen=True)
class FlowSizes:
    dim: int
    depth: int
    type: Head = "lsd"


@dataclass(frozen=True)
class LmTransformer:
    hidden_scale: int
    max_period: float
    d_model: int
    num_heads: int
    num_layers: int
    attn_dim: int | None = None
    """Width of all queries together; d_model if null."""
    num_kv_heads: int | None = None
    """Heads of keys and values; num_heads if null."""
    dim_feedforward: int | None = None
    """d_model times hidden_scale if null."""


@dataclass(frozen=True)
class LookupTable:
    dim: int
    n_bins: int
    tokenizer: Literal["sentencepiece", "tokenizers", "json"]
    tokenizer_path: str
    rank: int | None = None
    """Width of the stored rows, which a matrix widens; dim if null."""


@dataclass(frozen=True)
class FlowLm:
    dtype: str
    flow: FlowSizes
    transformer: LmTransformer
    lookup_table: LookupTable
    z_dim: int | None = None
    """Width of what the head and the end of speech are read from; d_model if null."""
    weights_path: str | None = None
    insert_bos_before_voice: bool = False


@dataclass(frozen=True)
class SeaNet:
    dimension: int
    channels: int
    n_filters: int
    n_residual_layers: int
    ratios: tuple[int, ...]
    kernel_size: int
    residual_kernel_size: int
    last_kernel_size: int
    dilation_base: int
    pad_mode: str
    compress: int


@dataclass(frozen=True)
class MimiTransformer:
    d_model: int
    input_dimension: int
    output_dimensions: tuple[int, ...]
    num_heads: int
    num_layers: int
    layer_scale: float
    context: int
    dim_feedforward: int
    max_period: float = PERIOD


@dataclass(frozen=True)
class Quantizer:
    dimension: int
    output_dimension: int


@dataclass(frozen=True)
class Mimi:
    dtype: str
    sample_rate: int
    channels: int
    frame_rate: float
    seanet: SeaNet
    transformer: MimiTransformer
    quantizer: Quantizer
    weights_path: str | None = None
    inner_dim: int | None = None
    outer_dim: int | None = None
    decoder_seanet: SeaNet | None = None
    """The decoder's; as the encoder's if null."""
    decoder_transformer: MimiTransformer | None = None


@dataclass(frozen=True)
class Layout:
    """The whole file, with the names of its keys."""

    flow_lm: FlowLm
    mimi: Mimi
    weights_path: str | None = None
    weights_path_without_voice_cloning: str | None = None
    pad_with_spaces_for_short_inputs: bool = False
    remove_semicolons: bool = False
    append_terminal_punctuation: bool = True
    capitalize_first_letter: bool = True
    replace_characters: Mapping[str, str] = field(default_factory=dict)
    model_recommended_frames_after_eos: int | None = None
    default_temperature: float = 0.3
    default_eos_threshold: float = -4.0


@dataclass(frozen=True)
class Attention:
    """Sizes of the layers of one transformer. `context` rows are seen, the row itself among them;
    0 sees all. `scaled`: each layer's two outputs have factors of their own."""

    width: int
    layers: int
    heads: int
    kv_heads: int
    head: int
    ffn: int
    context: int
    scaled: bool

    @property
    def queries(self) -> int:
        return self.heads * self.head

    @property
    def keys(self) -> int:
        return self.kv_heads * self.head


@dataclass(frozen=True)
class Sizes:
    """All that the graphs are made from."""

    lm: Attention
    head: Head
    head_width: int
    head_blocks: int
    hidden: int
    """Width of what the head sees."""
    z: bool
    """Whether a matrix makes that of the model's width."""
    rows: int
    """Rows of the text table."""
    rank: int | None
    bos: bool
    """Whether a row of its own stands before the voice."""
    inner: int
    """Width of the encoder's result."""
    outer: int
    """Width of the decoder's first rows."""
    encoder: SeaNet
    encoder_attention: Attention
    decoder: SeaNet
    decoder_attention: Attention
    rate: int

    @property
    def frame(self) -> int:
        """Samples in a frame."""
        return HOP * math.prod(self.decoder.ratios)


def read_layout(path: Path) -> Layout:
    """Read the YAML. Raises BadRecord naming the key."""
    return records.load_yaml(path, Layout)


def sizes_of(layout: Layout, where: str) -> Sizes:
    """Work out the sizes. Raises BadRecord for what the graphs cannot be made for."""
    lm, mimi = layout.flow_lm, layout.mimi
    _refuse([*_not_positive(lm, "flow_lm"), *_not_positive(mimi, "mimi")], where)
    t = lm.transformer
    encoder, decoder = mimi.seanet, mimi.decoder_seanet or mimi.seanet
    attention = mimi.decoder_transformer or mimi.transformer
    width = t.attn_dim or t.d_model
    inner, outer = mimi.inner_dim or encoder.dimension, mimi.outer_dim or decoder.dimension
    hops = [math.prod(part.ratios) for part in (encoder, decoder)]
    frame = mimi.sample_rate / mimi.frame_rate
    wrong = [
        said
        for holds, said in (
            (t.max_period == PERIOD, f"max_period {t.max_period:g}, not {PERIOD:g}"),
            (width % t.num_heads == 0, f"attn_dim {width} for {t.num_heads} heads"),
            (t.num_heads % (t.num_kv_heads or t.num_heads) == 0, f"num_kv_heads {t.num_kv_heads}"),
            (width // t.num_heads % 8 == 0, f"a head of {width // t.num_heads} values"),
            (lm.lookup_table.dim == t.d_model, f"lookup_table.dim {lm.lookup_table.dim}"),
            (mimi.channels == 1, f"{mimi.channels} channels"),
            (mimi.quantizer.dimension == LATENT, f"latents of {mimi.quantizer.dimension} values"),
            (hops[0] * HOP == hops[1] * HOP == frame, f"ratios {encoder.ratios} at {frame:g}"),
            (outer == mimi.quantizer.output_dimension == decoder.dimension, f"outer_dim {outer}"),
            *(
                (_plain(part), f"a SEANet unlike the released: {part}")
                for part in (encoder, decoder)
            ),
            *(
                (_narrow(part), f"a transformer unlike the released: {part}")
                for part in (mimi.transformer, attention)
            ),
            (mimi.transformer.d_model == encoder.dimension, "an encoder of two widths"),
            (attention.d_model == decoder.dimension, "a decoder of two widths"),
        )
        if not holds
    ]
    _refuse(wrong, where)
    return Sizes(
        lm=Attention(
            width=t.d_model,
            layers=t.num_layers,
            heads=t.num_heads,
            kv_heads=t.num_kv_heads or t.num_heads,
            head=width // t.num_heads,
            ffn=t.dim_feedforward or t.d_model * t.hidden_scale,
            context=0,
            scaled=False,
        ),
        head=lm.flow.type,
        head_width=lm.flow.dim,
        head_blocks=lm.flow.depth,
        hidden=lm.z_dim or t.d_model,
        z=lm.z_dim is not None,
        rows=lm.lookup_table.n_bins + 1,
        rank=lm.lookup_table.rank,
        bos=lm.insert_bos_before_voice,
        inner=inner,
        outer=outer,
        encoder=encoder,
        encoder_attention=_attention(mimi.transformer),
        decoder=decoder,
        decoder_attention=_attention(attention),
        rate=mimi.sample_rate,
    )


def _refuse(wrong: Sequence[str], where: str) -> None:
    if wrong:
        raise BadRecord(
            f"{where}: this structure is not known: {'; '.join(wrong)}",
            "Give the YAML of a released checkpoint, or of one trained with its structure.",
        )


def _not_positive(value: object, place: str) -> Iterator[str]:
    """Yield the sizes that are 0 or less: every number of these parts is a size."""
    if dataclasses.is_dataclass(value):
        for each in dataclasses.fields(value):
            yield from _not_positive(getattr(value, each.name), f"{place}.{each.name}")
    elif isinstance(value, tuple):
        for part in value:
            yield from _not_positive(part, place)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and not value > 0:
        yield f"{place} {value:g}"


def _attention(part: MimiTransformer) -> Attention:
    head = part.d_model // part.num_heads
    return Attention(
        width=part.d_model,
        layers=part.num_layers,
        heads=part.num_heads,
        kv_heads=part.num_heads,
        head=head,
        ffn=part.dim_feedforward,
        context=part.context,
        scaled=True,
    )


def _plain(part: SeaNet) -> bool:
    return (
        part.channels == part.n_residual_layers == 1
        and part.pad_mode == "constant"
        and part.n_filters % part.compress == 0
        and part.residual_kernel_size > 1
    )


def _narrow(part: MimiTransformer) -> bool:
    return (
        part.max_period == PERIOD
        and part.input_dimension == part.d_model
        and part.output_dimensions == (part.d_model,)
        and part.d_model % part.num_heads == 0
        and part.d_model // part.num_heads % 8 == 0
    )
