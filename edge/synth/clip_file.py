"""Read a clip from a file: WAV by ourselves, what is compressed through the package soundfile.

Rate, channels and length are checked before any sound is read, and no more of it than is used. A
second at a time is read and its channels are mixed, so that no clip takes more than its samples.
"""

from __future__ import annotations

import io
import math
import os
import shlex
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import BadClip, MissingPackage
from edge.pcm import PcmChunk, Samples
from edge.remedies import add_packages, for_speaking_alone
from edge.synth.clip import MIN_S, MOST_S, check_length, check_rate

MAX_CHANNELS = 8
MAX_HEADER = 16 << 20
"""Bytes before the sound of a WAV file: tags may hold a picture."""
EXTRA = "clips"
"""Pip extra that reads what is compressed."""
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_COMPRESSED = {b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3": "MP3", b"\xff\xfb": "MP3"}
"""First bytes -> kind; an Ogg file holds Vorbis, Opus or FLAC."""


@dataclass(frozen=True)
class _Coding:
    """How a WAV file writes its samples."""

    channels: int
    rate: int
    """Samples per second, Hz."""
    width: int
    """Bytes of a sample."""
    floats: bool

    @property
    def frame(self) -> int:
        """Bytes of a sample of every channel."""
        return self.channels * self.width


def open_clip(path: Path) -> io.BufferedReader:
    """Open the file of a clip, of which nothing is read yet. Raises BadClip."""
    try:
        return path.open("rb")
    except OSError as error:
        raise BadClip(f"{path}: {error.strerror}", "Check the path.") from None


def read_clip(
    path: Path,
    longest: float = MOST_S,
    opened: io.BufferedReader | None = None,
    *,
    first: bool = False,
    shortest: float = MIN_S,
) -> PcmChunk:
    """Read a clip of `shortest` to `longest` seconds, its channels mixed to one. With `first` a
    longer one is no mistake: its first `longest` seconds are read, and one sample that tells of
    more.

    `opened` is that file, from open_clip(). Raises BadClip, MissingPackage.
    """
    try:
        with opened or open_clip(path) as file:
            head = file.peek(4)[:4]
            kind = next((k for magic, k in _COMPRESSED.items() if head.startswith(magic)), None)
            read = _read_wav if kind is None else _read_compressed
            rate, pieces = read(path, file, shortest, math.inf if first else longest)
            most = math.floor(longest * rate) + 1
            samples = _joined(pieces, most)
    except OSError as error:
        raise BadClip(f"{path}: {error.strerror}", "Check the path.") from None
    return PcmChunk(samples, rate)


def _joined(pieces: Iterator[Samples], most: int) -> Samples:
    held, taken = 0, []
    for piece in pieces:
        taken.append(piece[: most - held])
        held += len(taken[-1])
        if held >= most:
            break
    return np.concatenate(taken) if taken else np.zeros(0, np.float32)


def _mixed(frames: npt.NDArray[np.float32]) -> Samples:
    """Mix the channels of (frames, channels) to one."""
    return np.asarray(frames.mean(axis=1), np.float32)


def _check_channels(path: Path, channels: int) -> None:
    if not 1 <= channels <= MAX_CHANNELS:
        raise BadClip(
            f"{path}: {channels} channels; 1 to {MAX_CHANNELS} can be read", _conversion(path)
        )


def _conversion(path: Path) -> str:
    name = shlex.quote(path.name)
    return f"Convert it: ffmpeg -i {name} -ac 1 -ar 24000 -c:a pcm_s16le clip.wav"


# WAV


def _read_wav(
    path: Path, file: io.BufferedReader, shortest: float, longest: float
) -> tuple[int, Iterator[Samples]]:
    try:
        coding, size = _header(file)
    except (ValueError, struct.error) as error:
        raise BadClip(
            f"{path}: not a WAV file that can be read ({error})", _conversion(path)
        ) from None
    _check_channels(path, coding.channels)
    check_rate(coding.rate)
    check_length(size / coding.frame / coding.rate, longest, shortest)
    return coding.rate, _wav_pieces(file, coding, size)


def _header(file: io.BufferedReader) -> tuple[_Coding, int]:
    """Read up to the sound: how it is written, and its bytes. Raises ValueError, struct.error."""
    riff, _, wave = struct.unpack("<4sI4s", file.read(12))
    if riff not in (b"RIFF", b"RF64") or wave != b"WAVE":
        raise ValueError("it does not begin as one")
    coding: _Coding | None = None
    passed = 0
    while True:
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            break
        if (passed := passed + size) > MAX_HEADER:
            raise ValueError(f"{passed:,} bytes before the sound")
        content = file.read(size + size % 2)
        if name == b"fmt ":
            coding = _coding(content)
    if coding is None:
        raise ValueError("its sound stands before its format")
    return coding, _sound_bytes(file, size)


def _coding(fmt: bytes) -> _Coding:
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", fmt[:16])
    if tag == _EXTENSIBLE:
        [tag] = struct.unpack("<H", fmt[24:26])  # the first bytes of its GUID
    width = (bits + 7) // 8
    widths = {_PCM: (1, 2, 3, 4), _FLOAT: (4, 8)}
    if width not in widths.get(tag, ()):
        raise ValueError(f"coding {tag} of {bits} bits; PCM of 8 to 32 and float are read")
    return _Coding(channels, rate, width, tag == _FLOAT)


def _sound_bytes(file: io.BufferedReader, said: int) -> int:
    """Return the bytes of the sound: what the header says, or what is there, if that is less; a
    program that writes into a pipe knows no size and says the largest."""
    if not file.seekable():
        return said
    return min(said, os.fstat(file.fileno()).st_size - file.tell())


def _wav_pieces(file: io.BufferedReader, coding: _Coding, size: int) -> Iterator[Samples]:
    size -= size % coding.frame
    while size > 0:
        raw = file.read(min(size, coding.rate * coding.frame))
        raw = raw[: len(raw) - len(raw) % coding.frame]
        if not raw:
            return
        size -= len(raw)
        yield _mixed(_numbers(raw, coding).reshape(-1, coding.channels))


def _numbers(raw: bytes, coding: _Coding) -> npt.NDArray[np.float32]:
    """Turn samples as they are written into [-1, 1]; floats may be beyond."""
    width = coding.width
    if coding.floats:
        with np.errstate(over="ignore"):  # a double of more than float32 holds: no number
            return np.frombuffer(raw, f"<f{width}").astype(np.float32)
    if width == 1:  # the only width that WAV stores without a sign
        whole = np.frombuffer(raw, np.uint8).astype(np.float32) - 128.0
    elif width == 3:
        padded = np.zeros((len(raw) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        whole = (padded.view("<i4")[:, 0] >> 8).astype(np.float32)
    else:
        whole = np.frombuffer(raw, f"<i{width}").astype(np.float32)
    return whole / np.float32(1 << (8 * width - 1))


# Compressed


def _read_compressed(
    path: Path, file: io.BufferedReader, shortest: float, longest: float
) -> tuple[int, Iterator[Samples]]:
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: libsndfile is not there
        remedy = _conversion(path)
        if not for_speaking_alone():
            remedy = f"{add_packages(EXTRA)}; or convert it: {remedy.partition(': ')[2]}"
        raise MissingPackage(
            f"{path} is compressed, which the Python package soundfile reads: {error}", remedy
        ) from None
    try:
        os.lseek(file.fileno(), 0, os.SEEK_SET)  # libsndfile begins where the file stands
        sound = soundfile.SoundFile(file.fileno(), closefd=False)
    except (OSError, RuntimeError) as error:  # soundfile's own errors are RuntimeErrors
        raise _unreadable(path, error) from None
    try:
        _check_channels(path, sound.channels)
        check_rate(sound.samplerate)
        check_length(sound.frames / sound.samplerate, longest, shortest)
    except BadClip:
        sound.close()
        raise
    return sound.samplerate, _decoded(path, sound)


def _decoded(path: Path, sound: Any) -> Iterator[Samples]:
    with sound:
        while True:
            try:
                frames = sound.read(sound.samplerate, dtype="float32", always_2d=True)
            except RuntimeError as error:
                raise _unreadable(path, error) from None
            if not len(frames):
                return
            yield _mixed(frames)


def _unreadable(path: Path, error: Exception) -> BadClip:
    return BadClip(f"{path}: soundfile cannot read it ({error})", _conversion(path))
