"""hibari's English front end, with its dictionaries as text: 75 MB less than the package's own.

The rules are the package's. What is done otherwise is only how its data are held, and for that
the names of its files and of a few attributes must be known: those of version 0.2.1. With others
the package loads them by itself.
"""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hibari
from hibari import g2p
from hibari.g2p.lexicon import Lexicon
from hibari.g2p.tagger import Tagger
from hibari.g2p.tokenize import Tokenizer

from edge.synth.hibari.json_table import JsonTable

log = logging.getLogger(__name__)

_ASSETS = Path(hibari.__file__).parent / "assets"
_WEIGHTS = b',"weights":'
"""Member of the tagger that is large; the last one."""


def load_front_end(british: bool) -> Callable[[str], str]:
    """Load what reads English text to phonemes."""
    try:
        return _FrontEnd(british)
    except (OSError, ValueError, LookupError, TypeError) as error:
        log.warning("hibari-tts has other files than are known (%s): 75 MB more", error)
        whole: Callable[[str], str] = g2p.G2P(british=british)
        return whole


class _FrontEnd(g2p.G2P):  # type: ignore[misc]
    def __init__(self, british: bool) -> None:
        """All that the package's own sets, in the same attributes."""
        accent = "gb" if british else "us"
        gold, silver = (
            JsonTable(_unpacked(f"lexicon_{accent}_{part}.json.gz")) for part in ("gold", "silver")
        )
        self.lexicon = Lexicon(gold, silver, british)
        exceptions = (_ASSETS / "tokenizer_exceptions.json").read_text(encoding="utf-8")
        self.tokenizer = Tokenizer(json.loads(exceptions))
        self.tagger = Tagger(_tagger(_unpacked("tagger.json.gz")))
        self._oov: Any = None
        self.unk, self.british = "", british


def _tagger(text: bytes) -> dict[str, Any]:
    begin = text.index(_WEIGHTS)
    model: dict[str, Any] = json.loads(text[:begin] + b"}")
    return model | {"weights": JsonTable(text[begin + len(_WEIGHTS) : -1])}


def _unpacked(name: str) -> bytes:
    return gzip.decompress((_ASSETS / name).read_bytes()).strip()
