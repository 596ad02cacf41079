"""A family's own description in a bundle, from somebody who knows how to make a checksum."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import synth
from edge.errors import BundleDamaged, EdgeError
from tests.helpers.packed import pack

ODD = (
    b"",
    b"[]",
    b"5",
    b"{}",
    b"\xff",
    b"[" * 100_000,
    b'{"num_speakers": 5, "speaker_id_map": 3}',
)


@pytest.mark.parametrize("family, name", [("piper", "config.json"), ("hibari", "vocab.json")])
@pytest.mark.parametrize("data", ODD, ids=lambda data: data[:12])
def test_a_description_that_is_none_is_damage(
    tmp_path: Path, family: str, name: str, data: bytes
) -> None:
    """Not a traceback, at a `describe`, at a reload with a lexicon, or at the load."""
    (tmp_path / name).write_bytes(data)
    bundle = pack(tmp_path, family, 22_050, {"encoder": "e.onnx", "decoder": "d.onnx"})
    told = 0
    for read in (synth.speakers, synth.phonemes, synth.load):
        try:
            read(bundle)
        except EdgeError as error:
            told += isinstance(error, BundleDamaged)
    assert told
