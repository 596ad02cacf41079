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
        spans = map(operator.methodcaller("span"), _MEMBER.finditer(text, 1))
        places = array("I", itertools.chain.from_iterable(spans))
        self._bounds = array("I", [1]) + places[1::2]
        whole = places[::2] == self._bounds[:-1] and self._bounds[-1] == len(text)
        if not (text.startswith(b"{") and whole):
            raise ValueError("not an object of strings, numbers, and objects of those")
        order: Sequence[int] = range(len(places) // 2)
        self._escaped: dict[str, Any] = {}  # few: how they are is not ours to guess
        if b"\\" in text:
            escapes = (match.start() for match in re.finditer(rb"\\", text))
            among = {bisect.bisect_right(self._bounds, place) - 1 for place in escapes}
            odd = sorted(number for number in among if b"\\" in self._key(number))
            members = (self._member(number)[:-1] for number in odd)
            self._escaped = json.loads(b"{" + b",".join(members) + b"}")
            order = array("I", order)
            for number in reversed(odd):
                del order[number]
        # Not a list of the keys: 90,000 objects, whose memory would stay with the process.
        keys = map(operator.itemgetter(1), _KEY.finditer(text, 1))
        if not all(itertools.starmap(operator.lt, itertools.pairwise(keys))):
            known = _KEY.findall(text, 1)
            order = sorted(order, key=known.__getitem__)
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
