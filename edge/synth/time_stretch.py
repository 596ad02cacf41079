"""Speech faster than a model speaks: less time, the same pitch.

A model's own durations are whole frames of 12 to 25 ms, and there is nothing to take from a sound
of one frame: the faster it is made to speak, the more sounds it loses, and Whisper loses the
words. Beyond ALONE most is done to the sound, by libsonic (Apache-2.0,
https://github.com/waywardgeek/sonic), as in espeak-ng.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge.errors import MissingPackage
from edge.pcm import PcmChunk, Samples, Word
from edge.synth.schedule import Decoder

ALONE = 1.5
"""Up to here the models speak by themselves, and every board can."""
MODEL_SPEED = 1.25
"""The models' own speed beyond that; figures: docs/measurements/2026-11-23-fast-speech.md."""
LIBRARY = "libsonic.so.0"
INSTALL = "sudo apt install libsonic0"
_HELD_S = 2 / 65
"""Sound that the library keeps back: two periods of the lowest pitch that it knows, 65 Hz."""


def check_speed(speed: float, alone: float = ALONE) -> None:
    """Refuse a speed that this machine cannot speak at. `alone`: the fastest that the model speaks
    by itself; one that knows no speed but its own has 1. Raises MissingPackage."""
    if speed > alone or (speed < 1.0 and alone == 1.0):
        try:
            _library(LIBRARY)
        except OSError as error:
            raise MissingPackage(
                f"speed {speed:g} needs the library libsonic, without which {alone:g} is "
                f"the most: {error}",
                f"{INSTALL} (or choose {'at most ' if alone > 1 else ''}{alone:g})",
            ) from None


def paced(durations: npt.ArrayLike, speed: float, least: int = 0) -> tuple[list[int], float]:
    """Return the frames of each id at this speed, from those at speed 1, and the factor by which
    their sound is still too long: 1 up to ALONE. `least`: frames that an id needs.

    The running total is rounded, not each id: rounded up, a sentence at 2 was only 1.5 times as
    fast.
    """
    given = np.asarray(durations, np.float64)
    ends = np.rint(np.cumsum(given) / _by_the_model(speed))
    needed = np.minimum(np.ceil(given), least)
    frames = np.maximum(np.diff(ends, prepend=0.0), needed).astype(np.int64)
    if speed <= ALONE or not frames.sum():
        return frames.tolist(), 1.0
    return frames.tolist(), float(frames.sum() * speed / given.sum())


def _by_the_model(speed: float) -> float:
    return speed if speed <= ALONE else MODEL_SPEED


def quicker(decoder: Decoder, speed: float) -> Decoder:
    """Return the decoder as playback sees it, whose sound is stretched afterwards."""
    if speed <= ALONE:
        return decoder
    held = int(np.ceil(_HELD_S / decoder.frame_s))
    factor = speed / _by_the_model(speed)
    return replace(decoder, frame_s=decoder.frame_s / factor, look_ahead=decoder.look_ahead + held)


def stretched(chunks: Iterable[PcmChunk], factor: float) -> Iterator[PcmChunk]:
    """Make the speech `factor` times as fast, with its words where they are heard then."""
    if factor == 1.0:
        yield from chunks
        return
    stream: _Stream | None = None
    words: list[Word] = []
    taken = made = rate = 0
    try:
        for chunk in chunks:
            if not len(chunk.samples):
                yield chunk
                continue
            if stream is None:
                rate, stream = chunk.rate, _Stream(chunk.rate, factor)
            words += [_moved(word, taken, factor) for word in chunk.words]
            taken += len(chunk.samples)
            samples = stream.push(chunk.samples)
            mine = [word for word in words if word.start < made + len(samples)]
            words = words[len(mine) :]
            yield PcmChunk(samples, rate, tuple(word.moved(-made) for word in mine))
            made += len(samples)
        if stream is None:
            return
        samples = stream.finish()
        if words and not len(samples):
            samples = np.zeros(1, np.float32)
        last = made + len(samples) - 1
        mine = [replace(word, start=min(word.start, last) - made) for word in words]
        if len(samples):
            yield PcmChunk(samples, rate, tuple(mine))
    finally:
        if stream is not None:
            stream.close()


def _moved(word: Word, before: int, factor: float) -> Word:
    start = int((before + word.start) / factor)
    return replace(word, start=start, length=max(1, int(word.length / factor)))


class _Stream:
    """libsonic's stream of mono float samples."""

    def __init__(self, rate: int, factor: float) -> None:
        self._sonic = _library(LIBRARY)
        self._stream = self._sonic.sonicCreateStream(rate, 1)
        if not self._stream:
            raise MemoryError("libsonic has no memory for a stream")
        self._sonic.sonicSetSpeed(self._stream, factor)

    def push(self, samples: Samples) -> Samples:
        """Take samples; return those that can be given out now."""
        given = np.ascontiguousarray(samples, np.float32)
        self._check(
            self._sonic.sonicWriteFloatToStream(self._stream, given.ctypes.data, len(given))
        )
        return self._read()

    def finish(self) -> Samples:
        self._check(self._sonic.sonicFlushStream(self._stream))
        return self._read()

    def close(self) -> None:
        self._sonic.sonicDestroyStream(self._stream)
        self._stream = None

    def _read(self) -> Samples:
        made = np.empty(self._sonic.sonicSamplesAvailable(self._stream), np.float32)
        count = self._sonic.sonicReadFloatFromStream(self._stream, made.ctypes.data, len(made))
        return made[:count]

    def _check(self, done: int) -> None:
        if not done:
            raise MemoryError("libsonic has no memory for more sound")


@functools.cache
def _library(name: str) -> ctypes.CDLL:
    """Raises OSError, each time anew, until it is there."""
    sonic = ctypes.CDLL(name)
    stream, pointer, whole = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int
    sonic.sonicCreateStream.restype = stream
    sonic.sonicCreateStream.argtypes = [whole, whole]
    sonic.sonicDestroyStream.restype = None
    sonic.sonicDestroyStream.argtypes = [stream]
    sonic.sonicSetSpeed.restype = None
    sonic.sonicSetSpeed.argtypes = [stream, ctypes.c_float]
    sonic.sonicWriteFloatToStream.argtypes = [stream, pointer, whole]
    sonic.sonicReadFloatFromStream.argtypes = [stream, pointer, whole]
    sonic.sonicFlushStream.argtypes = [stream]
    sonic.sonicSamplesAvailable.argtypes = [stream]
    return sonic
