"""Read what a bundle says of its voices: config.json, and the tables of styles in styles.npy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge import records
from edge.bundle import Bundle
from edge.errors import BadStyle
from edge.pcm import Samples

CONFIG, STYLES = "config.json", "styles.npy"
MIX = "+"
"""Stands between the speakers of a mix; a weight stands behind its speaker and a colon."""
MOST_MIXED = 4
RATE = 24_000
FRAME = 600
"""Samples of a frame, by which durations count."""
PLACES = 2
"""Values of pitch and energy, and of the generator's input, in a frame."""
PLACE = FRAME // PLACES
"""Samples of a place."""
HOP = 5
"""Samples between two spectra."""


@dataclass(frozen=True)
class Settings:
    """config.json."""

    vocabulary: dict[str, int]
    """Phoneme -> id."""
    speakers: tuple[str, ...]
    """In the order of styles.npy."""
    harmonics: tuple[float, ...]
    """Weights of the source's harmonics, the fundamental first."""
    offset: float
    """Added to their sum."""


def read_settings(bundle: Bundle) -> Settings:
    return records.load_json(bundle.file(CONFIG), Settings)


class Styles:
    """The tables of styles, float32 (speakers, rows, style), as they lie in the file; a row is
    read when it is asked for."""

    def __init__(self, bundle: Bundle, settings: Settings) -> None:
        self._table = np.load(bundle.file(STYLES), mmap_mode="r", allow_pickle=False)
        if self._table.ndim != 3 or len(self._table) != len(settings.speakers):
            raise ValueError(f"{STYLES}: shape {self._table.shape}")
        self._numbers = {name: number for number, name in enumerate(settings.speakers)}

    @property
    def most_tokens(self) -> int:
        """Tokens of a segment: there is a row for each count."""
        return int(self._table.shape[1]) - 1

    def weights(self, speaker: str | None) -> Mapping[int, float]:
        """Read a speaker's name, or a mix such as `af_heart:2+af_bella`, as numbers of speakers
        and their shares. Raises BadStyle."""
        if speaker is None:
            return {0: 1.0}
        parts = speaker.split(MIX)
        if len(parts) > MOST_MIXED:
            raise BadStyle(
                f"a mix of {len(parts)} speakers; the limit is {MOST_MIXED}", "Name fewer."
            )
        shares: dict[int, float] = {}
        for part in parts:
            name, colon, weight = part.partition(":")
            share = _share(weight) if colon else 1.0
            if name not in self._numbers or not share:
                raise BadStyle(
                    f"{part!r} is no speaker of this voice"
                    + (" with a weight above 0 and up to 100" if colon else ""),
                    f"Its speakers are {', '.join(self._numbers)}; "
                    f"a mix is written NAME:2{MIX}NAME.",
                )
            number = self._numbers[name]
            shares[number] = shares.get(number, 0.0) + share
        whole = sum(shares.values())
        return {number: share / whole for number, share in shares.items()}

    def row(self, shares: Mapping[int, float], tokens: int) -> Samples:
        """Return the style for a text of so many tokens, float32 (1, style)."""
        row = min(max(tokens, 1), self._table.shape[1]) - 1
        parts = [np.float32(share) * self._table[number, row] for number, share in shares.items()]
        mixed: Samples = np.sum(parts, axis=0, dtype=np.float32)
        return mixed[None]


def _share(text: str) -> float:
    """Return a weight; 0 for whatever is none."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 < value <= 100 else 0.0
