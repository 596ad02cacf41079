"""Speech as it comes, in the formats that OpenAI's clients ask for.

    encoder = sound_format("opus", rate=22050)       # raises MissingPackage
    send(encoder.feed(pcm)) ...; send(encoder.finish())

Everything is mono; what goes in is PCM of 16 bits, little-endian, in whole frames.
"""

from __future__ import annotations

import os
from typing import Any, Protocol

import numpy as np

from edge.errors import MissingPackage
from edge.pcm import endless_wav_header

OPENAI_RATE = 24_000
"""Hz of `pcm`, which has no header that could say so. Opus knows it too, and not 22,050."""


class Encoder(Protocol):
    def feed(self, pcm: bytes) -> bytes:
        """Take samples; return the bytes that can be sent now, if any."""
        ...

    def finish(self) -> bytes:
        """The rest."""
        ...


class Wav:
    """At the voice's own rate, with a header for sound whose length is not known yet."""

    def __init__(self, rate: int) -> None:
        self._header = endless_wav_header(rate)

    def feed(self, pcm: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + pcm

    def finish(self) -> bytes:
        return b""


class Pcm:
    """Resampled to OPENAI_RATE, because that is the rate at which clients will play it."""

    def __init__(self, rate: int) -> None:
        self._resampler: Any = None
        if rate != OPENAI_RATE:
            try:
                import soxr
            except ModuleNotFoundError:
                raise MissingPackage(
                    f"the Python package soxr is not installed; the voice speaks at {rate} Hz "
                    f"and this format wants {OPENAI_RATE} Hz",
                    "In the clone: pip install '.[http]', or ask for response_format wav.",
                ) from None
            self._resampler = soxr.ResampleStream(rate, OPENAI_RATE, 1, dtype="int16")

    def feed(self, pcm: bytes, last: bool = False) -> bytes:
        if self._resampler is None:
            return pcm
        samples = np.frombuffer(pcm, "<i2")
        return bytes(self._resampler.resample_chunk(samples, last=last).tobytes())

    def finish(self) -> bytes:
        return self.feed(b"", last=True)


class Compressed:
    """Through libsndfile, into memory that looks like a file to it.

    soundfile can write to Python objects too, but with callbacks that a service may not have
    under MemoryDenyWriteExecute. With `whole`, nothing is sent before the end, when the header
    says how long the sound is. MP3 has a constant bit rate, from which players know the length.
    """

    def __init__(self, rate: int, format: str, subtype: str, whole: bool = False) -> None:
        try:
            import soundfile
        except (ModuleNotFoundError, OSError):
            raise _no_library(format) from None
        if subtype not in soundfile.available_subtypes(format):
            raise _no_library(format)
        self._resampler = Pcm(rate) if subtype == "OPUS" else None
        self._whole, self._sent = whole, 0
        self._memory = os.memfd_create("speech", os.MFD_CLOEXEC)
        constant = {"bitrate_mode": "CONSTANT", "compression_level": 0.5}
        self._file = soundfile.SoundFile(
            self._memory,
            "w",
            samplerate=OPENAI_RATE if self._resampler else rate,
            channels=1,
            format=format,
            subtype=subtype,
            closefd=True,
            **(constant if format == "MP3" else {}),
        )

    def feed(self, pcm: bytes) -> bytes:
        if self._resampler:
            pcm = self._resampler.feed(pcm)
        self._file.buffer_write(pcm, dtype="int16")
        return b"" if self._whole else self._new()

    def finish(self) -> bytes:
        if self._resampler:
            self._file.buffer_write(self._resampler.finish(), dtype="int16")
        memory = os.dup(self._memory)
        try:
            self._file.close()
            self._memory = memory
            return self._new()
        finally:
            os.close(memory)

    def _new(self) -> bytes:
        new = os.pread(self._memory, os.fstat(self._memory).st_size - self._sent, self._sent)
        self._sent += len(new)
        return new


def _no_library(format: str) -> MissingPackage:
    return MissingPackage(
        f"{format} needs the Python package soundfile, with a libsndfile of 1.1 or later",
        "pip install soundfile where `edge http` runs, or ask for response_format wav or pcm.",
    )


MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


def sound_format(name: str, rate: int) -> Encoder:
    """The encoder of one of MEDIA_TYPES for sound at `rate` Hz. Raises MissingPackage."""
    match name:
        case "wav":
            return Wav(rate)
        case "pcm":
            return Pcm(rate)
        case "mp3":
            return Compressed(rate, "MP3", "MPEG_LAYER_III")
        case "opus":
            return Compressed(rate, "OGG", "OPUS")
    return Compressed(rate, "FLAC", "PCM_16", whole=True)
