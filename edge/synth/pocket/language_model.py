"""Text to latents: one graph, run over the voice once, then over the text, then once a frame."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.bundle import Bundle, Variant
from edge.synth.pocket.caches import RowCache
from edge.synth.pocket.settings import LATENT, Settings
from edge.synth.pocket.speaker import Speaker
from edge.synth.session import Array, Session
from edge.synth.tables import read_table
from edge.synth.variants import on_cpu

TEXT, WIDEN = "text.npy", "text_widen.npy"
"""Rows of the pieces, as float32 or as its upper halves (uint16), and the matrix that makes them
as wide as the model, if they are narrower."""
FED, VOICE = "fed.npy", "voice_rows.npy"
"""Matrices from a latent of its own, and from one of a clip, to a row."""
EDGES = "edges.npy"
"""The row that speech begins with, and the one before a voice, if the model has one."""
KEPT_VOICES = 4
"""Voices whose rows stay in memory: 2 to 24 MB each for a clip of 10 s."""
_SILENT = np.zeros((1, LATENT), np.float32)


@dataclass(frozen=True)
class Step:
    """One frame: its latent (1, 32), the logit of the end, and the watched heads' queries."""

    latent: Array
    eos: float
    watched: Array | None


class LanguageModel:
    """Loads the graph, and the tables that numpy needs."""

    def __init__(self, bundle: Bundle, variant: Variant, settings: Settings) -> None:
        self.settings = settings
        self._session = Session(
            bundle, variant.graphs["lm"], on_cpu(bundle.profile.runtime.providers.encoder)
        )
        self.provider = self._session.provider
        self._width = int(self._session.inputs["x"][2])
        self._text = read_table(bundle, TEXT, None, None, kinds="fu")
        self._widen: Array | None = None
        if WIDEN in bundle.manifest.files:
            self._widen = read_table(bundle, WIDEN, self._text.shape[1], self._width)
        self._fed = read_table(bundle, FED, LATENT, self._width)
        self._voice = read_table(bundle, VOICE, settings.inner, self._width)
        self._edges = read_table(bundle, EDGES, None, self._width)
        self._kept: OrderedDict[tuple[str, int], Array] = OrderedDict()

    def begin(self, speaker: Speaker, text: Sequence[int], frames: int) -> Speech:
        """Make ready to speak a text in this voice, for so many frames at the most. The voice's
        own rows are run through the model if it has not spoken lately."""
        prefix = self._prefix(speaker)
        rows = prefix.shape[-2] + len(text) + 1 + frames
        cache = RowCache.like(self._session, rows)
        cache.put(prefix)
        return Speech(self, self._session, cache, self._text_rows(text))

    def fed(self, latent: Array) -> Array:
        """The row that tells the model what it made: (1, width)."""
        row: Array = latent @ self._fed
        return row

    def _text_rows(self, ids: Sequence[int]) -> Array:
        rows: Array = as_floats(self._text[list(ids)])
        rows = rows if self._widen is None else rows @ self._widen
        return np.concatenate([rows, self._edges[:1]])

    def _prefix(self, speaker: Speaker) -> Array:
        key = (speaker.id, len(speaker.latents))
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        rows = np.concatenate([self._edges[1:], speaker.latents @ self._voice])
        cache = RowCache.like(self._session, len(rows))
        inputs = {"x": rows[None], "noise": _SILENT, **cache.places(len(rows))}
        self._session.hold(cache.arrays, {}).run(inputs, self.settings.outputs)
        self._kept[key] = cache.taken()
        if len(self._kept) > KEPT_VOICES:
            self._kept.popitem(last=False)
        return self._kept[key]


class Speech:
    """A segment that is being spoken."""

    def __init__(
        self, model: LanguageModel, session: Session, cache: RowCache, text: Array
    ) -> None:
        self._model, self._cache = model, cache
        self._held = session.hold(cache.arrays, {})
        self._rows = text
        self.text_from, self.text_rows = cache.rows, len(text) - 1

    def step(self, noise: Array) -> Step:
        """Make the next frame of noise (1, 32), already scaled."""
        inputs = {
            "x": self._rows[None],
            "noise": noise,
            **self._cache.places(len(self._rows)),
        }
        made = self._held.run(inputs, self._model.settings.outputs)
        latent = made["latent"].copy()
        self._rows = self._model.fed(latent)
        watched = made["watched"].copy() if "watched" in made else None
        return Step(latent, float(made["eos"][0, 0]), watched)

    @property
    def row(self) -> int:
        """Place of the row that the last step ended with."""
        return self._cache.rows - 1

    def text_keys(self, layer: int, kv_head: int) -> Array:
        """Keys of the text's rows, as one head has them: (rows, head)."""
        keys = self._cache.arrays[f"keys_{layer}"]
        found: Array = keys[0, kv_head, self.text_from : self.text_from + self.text_rows]
        return found


def as_floats(rows: Array) -> Array:
    """Make rows float32; those of 16 bits are the upper halves of such."""
    if rows.dtype == np.uint16:
        return (rows.astype(np.uint32) << 16).view(np.float32)
    return rows.astype(np.float32)
