"""Mel frames to sound, in windows: what a stretch needs of the frames beside it, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle, Variant
from edge.pcm import Samples
from edge.profile import Provider
from edge.synth.cosyvoice3.flow_steps import Mel
from edge.synth.cosyvoice3.providers import CPU
from edge.synth.cosyvoice3.settings import Settings
from edge.synth.cosyvoice3.source import Source
from edge.synth.session import Session

LEFT = 24
"""Frames before a window's own. The network sees further, but what it sees there is worth 3e-7 of
the sound (7e-6 with 20, 7e-4 with 16)."""
RIGHT = 5
"""Frames after: 4 for its first convolution and one for the inverse transform. Exact."""
PITCH_LEFT, PITCH_RIGHT = 8, 3
"""Frames that the pitch of one depends on. Exact."""
LONGEST = 50
"""Frames of a window's own, one second: bounds memory, and how late a stop is heard."""
SIZES = (48, LEFT + LONGEST + RIGHT + 1)
"""Frames of a GPU's windows, which has a plan for these lengths and no others: cuDNN plans anew at
each change, which took 120 ms where the window takes 4. The first sound of a block of 50 frames
fits into the small one."""
MIRRORED = 8
"""Samples of the source that its last spectrum sees behind the sentence's end: half of its 16."""


class Vocoder:
    def __init__(
        self, bundle: Bundle, variant: Variant, settings: Settings, chain: tuple[Provider, ...]
    ) -> None:
        self.settings = settings
        self._pitch = Session(bundle, variant.graphs["f0"], CPU)
        self._sound = Session(bundle, variant.graphs["vocoder"], chain, SIZES)
        self._sizes = SIZES if self._sound.device != "cpu" else ()

    def warm_up(self) -> None:
        """Meet every length that there will be."""
        mels, frame = self.settings.flow.mels, self.settings.source.frame
        for size in self._sizes:
            self.sound(np.zeros((mels, size), np.float32), np.zeros(size * frame, np.float32))

    def pitch(self, mel: Mel) -> npt.NDArray[np.float64]:
        """(mels, frames) to Hz (frames,)."""
        f0: npt.NDArray[np.float64] = self._pitch.run({"mel": mel[None]})["f0"][0]
        return f0

    def sound(self, mel: Mel, source: Samples) -> Samples:
        """(mels, frames) and their source to as many samples."""
        frames, frame = mel.shape[1], self.settings.source.frame
        size = next((size for size in self._sizes if size >= frames), frames)
        hops = frame // self.settings.vocoder.hop
        mask = np.zeros((1, 1, size * hops), np.float32)
        mask[..., : frames * hops] = 1
        if size > frames:
            mel = np.pad(mel, ((0, 0), (0, size - frames)))
            mirrored = source[-2 : -2 - MIRRORED : -1]
            source = np.concatenate([source, mirrored])
            source = np.pad(source, (0, size * frame - len(source)))
        inputs = {"mel": mel[None], "source": source[None, None], "mask": mask}
        wav: Samples = self._sound.run_fixed(inputs, {"wav": (1, size * frame)})["wav"]
        return wav.reshape(-1)[: frames * frame]


class SoundStream:
    """One segment's sound; mel frames come in as they are made.

    `speed` stretches the mel, as the released code does, and not the sound: the pitch stays.
    """

    def __init__(self, vocoder: Vocoder, speed: float, seed: Sequence[int]) -> None:
        settings = vocoder.settings
        self._vocoder, self._frame = vocoder, settings.source.frame
        self._stretch = Stretch(speed, settings.flow.mels)
        self._source = Source(settings.source, settings.rate, seed)
        self._mel: Mel = np.zeros((settings.flow.mels, 0), np.float32)
        self._signal: Samples = np.zeros(0, np.float32)
        self._done = 0  # frames whose sound is out
        self.ended = False

    def push(self, mel: Mel, final: bool) -> Iterator[Samples]:
        """The sound that more frames allow; all that is left where they are the last, and then
        `ended` is true with the last samples."""
        self._mel = np.concatenate([self._mel, self._stretch.push(mel, final)], axis=1)
        frames = self._mel.shape[1]
        self._make_source(frames if final else frames - PITCH_RIGHT)
        end = frames if final else len(self._signal) // self._frame - RIGHT
        while self._done < end:
            stop = min(end, self._done + LONGEST)
            samples = self._window(self._done, stop)
            self._done = stop
            self.ended = final and stop == end
            yield samples

    def _make_source(self, end: int) -> None:
        begin = len(self._signal) // self._frame
        if end > begin:
            left = max(0, begin - PITCH_LEFT)
            pitch = self._vocoder.pitch(self._mel[:, left : end + PITCH_RIGHT])
            made = self._source.make(pitch[begin - left : end - left])
            self._signal = np.concatenate([self._signal, made])

    def _window(self, start: int, stop: int) -> Samples:
        left, frame = max(0, start - LEFT), self._frame
        right = min(stop + RIGHT, len(self._signal) // frame)
        source = self._signal[left * frame : right * frame]
        sound = self._vocoder.sound(self._mel[:, left:right], source)
        return sound[(start - left) * frame : (stop - left) * frame]


class Stretch:
    """Frames at another speed, by linear interpolation in time between their middles."""

    def __init__(self, speed: float, mels: int) -> None:
        self._speed, self._made = speed, 0
        self._mel: Mel = np.zeros((mels, 0), np.float32)

    def push(self, mel: Mel, final: bool) -> Mel:
        if self._speed == 1.0:
            return mel
        self._mel = np.concatenate([self._mel, mel], axis=1)
        frames = self._mel.shape[1]
        count = max(1, int(frames / self._speed)) if frames else 0
        places = (np.arange(self._made, count) + 0.5) * self._speed - 0.5
        if not final:
            places = places[places < frames - 1]
        places = places.clip(0, max(0, frames - 1))
        low = places.astype(np.int64)
        high, share = np.minimum(low + 1, frames - 1), (places - low).astype(np.float32)
        self._made += len(places)
        mixed: Mel = self._mel[:, low] * (1 - share) + self._mel[:, high] * share
        return mixed
