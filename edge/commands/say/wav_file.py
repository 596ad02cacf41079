"""Write speech as a WAV file, whole or not at all, or to standard output while it comes."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

from edge.errors import EmptyText, NotWritable
from edge.pcm import PcmChunk, endless_wav_header, to_int16


def write(chunks: Iterator[PcmChunk], out: str) -> None:
    """Write the chunks to this file; `-` is standard output. Raises EmptyText, NotWritable."""
    first = next(chunks, None)
    if first is None:
        raise EmptyText("the text has no sound in this voice", 'Give words: edge say "Hello."')
    every = itertools.chain([first], chunks)
    if out == "-":
        sys.stdout.buffer.write(endless_wav_header(first.rate))
        for chunk in every:
            sys.stdout.buffer.write(to_int16(chunk.samples).tobytes())
            sys.stdout.buffer.flush()
        return
    path = Path(out)
    partial = path.with_name(path.name + ".part")
    try:
        _write_file(every, first.rate, partial)
        partial.replace(path)
    except OSError as error:
        raise NotWritable(
            f"{path} cannot be written: {error.strerror}", "Choose another place: --out FILE.wav"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def _write_file(chunks: Iterator[PcmChunk], rate: int, path: Path) -> None:
    with path.open("wb") as file:
        with wave.open(file, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(rate)
            for chunk in chunks:
                writer.writeframesraw(to_int16(chunk.samples).tobytes())
        file.flush()
        os.fsync(file.fileno())
