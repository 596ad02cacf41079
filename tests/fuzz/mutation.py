"""Inputs made of others: bits, bytes, numbers and pieces changed, cut out, doubled, put in."""

from __future__ import annotations

import random
from collections.abc import Sequence

MAX_BYTES = 40_000
NUMBERS = (0, 1, -1, 127, 255, 256, 1 << 15, 1 << 16, (1 << 31) - 1, 1 << 31, 1 << 62, 1 << 64)
WORDS = (
    b"\0", b"\n", b"\r\n", b"[", b"{", b"}", b"]", b'"', b"'", b"&", b"*", b"!", b"<", b">", b": ",
    b"- ", b"~", b"null", b"true", b".inf", b".nan", b"1e999", b"1e-999", b"!!bool ", b"!!int ''",
    b"!!float x", b"!!timestamp x", b"!!set {a}", b"!!binary x", b"&a ", b"*a", b"<<: ", b"? [a]",
    b"\\u0000", b"\\ud800", b"&#10;", b"&#x110000;", b"<mark name='", b"/>", b"../", b"\xff\xfe",
    b"\xed\xa0\x80", b"\xe2\x80\xa8", b"[[", b"]]",
)  # fmt: skip
"""Pieces that parsers of JSON, YAML, SSML and names trip over."""


def mutated(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return `data` after one to six changes, some with pieces of `others`."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        _change(chance, changed, others)
    return bytes(changed[:MAX_BYTES])


def _change(chance: random.Random, data: bytearray, others: Sequence[bytes]) -> None:
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.choice((1, 2, 4, 8, 40)))
    what = chance.randrange(9)
    if what == 0 and at < len(data):
        data[at] ^= 1 << chance.randrange(8)
    elif what == 1 and at < len(data):
        data[at] = chance.randrange(256)
    elif what == 2:
        del data[at:end]
    elif what == 3:
        data[at:at] = data[at:end] * chance.choice((1, 2, 50))
    elif what == 4:
        data[at:at] = chance.choice(WORDS) * chance.choice((1, 1, 2, 300))
    elif what == 5:
        data[at:end] = str(chance.choice(NUMBERS)).encode()
    elif what == 6:
        size = chance.choice((1, 2, 4, 8))
        number = chance.choice(NUMBERS) % (1 << 8 * size)
        data[at : at + size] = number.to_bytes(size, chance.choice(("little", "big")))  # type: ignore[arg-type, unused-ignore]
    elif what == 7:
        other = chance.choice(others)
        start = chance.randrange(len(other) + 1)
        data[at:end] = other[start : start + chance.randint(1, 200)]
    else:
        del data[at:]
