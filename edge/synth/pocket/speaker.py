"""Who speaks: what a voice print holds for this family."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle
from edge.errors import BadVoicePrint
from edge.synth.tables import read_table
from edge.synth.voice_print import VoicePrint

FAMILY = "pocket"
DEFAULT = "voice.npy"
"""Latents of a bundle's own voice, if it has one."""
NOBODY = ""
"""Speaker that no request can name."""
MOST_FRAMES = 400
"""Latents of a print: a clip of 30 s has 376."""


@dataclass(frozen=True, eq=False)
class Speaker:
    """`latents` (F, 32), float32 (512 values in the model of January 2026), as the encoder makes
    them of a clip: they are the recording, which the voice's own decoder gives back. The language
    model's keys and values of them are made when the voice first speaks, 10 to 50 ms for 10 s on a
    PC, and kept in memory: a print of them would be 60 to 400 times as large, and fit one variant
    only."""

    latents: npt.NDArray[np.float32]
    id: str = ""
    """Changes whenever the print's file does."""


def to_arrays(latents: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.generic]]:
    return {"latents": latents}


def nobody(inner: int) -> Speaker:
    """No clip: the model is left to itself. Only to try whether it runs."""
    return Speaker(np.zeros((0, inner), np.float32))


def read_default(bundle: Bundle, inner: int) -> Speaker | None:
    """Read the voice that a bundle brings, if it does. Raises BundleDamaged."""
    if DEFAULT not in bundle.manifest.files:
        return None
    table = read_table(bundle, DEFAULT, None, inner)
    return Speaker(np.array(table, np.float32), DEFAULT)


def from_print(print_: VoicePrint, inner: int) -> Speaker:
    """Raises BadVoicePrint where the arrays are not this model's."""
    latents = print_.arrays.get("latents")
    if (
        print_.family != FAMILY
        or latents is None
        or latents.dtype != np.float32
        or latents.ndim != 2
        or latents.shape[1] != inner
        or not 1 <= len(latents) <= MOST_FRAMES
        or not np.isfinite(latents).all()
    ):
        raise BadVoicePrint(
            "a voice print does not hold what this model needs",
            "Make it again: edge clone NAME CLIP.wav",
        )
    return Speaker(np.ascontiguousarray(latents), print_.id)
