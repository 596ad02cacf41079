"""Parsers of what `edge build` is given: files of a checkpoint that may be a stranger's."""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge.bundler.export.kokoro.packs import VOICE, read_packs
from edge.bundler.export.kokoro.torch_file import read_torch_file
from edge.bundler.export.pocket.layout import read_layout, sizes_of
from edge.bundler.export.pocket.safetensors import Tensors
from edge.bundler.export.pocket.vocabulary import read_vocabulary
from edge.synth.pocket.tokenizer import Tokenizer

STYLE = 4
"""Half of the numbers in a row of a made-up table of styles."""
PIECES = 260
"""Of the made-up vocabularies: 256 bytes, and four others."""


@contextlib.contextmanager
def file_of(data: bytes) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="edge-fuzz-") as file:
        file.write(data)
        file.flush()
        yield Path(file.name)


def safetensors(data: bytes) -> None:
    """What is let through has as many numbers as its shape says, all of them finite."""
    with file_of(data) as path:
        tensors = Tensors(path)
        for name, shape in tensors.shapes.items():
            found = tensors[name]
            assert found.shape == shape and np.isfinite(found).all()


def layout(data: bytes) -> None:
    """The YAML of a checkpoint, and the sizes of graphs that follow from it."""
    with file_of(data) as path:
        sizes = sizes_of(read_layout(path), "fuzz")
    assert sizes.frame > 0 and sizes.lm.head > 0


def vocabulary(data: bytes) -> None:
    """A tokenizer's file, of either kind; what it cuts is the text again."""
    with file_of(data) as path:
        tokenizer = Tokenizer(read_vocabulary(path, PIECES))
    for text in ("", "a", "Grüße, ▁ 1"):
        ids = tokenizer.encode(text)
        assert all(0 <= each < PIECES for each in ids)
        tokenizer.decode(ids)


def torch_file(data: bytes) -> None:
    """What torch.save wrote: a pickle that may name nothing but tensors."""
    with file_of(data) as path:
        for array in read_torch_file(path).values():
            assert array.nbytes <= math.prod(array.shape) * 8


def styles(data: bytes) -> None:
    """A speaker's table, raw or of torch.save."""
    weights = {"decoder.encode.norm1.fc.weight": np.zeros((1, STYLE), np.float32)}
    with file_of(data) as path:
        names, tables = read_packs({f"{VOICE}anna": path}, weights)
    assert names == ("anna",) and tables.shape[2] == 2 * STYLE and np.isfinite(tables).all()
