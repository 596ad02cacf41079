"""Sound as numbers.

A *sample* is one amplitude, float32 in [-1, 1] or int16. Everything here is mono, so a *frame*
(one sample per channel) is one sample. *Rate* is samples per second, in Hz.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

INT16_PEAK = 32767


@dataclass(frozen=True)
class Word:
    """A word in a stretch of sound."""

    text_start: int
    text_end: int
    """Characters of the text, end exclusive."""
    start: int
    length: int
    """Samples from the beginning of the sound, and of the word."""
    estimated: bool = False
    """True if the place is only roughly so."""

    def moved(self, samples: int) -> Word:
        """Move it to a sound that has so many samples before this one."""
        return replace(self, start=self.start + samples)

    def later(self, characters: int) -> Word:
        """Move it to a text that has so many characters before this one."""
        return replace(
            self, text_start=self.text_start + characters, text_end=self.text_end + characters
        )


@dataclass(frozen=True)
class Bookmark:
    """A place in a stretch of sound that somebody wants to hear of."""

    name: str
    start: int
    """Samples from the beginning of the sound; all of them, if it lies at the end."""

    def moved(self, samples: int) -> Bookmark:
        """Move it to a sound that has so many samples before this one."""
        return replace(self, start=self.start + samples)


@dataclass(frozen=True)
class PcmChunk:
    """A stretch of mono sound."""

    samples: Samples
    """float32 (frames,)."""
    rate: int
    """Samples per second, Hz."""
    words: tuple[Word, ...] = ()
    """Words that begin in it, if they were asked for; they may go on in the next chunk."""
    begins: bool = False
    """True if a sentence begins here, so that interrupted speech can be taken up again."""
    bookmarks: tuple[Bookmark, ...] = ()
    """Marks that lie in it, in order."""

    def part(self, start: int, stop: int | None = None) -> PcmChunk:
        """Cut out the samples from `start` to `stop`, with the words that begin in them."""
        samples = self.samples[start:stop]
        words = tuple(w.moved(-start) for w in self.words if 0 <= w.start - start < len(samples))
        last = len(self.samples) if stop is None else len(samples) + start - 1
        bookmarks = tuple(b.moved(-start) for b in self.bookmarks if start <= b.start <= last)
        return PcmChunk(samples, self.rate, words, self.begins and start == 0, bookmarks)

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def silence(seconds: float, rate: int) -> PcmChunk:
    return PcmChunk(np.zeros(round(seconds * rate), np.float32), rate)


def to_int16(samples: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
    """Turn float32 in [-1, 1] into int16; louder samples are clipped, NaN becomes silence."""
    scaled = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0) * np.float32(INT16_PEAK)
    clipped = np.clip(np.rint(scaled), -INT16_PEAK, INT16_PEAK)
    return np.asarray(clipped, np.int16)


def endless_wav_header(rate: int) -> bytes:
    """Make the header of a mono WAV of int16 whose length is not known yet: the largest that
    readers take."""
    most = 0x7FFFFFFF
    form = struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16)
    return (
        struct.pack("<4sI8s", b"RIFF", most, b"WAVEfmt ")
        + form
        + struct.pack("<4sI", b"data", most - 36)
    )
