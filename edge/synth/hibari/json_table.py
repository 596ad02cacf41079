"""A large JSON object that stays text: looked up where it lies, nothing made of it before.

90,000 words and their phonemes are 50 MB as a dict of Python's, and 2.3 as text.
"""

from __future__ import annotations

import bisect
import itertools
import json
import operator
import re
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_STRING = rb'"(?:[^"\\]|\\.)*"'
_VALUE = rb"(?:%s|\{[^{}]*\}|[^,{}\[\]]+)" % _STRING
_MEMBER = re.compile(rb"%s:%s[,}]" % (_STRING, _VALUE))
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)":%s[,}]' % _VALUE)
_KEPT = 4096
"""Answers that are kept as objects: a text asks for few words, and for the same ones often."""


class JsonTable:
    """`get` and `len` of the dict; values are strings, numbers, or objects of those."""

    def __init__(self, text: bytes) -> None:
        """Take an object in UTF-8 without spaces between its parts. Raises ValueError for others.

        No loop of Python's over all members: on a Cortex-A53 it would take seconds.
        """
        self._text = text
        ends = itertools.accumulate(map(len, _MEMBER.findall(text, 1)), initial=1)
        self._bounds = array("I", ends)
        if self._bounds[-1] != len(text):
            raise ValueError("not an object of strings, numbers, and objects of those")
        keys = _KEY.findall(text, 1)
        order: Sequence[int] = range(len(keys))
        self._escaped: dict[str, Any] = {}  # few: how they are is not ours to guess
        if b"\\" in text:
            odd = [number for number, key in enumerate(keys) if b"\\" in key]
            members = (self._member(number)[:-1] for number in odd)
            self._escaped = json.loads(b"{" + b",".join(members) + b"}")
            order = [number for number, key in enumerate(keys) if b"\\" not in key]
        if not all(map(operator.lt, keys, itertools.islice(keys, 1, None))):
            order = sorted(order, key=keys.__getitem__)
        self._order = array("I", order)
        self.get = lru_cache(_KEPT)(self._find)

    def __len__(self) -> int:
        return len(self._order) + len(self._escaped)

    def _member(self, number: int) -> bytes:
        return self._text[self._bounds[number] : self._bounds[number + 1]]

    def _key(self, number: int) -> bytes:
        begin = self._bounds[number] + 1
        return self._text[begin : self._text.index(b'":', begin)]

    def _find(self, key: str) -> Any:
        sought = key.encode()
        place = bisect.bisect_left(self._order, sought, key=self._key)
        if place < len(self._order) and self._key(self._order[place]) == sought:
            return json.loads(self._member(self._order[place])[len(sought) + 3 : -1])
        return self._escaped.get(key)
