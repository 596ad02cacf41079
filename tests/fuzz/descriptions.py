"""Parsers of what a bundle says of its voice beside its manifest, and of what a program asks over
HTTP."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from starlette.exceptions import HTTPException

from edge import records
from edge.adapters.http import _wish
from edge.errors import EdgeError
from edge.synth.cosyvoice3 import settings as cosyvoice3
from edge.synth.hibari.json_table import JsonTable
from edge.synth.kokoro import settings as kokoro
from edge.synth.pocket import settings as pocket
from edge.synth.pocket.tokenizer import Vocabulary
from tests.fuzz.checkpoints import file_of


def settings(data: bytes) -> None:
    """A family's numbers: config.json and pieces.json of a bundle."""
    with file_of(data) as path:
        for kind in (pocket.Settings, kokoro.Settings, cosyvoice3.Settings, Vocabulary):
            with contextlib.suppress(EdgeError):
                records.load_json(path, kind)


def json_table(data: bytes) -> None:
    """What is let through answers as the whole object would."""
    try:
        table = JsonTable(data)
    except ValueError:
        return
    try:
        whole = json.loads(data, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        return  # a member that is none is found when it is asked for, and told as damage
    assert len(table) == len(whole)
    for key, value in whole.items():
        with contextlib.suppress(UnicodeEncodeError):  # half a character, which no text has
            assert table.get(key) == value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found


def speech_request(data: bytes) -> None:
    """The body of a request in OpenAI's form, and of one with captions."""
    for captioned in (False, True):
        with contextlib.suppress(EdgeError, HTTPException):
            _wish(data, {"alloy": "joe"}, captioned)
