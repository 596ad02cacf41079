"""Who speaks: what a voice print holds for this family."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.errors import BadVoicePrint
from edge.synth.voice_print import VoicePrint

FAMILY = "pocket"
LATENT = 32
"""Values of a latent: one for each 80 ms of sound."""
MOST_FRAMES = 400
"""Latents of a print: a clip of 30 s has 376."""


@dataclass(frozen=True, eq=False)
class Speaker:
    """`latents` (F, 32), float32, as the encoder makes them of a clip: they are the recording, which
    the voice's own decoder gives back. The language model's keys and values of them are made when
    the voice first speaks, 10 to 50 ms for 10 s on a PC, and kept in memory: a print of them would
    be 60 to 400 times as large, and fit one variant only."""

    latents: npt.NDArray[np.float32]
    id: str = ""
    """Changes whenever the print's file does."""


def to_arrays(latents: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.generic]]:
    return {"latents": latents}


def from_print(print_: VoicePrint) -> Speaker:
    """Raises BadVoicePrint where the arrays are not this family's."""
    latents = print_.arrays.get("latents")
    if (
        print_.family != FAMILY
        or latents is None
        or latents.dtype != np.float32
        or latents.ndim != 2
        or latents.shape[1] != LATENT
        or not 1 <= len(latents) <= MOST_FRAMES
        or not np.isfinite(latents).all()
    ):
        raise BadVoicePrint(
            "a voice print does not hold what this model needs",
            "Make it again: edge clone NAME CLIP.wav",
        )
    return Speaker(np.ascontiguousarray(latents), print_.id)
