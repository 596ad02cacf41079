"""Write down what the board must know besides the graphs: config.json of the bundle."""

from __future__ import annotations

import re

from edge.bundler.export.pocket.codec import capacity
from edge.bundler.export.pocket.layout import SHORT_SPACES, Layout, Sizes
from edge.bundler.export.pocket.lm import POSITIONS
from edge.synth.pocket.settings import Cache, Preparation, Settings, Watched

WATCHED = {
    "100m": ((3, 8), (2, 0)),
    "drifting": ((2, 15),),
    "18m": ((2, 7), (3, 4)),
    "7m": ((2, 7), (2, 5)),
    "2m": ((5, 2), (2, 2), (2, 0), (3, 0)),
    "2m_refl": ((5, 2), (2, 2)),
}
"""Heads (layer, head) whose attention follows the words, which pocket-tts-timestamped 1.4.0 (MIT)
found. Those with `_refl` are as the others but for the smallest."""
_STRUCTURE = {(1024, 6): "100m", (512, 8): "18m", (224, 8): "7m", (112, 8): "2m"}
_PLACE = re.compile(r"/languages/(?P<name>[a-z0-9_-]+)/")


def settings_of(layout: Layout, sizes: Sizes) -> Settings:
    after = layout.model_recommended_frames_after_eos
    watched, known = _watched(layout, sizes)
    return Settings(
        rate=sizes.rate,
        frame=sizes.frame,
        inner=sizes.inner,
        positions=POSITIONS,
        layers=sizes.lm.layers,
        heads=sizes.lm.heads,
        kv_heads=sizes.lm.kv_heads,
        head=sizes.lm.head,
        temperature=layout.default_temperature,
        eos_threshold=layout.default_eos_threshold,
        text=Preparation(
            replace=dict(layout.replace_characters),
            commas_for_semicolons=layout.remove_semicolons,
            end_mark=layout.append_terminal_punctuation,
            capital=layout.capitalize_first_letter,
            spaces_before_short=SHORT_SPACES * layout.pad_with_spaces_for_short_inputs,
            frames_after=after,
        ),
        codec=Cache(capacity(sizes.decoder_attention, "codec"), sizes.decoder_attention.context),
        encoder=Cache(
            capacity(sizes.encoder_attention, "encoder"), sizes.encoder_attention.context
        ),
        watched=tuple(Watched(*place) for place in watched),
        watched_known=known,
    )


def _watched(layout: Layout, sizes: Sizes) -> tuple[tuple[tuple[int, int], ...], bool]:
    """Find the heads of this checkpoint, and whether they are its own: those of a model of the
    same structure, of another language or training, are a guess."""
    name = _STRUCTURE.get((sizes.lm.width, sizes.lm.layers))
    if name is None:
        return (), False
    if name == "100m" and sizes.head == "drifting":
        name = "drifting"
    found = _PLACE.search(layout.weights_path or "")
    released = found["name"] if found else ""
    refined = f"{name}_refl"
    if "_refl" in released and refined in WATCHED:
        name = refined
    return WATCHED[name], released.startswith("english")
