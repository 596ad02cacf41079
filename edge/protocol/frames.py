"""Bytes to frames and back: Wyoming's framing, sans I/O, with a limit on every length.

A frame is one line of JSON, then as many bytes of data JSON and of payload as the line says:

    {"type": "...", "data": {...}?, "data_length": n?, "payload_length": n?}\\n data payload

Source: the wyoming package 1.10.2, event.py. Unlike it, nothing here waits, and a length is
compared with its limit before a byte of that part is kept.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from edge.errors import BadFrame

__all__ = ["FROM_CLIENT", "FROM_DAEMON", "Decoder", "Frame", "Limits"]

WYOMING_VERSION = "1.10.2"  # the release whose frames and messages these are; readers ignore it


@dataclass(frozen=True)
class Limits:
    """The most bytes of each part of a frame that a Decoder accepts."""

    header: int  # the JSON line, without its newline
    data: int
    payload: int


# The line: asyncio's readline, which Wyoming's own server reads with, stops at 64 KiB.
# The data: 10,000 characters, the longest text, are 120,000 bytes when every one is an emoji
# written as two \uXXXX escapes; twice that is room for the rest.
# A client's payload: no request carries one today, and one pipe buffer's worth is harmless.
FROM_CLIENT = Limits(header=64 << 10, data=256 << 10, payload=64 << 10)
# The daemon's payload: 10 s, the longest segment, in one chunk of 24 kHz int16 is 480,000 bytes.
# Its data: 2,000 characters, the longest text that is explained, are 1,000 changes of 100 bytes,
# and a hundred phonemes of two bytes for each number among them.
FROM_DAEMON = Limits(header=64 << 10, data=1 << 20, payload=1 << 20)

SEE_PAGE = "docs/reference/protocol.md lists every message, its fields and limits."

DEEPEST = 100  # brackets in brackets: messages have five; Python 3.14 reads 30,000, 3.13 1,000
_STRING = re.compile(r'"(?:[^"\\]+|\\.)*"?', re.DOTALL)
MAX_DIGITS = 20  # 64 bits and a sign; int() takes quadratic time for more


@dataclass(frozen=True)
class Frame:
    """One message as it travels: its type, its data (a JSON object) and its payload."""

    type: str
    data: dict[str, Any] = field(default_factory=dict)
    payload: bytes = b""


@dataclass(frozen=True)
class _Header:
    type: str
    data: dict[str, Any]
    data_length: int
    payload_length: int


class Decoder:
    """Bytes in, whole frames out, however the stream was cut. One per connection.

    After a BadFrame nothing can be trusted to be the start of a frame, so the decoder stays dead:
    it holds no bytes and raises the same error again.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0  # bytes of the buffer known to hold no newline
        self._header: _Header | None = None
        self._data: dict[str, Any] | None = None
        self._error: BadFrame | None = None

    @property
    def buffered(self) -> int:
        """Bytes held; once feed()'s iterator is at its end, never more than the largest limit."""
        return len(self._buffer)

    def feed(self, received: bytes) -> Iterator[Frame]:
        """Yield the frames that `received` completes; raise BadFrame if the next bytes are none.

        Bytes are taken at the call; a frame not fetched from this iterator comes from the next.
        """
        if self._error is None:
            self._buffer += received
        return self._frames()

    def _frames(self) -> Iterator[Frame]:
        if self._error is not None:
            raise BadFrame(self._error.message, self._error.remedy)
        try:
            while (frame := self._next()) is not None:
                yield frame
        except BadFrame as error:
            self._error = error
            self._buffer.clear()
            self._header = self._data = None
            raise

    def _next(self) -> Frame | None:
        while self._header is None:
            line = self._take_line()
            if line is None:
                return None
            if line.strip():
                self._header = _read_header(line, self._limits)
        if self._data is None:
            if (block := self._take(self._header.data_length)) is None:
                return None
            self._data = {**self._header.data, **_read_object(block, "data")}
        if (payload := self._take(self._header.payload_length)) is None:
            return None
        frame = Frame(self._header.type, self._data, payload)
        self._header = self._data = None
        return frame

    def _take_line(self) -> bytes | None:
        limit = self._limits.header
        end = self._buffer.find(b"\n", self._searched, limit + 1)
        if end < 0:
            if len(self._buffer) > limit:
                _refuse(f"the header line is longer than {limit} bytes, the limit")
            self._searched = len(self._buffer)
            return None
        self._searched = 0
        line = self._take(end + 1)
        assert line is not None
        return line

    def _take(self, count: int) -> bytes | None:
        if len(self._buffer) < count:
            return None
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]  # CPython moves the start of a bytearray; it does not copy
        return taken


def encode_frame(frame: Frame) -> bytes:
    """Put a frame in bytes; raises BadFrame if they would pass the limits of every reader.

    Data is always a separate block, as the wyoming package writes it, never inline: its own reader
    takes both, but many others (home-made clients in Python, firmware) read only the block. The
    block ends with a newline, white space to JSON, so that a shell reads two lines a message.
    """
    header: dict[str, Any] = {"type": frame.type, "version": WYOMING_VERSION}
    block = _json(frame.data) if frame.data else b""
    if block:
        header["data_length"] = _within("data", len(block), FROM_DAEMON.data)
    if frame.payload:
        header["payload_length"] = _within("payload", len(frame.payload), FROM_DAEMON.payload)
    line = _json(header)
    _within("header line", len(line) - 1, FROM_DAEMON.header)
    return line + block + frame.payload


def _json(value: dict[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        _refuse("a text holds half of a surrogate pair, which UTF-8 cannot carry")


def _read_header(line: bytes, limits: Limits) -> _Header:
    header = _read_object(line, "the header line")
    kind, data = header.get("type"), header.get("data")
    if not isinstance(kind, str) or not kind:
        _refuse(f"the header's type is {_kind(kind)}; expected the name of a message")
    if data is not None and not isinstance(data, dict):
        _refuse(f"the header's data is {_kind(data)}; expected an object")
    return _Header(
        kind,
        data or {},
        _read_length(header, "data_length", limits.data),
        _read_length(header, "payload_length", limits.payload),
    )


def _read_length(header: dict[str, Any], key: str, limit: int) -> int:
    value = header.get(key)
    if value is None:
        return 0
    if type(value) is not int:  # true is an int to Python
        _refuse(f"{key} is {_kind(value)}; expected a whole number from 0 to {limit}")
    if value < 0:
        _refuse(f"{key} is {value}; expected a whole number from 0 to {limit}")
    return _within(key, value, limit)


def _read_object(raw: bytes, part: str) -> dict[str, Any]:
    if not raw:
        return {}
    try:
        # Decoded here: given bytes, json.loads also guesses UTF-16 and lets surrogates pass.
        text = raw.decode("utf-8")
        if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
            _refuse(f"{part} is nested too deeply")
        value = json.loads(
            text, parse_constant=_refuse, parse_float=_finite, parse_int=_whole_number
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"{part} is not UTF-8 at byte {error.start}")
    except UnicodeEncodeError:
        _refuse(f"{part} holds half of a surrogate pair")
    except json.JSONDecodeError as error:
        _refuse(f"{part} is not JSON: {error.msg} at character {error.pos}")
    if not isinstance(value, dict):
        _refuse(f"{part} is {_kind(value)}; expected an object")
    return value


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(depth, deepest)
    return deepest


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        _refuse("a number is too large for a float")
    return value


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        _refuse(f"a whole number has {len(digits)} digits; the limit is {MAX_DIGITS}")
    return int(digits)


def _within(part: str, count: int, limit: int) -> int:
    if count > limit:
        _refuse(f"{part} is {count} bytes; the limit is {limit}")
    return count


def _kind(value: Any) -> str:
    """Say in words what kind a JSON value is; never the value, which may be spoken text."""
    kinds = {
        dict: "an object",
        list: "a list",
        str: "text",
        bool: "true or false",
        int: "a number",
    }
    return "missing" if value is None else kinds.get(type(value), "a fraction")


def _refuse(reason: str) -> NoReturn:
    raise BadFrame(
        f"bad frame: {reason}",
        "Correct the client and connect again; "
        "docs/reference/protocol.md shows the frames and limits.",
    )
