"""Bytes to messages and back, by the types of the messages' fields.

Unknown keys are skipped, null is the same as absent where a field may be absent: that is how
Wyoming grows. Everything else that does not fit is a BadMessage naming the field; it never shows
a value, because a value may be text that was meant to be spoken.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeVar, Union

from edge.errors import BadMessage, EdgeError
from edge.protocol.frames import (
    FROM_CLIENT,
    FROM_DAEMON,
    SEE_PAGE,
    Decoder,
    Frame,
    Limits,
    encode_frame,
)
from edge.protocol.limits import MAX_ID, check_id
from edge.protocol.replies import REPLIES, ErrorReply, Reply
from edge.protocol.requests import REQUESTS, Request

__all__ = [
    "MESSAGES",
    "Message",
    "ReplyDecoder",
    "RequestDecoder",
    "encode",
    "parse",
    "parse_reply",
    "parse_request",
    "request_id",
    "to_frame",
]

Message = Request | Reply
MESSAGES: dict[str, type[Message]] = {**REQUESTS, **REPLIES}

M = TypeVar("M")

_WORDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "an object",
    list: "a list",
    type(None): "null",
}


class RequestDecoder(Decoder):
    """A client's bytes in, requests out, however the stream was cut. One per connection."""

    def __init__(self, limits: Limits = FROM_CLIENT) -> None:
        super().__init__(limits)

    def messages(self, received: bytes) -> Iterator[Request | ErrorReply]:
        """Yield the requests that `received` completes, and for a frame that is no request the
        answer to it. Raises BadFrame, then the connection ends."""
        for frame in self.feed(received):
            try:
                yield parse_request(frame)
            except EdgeError as error:
                yield ErrorReply.of(error, request_id(frame))


class ReplyDecoder(Decoder):
    """The daemon's bytes in, replies out, however the stream was cut. One per connection."""

    def __init__(self, limits: Limits = FROM_DAEMON) -> None:
        super().__init__(limits)

    def messages(self, received: bytes) -> Iterator[Reply]:
        """Yield the replies that `received` completes. Raises BadFrame, BadMessage."""
        return map(parse_reply, self.feed(received))


def encode(message: Message | Frame) -> bytes:
    """Put a message, or a frame, in bytes. Raises BadFrame if they would pass the limits."""
    return encode_frame(message if isinstance(message, Frame) else to_frame(message))


def parse(frame: Frame) -> Message:
    """Read a frame's message; raises BadMessage, or TextTooLong or BadStyle for a passed limit."""
    return _parse(frame, MESSAGES)


def parse_request(frame: Frame) -> Request:
    """Do the same for the daemon: a reply is refused as an unknown request."""
    return _parse(frame, REQUESTS)


def parse_reply(frame: Frame) -> Reply:
    """Do the same for a client: a request is refused as an unknown reply."""
    return _parse(frame, REPLIES)


def to_frame(message: Message) -> Frame:
    """Make the frame that carries `message`; a field that is None is left out."""
    data = _plain(message)
    payload = data.pop("payload", b"")
    return Frame(message.TYPE, data, payload)


def request_id(frame: Frame) -> str | None:
    """Find the id in a frame whose message may be bad, so that the error can still name it."""
    value = frame.data.get("id")
    try:
        check_id("id", value if isinstance(value, str) else None)
    except BadMessage:
        return None
    return value if isinstance(value, str) else None


def _parse(frame: Frame, known: Mapping[str, type[M]]) -> M:
    if frame.type not in known:
        shown = ascii(frame.type[:MAX_ID])
        raise BadMessage(
            f"type {shown} is not a message known here; known: {', '.join(known)}", SEE_PAGE
        )
    return _build(known[frame.type], frame.data, f"{frame.type}: ", frame.payload)


def _build(cls: type[M], data: Mapping[str, Any], place: str, payload: bytes = b"") -> M:
    values: dict[str, Any] = {}
    for name, hint, required in _fields(typing.cast(Any, cls)):
        if hint is bytes:
            values[name] = payload
        elif name in data and (data[name] is not None or required):
            values[name] = _convert(hint, data[name], f"{place}{name}")
        elif required:
            raise BadMessage(f"{place}{name} is missing; expected {_expected(hint)}", SEE_PAGE)
    return cls(**values)


def _convert(hint: Any, value: Any, place: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):  # only `X | None`, and None was left out before
        return _convert(arguments[0], value, place)
    if origin is Literal and isinstance(value, str) and value in arguments:
        return value
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(arguments[0], v, f"{place}[{i}]") for i, v in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {key: _convert(arguments[1], v, f"{place} entry") for key, v in value.items()}
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return _build(typing.cast("type[Any]", hint), value, f"{place}.")
    if hint is float and type(value) in (int, float):
        return float(value)
    if type(value) is hint:  # exactly: true is an int to Python
        return value
    got = "other text" if origin is Literal and isinstance(value, str) else _WORDS[type(value)]
    raise BadMessage(f"{place} is {got}; expected {_expected(hint)}", SEE_PAGE)


def _expected(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return _expected(arguments[0])
    if origin is Literal:
        return " or ".join(f'"{argument}"' for argument in arguments)
    if origin is tuple:
        return "a list"
    return _WORDS.get(hint, "an object")


@functools.cache
def _fields(cls: type[Any]) -> tuple[tuple[str, Any, bool], ...]:
    """List each field's name, type and whether it must be there; get_type_hints is slow."""
    hints = typing.get_type_hints(cls)
    return tuple(
        (
            field.name,
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(cls)
    )


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        cls: Any = type(value)
        pairs = ((name, getattr(value, name)) for name, _, _ in _fields(cls))
        return {name: _plain(v) for name, v in pairs if v is not None}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
