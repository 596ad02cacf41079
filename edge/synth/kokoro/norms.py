"""Foresee the statistics of the generator's norms, so that a sentence can be made in chunks.

The generator norms its channels over the whole sentence, and what it norms is known only once all
of it is made. But the means and deviations of one speaker hardly move from sentence to sentence,
and how they move follows from the pitch, the energy and the frames, which are known before. So a
build measures them for each speaker, and a line through what was measured says what they will be:
features times `slopes` times `shapes`, in parts of the usual spread, beside `usual`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle
from edge.pcm import Samples

NORMS = "norms.npz"
RANK = 32
"""Directions in which the statistics of a speaker move together. Of 12 the sound is 0.2 dB further
from that of its own norms."""
_VOICED_HZ = 10.0
_QUIET = -4.0
"""Energy below which nothing is heard."""
_EPSILON = 1e-5

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Foresight:
    """Holds what a build learnt of speakers; each array's first axis is the speaker, in the order
    of `speakers`, their numbers in the table of styles. C: channels of all norms, F: features."""

    speakers: npt.NDArray[np.int64]
    centre: Array
    """(speakers, F) the features' means."""
    slopes: Array
    """(speakers, F, rank)"""
    shapes: npt.NDArray[np.int8]
    """(speakers, rank, 2 C): how a direction moves the means, in usual deviations, and the
    deviations' logarithms; the slopes hold its size."""
    usual: npt.NDArray[np.float16]
    """(speakers, 2 C): means, and logarithms of deviations."""

    def norms(self, speaker: int, features: Array) -> Array | None:
        """Return means and deviations (2, C); None of a speaker that the build did not learn."""
        found = np.flatnonzero(self.speakers == speaker)
        if not found.size:
            return None
        row = int(found[0])
        weights = (features - self.centre[row]) @ self.slopes[row]
        moved = weights @ self.shapes[row].astype(np.float32)
        means, deviations = np.split(self.usual[row].astype(np.float32), 2)
        by_mean, by_deviation = np.split(moved, 2)
        made = [means + by_mean * np.exp(deviations), np.exp(deviations + by_deviation)]
        return np.stack(made).astype(np.float32)


def features_of(x: Array, f0: Samples, energy: Samples) -> Array:
    """Say in numbers what the front end made of a sentence: x (1, channels, places), f0 and energy
    (places,). float32 (7 + 2 channels,)"""
    voiced = f0 > _VOICED_HZ
    pitch = np.log(f0[voiced]) if voiced.any() else np.zeros(1, np.float32)
    curves = [
        *(voiced.mean(), pitch.mean(), pitch.std(), energy.mean(), energy.std()),
        *(100 / len(f0), (energy < _QUIET).mean()),
    ]
    deviations = np.log(x[0].std(axis=1) + np.float32(_EPSILON))
    made: Array = np.concatenate([curves, x[0].mean(axis=1), deviations]).astype(np.float32)
    return made


def read_foresight(bundle: Bundle) -> Foresight | None:
    """Read what the build learnt; None if it learnt nothing."""
    if NORMS not in bundle.manifest.files:
        return None
    with np.load(bundle.file(NORMS), allow_pickle=False) as arrays:
        found = Foresight(**{name: arrays[name] for name in Foresight.__dataclass_fields__})
    counts = {len(found.speakers), len(found.centre), len(found.slopes), len(found.shapes)}
    if len(counts | {len(found.usual)}) != 1 or found.shapes.shape[2] != found.usual.shape[1]:
        raise ValueError(f"{NORMS}: arrays of different speakers")
    return found
