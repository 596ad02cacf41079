"""A large JSON object that stays text: looked up where it lies, nothing made of it before.

90,000 words and their phonemes are 50 MB as a dict of Python's, and 2.3 as text.
"""

from __future__ import annotations

import bisect
import json
import re
from array import array
from functools import lru_cache
from typing import Any

_STRING = rb'"(?:[^"\\]|\\.)*"'
_MEMBER = re.compile(rb"(%s):(?:%s|\{[^{}]*\}|[^,{}\[\]]+)[,}]" % (_STRING, _STRING))
_KEPT = 4096
"""Answers that are kept as objects: a text asks for few words, and for the same ones often."""


class JsonTable:
    """`get` and `len` of the dict; values are strings, numbers, or objects of those."""

    def __init__(self, text: bytes) -> None:
        """Take an object in UTF-8 without spaces between its parts. Raises ValueError for others."""
        self._text = text
        self._keys, self._values, self._ends = array("I"), array("I"), array("I")
        self._escaped: dict[str, Any] = {}  # few: how they are escaped is not ours to guess
        at, before, ordered = 1, b"", True
        for member in _MEMBER.finditer(text, 1):
            begin, end = member.span()
            if begin != at:
                break
            at, key = end, member[1]
            if b"\\" in key:
                self._escaped |= json.loads(b"{" + member[0][:-1] + b"}")
                continue
            self._keys.append(begin + 1)
            self._values.append(begin + len(key) + 1)
            self._ends.append(end - 1)
            ordered, before = ordered and before < key[:-1], key[:-1]
        if at != len(text):
            raise ValueError("not an object of strings, numbers, and objects of those")
        if not ordered:
            self._sort()
        self.get = lru_cache(_KEPT)(self._find)

    def __len__(self) -> int:
        return len(self._keys) + len(self._escaped)

    def _sort(self) -> None:
        order = sorted(range(len(self._keys)), key=self._key)
        for name in ("_keys", "_values", "_ends"):
            setattr(self, name, array("I", [getattr(self, name)[number] for number in order]))

    def _key(self, number: int) -> bytes:
        return self._text[self._keys[number] : self._values[number] - 2]

    def _find(self, key: str) -> Any:
        sought = key.encode()
        number = bisect.bisect_left(range(len(self._keys)), sought, key=self._key)
        if number < len(self._keys) and self._key(number) == sought:
            return json.loads(self._text[self._values[number] : self._ends[number]])
        return self._escaped.get(key)
