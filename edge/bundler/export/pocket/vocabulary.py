"""Read a tokenizer's file, of either kind, as pieces and their scores.

A SentencePiece model is a protobuf message, of which few fields matter here:
github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.errors import ExportFailed
from edge.synth.pocket.tokenizer import SPACE, Vocabulary

MAX_BYTES = 16 << 20
"""The released files have 58 kB, and 250 kB as JSON."""
_NORMAL, _UNKNOWN, _CONTROL = 1, 2, 3
_UNIGRAM = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_REMEDY = "Give the tokenizer that the checkpoint was released with."
_Fields = dict[int, list[Any]]


def read_vocabulary(path: Path, rows: int) -> Vocabulary:
    """Read a .model or a .json file. `rows`: pieces that the text table has. Raises
    ExportFailed."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ExportFailed(f"{path}: {size:,} bytes, the limit is {MAX_BYTES:,}", _REMEDY)
        raw = path.read_bytes()
    except OSError as error:
        raise ExportFailed(f"{path}: {error.strerror}", _REMEDY) from None
    try:
        found = _json(raw) if raw.lstrip()[:1] == b"{" else _sentencepiece(raw)
    except ExportFailed as error:
        raise ExportFailed(f"{path}: {error.message}", error.remedy) from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ExportFailed(f"{path}: no tokenizer that can be read: {error!r}", _REMEDY) from None
    if len(found.pieces) != rows:
        raise ExportFailed(
            f"{path}: {len(found.pieces)} pieces, and the text table has {rows} rows", _REMEDY
        )
    return found


def _sentencepiece(raw: bytes) -> Vocabulary:
    model = _fields(raw)
    trainer, normalizer = (_fields(model.get(n, [b""])[-1]) for n in (2, 3))
    wrong = {
        "another kind than unigram": trainer.get(3, [_UNIGRAM])[-1] != _UNIGRAM,
        "no byte fallback": not trainer.get(35, [0])[-1],
        "white space as a suffix": bool(trainer.get(24, [0])[-1]),
        "a table of normalization": bool(normalizer.get(2, [b""])[-1]),
        "no space before a text": not normalizer.get(3, [1])[-1],
        "white space removed": bool(normalizer.get(4, [1])[-1]),
        "white space as it is": not normalizer.get(5, [1])[-1],
    }
    _refuse(wrong)
    pieces, scores, kinds = [], [], []
    for part in model[1]:
        piece = _fields(part)
        pieces.append(piece[1][-1].decode())
        scores.append(struct.unpack("<f", piece.get(2, [bytes(4)])[-1])[0])
        kinds.append(piece.get(3, [_NORMAL])[-1])
    _refuse({f"pieces of kind {kind}": kind not in (1, 2, 3, 6) for kind in kinds})
    controls = tuple(i for i, kind in enumerate(kinds) if kind == _CONTROL)
    return Vocabulary(
        pieces=tuple(pieces),
        scores=tuple(scores),
        controls=controls,
        unknown=kinds.index(_UNKNOWN),
        bytes_from=_bytes_from(pieces),
        bits=32,
    )


def _json(raw: bytes) -> Vocabulary:
    data = json.loads(raw)
    model = data["model"]
    _refuse(
        {
            "another kind than unigram": model["type"] != "Unigram",
            "no byte fallback": not model["byte_fallback"],
            "another normalization than that of spaces": not _marks_spaces(data["normalizer"]),
            "another way to cut words": not _cuts_at_spaces(data["pre_tokenizer"]),
            "an ending of its own": data.get("post_processor") is not None,
        }
    )
    pieces = [piece for piece, _ in model["vocab"]]
    special = {int(added["id"]) for added in data.get("added_tokens") or () if added["special"]}
    unknown = model["unk_id"]
    return Vocabulary(
        pieces=tuple(pieces),
        scores=tuple(float(score) for _, score in model["vocab"]),
        controls=tuple(sorted(special - {unknown})),
        unknown=unknown,
        bytes_from=_bytes_from(pieces),
        bits=64,
    )


def _marks_spaces(normalizer: Any) -> bool:
    """True if one stands before the text, and each is a mark."""
    steps = normalizer["normalizers"] if normalizer["type"] == "Sequence" else [normalizer]
    kinds = {step["type"]: step for step in steps}
    return (
        set(kinds) <= {"Prepend", "Replace"}
        and kinds["Prepend"]["prepend"] == SPACE
        and ("Replace" not in kinds or kinds["Replace"]["content"] == SPACE)
    )


def _cuts_at_spaces(pre_tokenizer: Any) -> bool:
    """True if nothing is cut, or only where a space is: no piece has one but at its beginning."""
    if pre_tokenizer is None:
        return True
    scheme = pre_tokenizer.get("prepend_scheme", "always")
    return (
        pre_tokenizer["type"] == "Metaspace"
        and pre_tokenizer["replacement"] == SPACE
        and (scheme == "never" or not pre_tokenizer.get("split", True) or scheme == "always")
    )


def _bytes_from(pieces: list[str]) -> int:
    first = pieces.index("<0x00>")
    wrong = [p for i, p in enumerate(pieces[first : first + 256]) if p != f"<0x{i:02X}>"]
    _refuse({"bytes out of their order": bool(wrong) or len(pieces) < first + 256})
    return first


def _refuse(wrong: dict[str, bool]) -> None:
    if said := [what for what, holds in wrong.items() if holds]:
        raise ExportFailed(f"a tokenizer with {', '.join(said)} is not known", _REMEDY)


def _fields(raw: bytes) -> _Fields:
    found: _Fields = {}
    for number, value in _walk(raw):
        found.setdefault(number, []).append(value)
    return found


def _walk(raw: bytes) -> Iterator[tuple[int, Any]]:
    """Yield each field of a protobuf message. Raises ValueError where it is cut short."""
    place = 0
    while place < len(raw):
        key, place = _varint(raw, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value: int | bytes
            value, place = _varint(raw, place)
        else:
            sizes = {_FIXED64: 8, _FIXED32: 4}
            if kind == _BYTES:
                size, place = _varint(raw, place)
            elif kind in sizes:
                size = sizes[kind]
            else:
                raise ValueError(f"a field of type {kind}")
            value = raw[place : place + size]
            if len(value) != size:
                raise ValueError("it is cut short")
            place += size
        yield number, value


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(raw) or shift > 63:
            raise ValueError("it is cut short")
        byte = raw[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
