"""The volume of the sound card, without clicks."""

from __future__ import annotations

import numpy as np

from edge.pcm import Samples


class Fader:
    """`wish` is a factor of the amplitude, from 0 to 1; any thread may set it, one fades."""

    def __init__(self) -> None:
        self.wish = 1.0
        self._gain = 1.0  # what the last sample was multiplied by

    def fade(self, block: Samples, frames: int) -> Samples:
        """Return the block at the wished volume; a fade from 0 to 1 takes `frames` frames."""
        gain, wish = self._gain, self.wish
        if gain == wish:
            return block if gain == 1 else block * np.float32(gain)
        steps = np.arange(1, len(block) + 1) / max(1, frames)
        ramp = np.minimum(gain + steps, wish) if wish > gain else np.maximum(gain - steps, wish)
        self._gain = float(ramp[-1])
        return block * ramp.astype(np.float32)
