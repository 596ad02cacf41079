"""Frames: whole, cut anywhere, hostile, endless."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import BadFrame
from edge.protocol import FROM_CLIENT, FROM_DAEMON, Decoder, Frame, Limits, encode

SMALL = Limits(header=40, data=50, payload=60)


def decode(stream: bytes, limits: Limits = FROM_DAEMON, step: int | None = None) -> list[Frame]:
    decoder = Decoder(limits)
    frames: list[Frame] = []
    for at in range(0, len(stream), step or len(stream) or 1):
        frames += decoder.feed(stream[at : at + (step or len(stream))])
    return frames


def outcome(stream: bytes, cuts: list[int], limits: Limits) -> tuple[list[Frame], str | None]:
    """The frames that came and the error after them, feeding the stream cut at `cuts`."""
    decoder = Decoder(limits)
    frames: list[Frame] = []
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    try:
        for start, end in itertools.pairwise(edges):
            for frame in decoder.feed(stream[start:end]):
                frames.append(frame)
            assert decoder.buffered <= max(limits.header, limits.data, limits.payload)
    except BadFrame as bad:
        assert decoder.buffered == 0
        return frames, bad.message
    return frames, None


GOOD = {
    "no data": (b'{"type":"describe"}\n', [Frame("describe")]),
    "inline": (b'{"type":"ping","data":{"text":"a"}}\n', [Frame("ping", {"text": "a"})]),
    "block": (b'{"type":"ping","data_length":12}\n{"text":"a"}', [Frame("ping", {"text": "a"})]),
    "block wins over inline": (
        b'{"type":"x","data":{"a":1,"b":2},"data_length":7}\n{"a":3}',
        [Frame("x", {"a": 3, "b": 2})],
    ),
    "payload": (b'{"type":"x","payload_length":3}\n\n\n\n', [Frame("x", {}, b"\n\n\n")]),
    "two": (b'{"type":"x"}\n{"type":"y"}\n', [Frame("x"), Frame("y")]),
    "empty lines": (b'\n\r\n \n{"type":"x"}\r\n\n', [Frame("x")]),
    "nulls and zeros": (
        b'{"type":"x","data":null,"data_length":null,"payload_length":0}\n',
        [Frame("x")],
    ),
    "unknown keys": (b'{"type":"x","version":"9","more":[1]}\n', [Frame("x")]),
    "UTF-8": ('{"type":"x","data":{"t":"é😀"}}\n'.encode(), [Frame("x", {"t": "é😀"})]),
    "escaped pair": (b'{"type":"x","data":{"t":"\\ud83d\\ude00"}}\n', [Frame("x", {"t": "😀"})]),
    "unfinished": (b'{"type":"x"}\n{"type"', [Frame("x")]),
}


@pytest.mark.parametrize(("stream", "frames"), GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("step", [None, 1, 2, 7])
def test_frames_come_whole_however_the_stream_is_cut(
    stream: bytes, frames: list[Frame], step: int | None
) -> None:
    assert decode(stream, step=step) == frames


HOSTILE = {
    "not JSON": (b"hello\n", "not JSON"),
    "a list": (b"[1]\n", "a list"),
    "text": (b'"x"\n', "text"),
    "null": (b"null\n", "missing"),
    "no type": (b'{"data":{}}\n', "type is missing"),
    "type a number": (b'{"type":1}\n', "type is a number"),
    "type empty": (b'{"type":""}\n', "type"),
    "inline data a list": (b'{"type":"x","data":[]}\n', "data is a list"),
    "length true": (b'{"type":"x","data_length":true}\n', "data_length is true or false"),
    "length negative": (b'{"type":"x","payload_length":-1}\n', "payload_length is -1"),
    "length 10 GB": (b'{"type":"x","data_length":10000000000}\n', "10000000000 bytes"),
    "payload 10 GB": (b'{"type":"x","payload_length":10000000000}\n', "10000000000 bytes"),
    "length a fraction": (b'{"type":"x","data_length":2.0}\n', "data_length is a fraction"),
    "length text": (b'{"type":"x","data_length":"2"}\n', "data_length is text"),
    "length of 5,000 digits": (
        b'{"type":"x","data_length":' + b"9" * 5000 + b"}\n",
        "5000 digits",
    ),
    "NaN": (b'{"type":"x","data":{"a":NaN}}\n', "NaN"),
    "Infinity": (b'{"type":"x","data":{"a":-Infinity}}\n', "-Infinity"),
    "1e999": (b'{"type":"x","data":{"a":1e999}}\n', "too large"),
    "NaN in the block": (b'{"type":"x","data_length":9}\n{"a":NaN}', "NaN"),
    "not UTF-8": (b'{"type":"\xff"}\n', "not UTF-8 at byte 9"),
    "surrogate in UTF-8": (b'{"type":"\xed\xa0\x80"}\n', "not UTF-8"),
    "UTF-16": ('{"type":"x"}\n'.encode("utf-16-le"), "not JSON"),
    "byte order mark": (b'\xef\xbb\xbf{"type":"x"}\n', "not JSON"),
    "lone surrogate": (b'{"type":"x","data":{"a":"\\ud800"}}\n', "surrogate"),
    "lone surrogate in a key": (b'{"type":"x","data":{"\\uDC00":1}}\n', "surrogate"),
    "deep": (b'{"type":"x","data":' + b"[" * 30_000 + b"]" * 30_000 + b"}\n", "nested"),
    "deep objects": (b'{"a":' * 12_000 + b"1" + b"}" * 5_000 + b"\n", "nested"),
    "block not JSON": (b'{"type":"x","data_length":2}\n{{', "data is not JSON"),
    "block a list": (b'{"type":"x","data_length":2}\n[]', "data is a list"),
    "block too short": (b'{"type":"x","data_length":3}\n{"a":1}', "data is not JSON"),
    "long line": (b"[" * (FROM_CLIENT.header + 1), "longer than 65536 bytes"),
    "long line that ends": (b" " * (FROM_CLIENT.header + 1) + b"\n", "longer than 65536 bytes"),
}


@pytest.mark.parametrize(("stream", "reason"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("step", [None, 1])
def test_hostile_bytes_are_refused_after_the_good_frames_before_them(
    stream: bytes, reason: str, step: int | None
) -> None:
    good = b'{"type":"ok"}\n'
    stream = good + stream
    decoder, frames = Decoder(FROM_CLIENT), []
    size = step or len(stream)
    with pytest.raises(BadFrame, match=re.escape(reason)) as caught:
        for at in range(0, len(stream), size):
            for frame in decoder.feed(stream[at : at + size]):
                frames.append(frame)
    assert frames == [Frame("ok")]
    assert caught.value.remedy
    with pytest.raises(BadFrame, match=re.escape(reason)):  # and it stays dead
        list(decoder.feed(good))
    assert decoder.buffered == 0


@pytest.mark.parametrize(
    ("key", "limit"), [("data_length", SMALL.data), ("payload_length", SMALL.payload)]
)
def test_a_length_at_its_limit_is_taken_and_one_above_is_refused_before_it_comes(
    key: str, limit: int
) -> None:
    body = b'{"a":"' + b"b" * (limit - 8) + b'"}'
    (frame,) = decode(b'{"type":"x","%s":%d}\n' % (key.encode(), limit) + body, SMALL)
    assert frame.payload == body or frame.data
    with pytest.raises(BadFrame, match=f"{limit + 1} bytes; the limit is {limit}"):
        decode(b'{"type":"x","%s":%d}\n' % (key.encode(), limit + 1), SMALL)


def test_a_line_at_its_limit_is_taken() -> None:
    line = b'{"type":"x"}'.ljust(SMALL.header)
    assert decode(line + b"\n", SMALL, step=1) == [Frame("x")]


def test_frames_left_in_the_iterator_come_from_the_next_one() -> None:
    decoder = Decoder(FROM_CLIENT)
    assert next(decoder.feed(b'{"type":"x"}\n{"type":"y"}\n')) == Frame("x")
    assert list(decoder.feed(b"")) == [Frame("y")]


class CountingBuffer(bytearray):
    """A buffer that counts the bytes that are searched or copied out of it."""

    touched = 0

    def find(self, sub: Any, start: Any = 0, end: Any = None) -> int:
        found = super().find(sub, start, end)
        self.touched += (min(len(self), end) if found < 0 else found + 1) - start
        return found

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        self.touched += len(part)
        return part


@pytest.mark.parametrize(
    "stream",
    [b"x" * FROM_CLIENT.header, b"\n" * 50_000, b'{"type":"x"}\n' * 5_000],
    ids=["endless line", "empty lines", "tiny frames"],
)
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_work_grows_with_the_bytes_and_not_with_their_square(stream: bytes, step: int) -> None:
    decoder = Decoder(FROM_CLIENT)
    buffer = decoder._buffer = CountingBuffer()
    for at in range(0, len(stream), step):
        list(decoder.feed(stream[at : at + step]))
    assert decoder._buffer is buffer
    assert 0 < buffer.touched <= 2 * len(stream)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
frames_strategy = st.builds(
    Frame,
    st.text(min_size=1, max_size=20),
    st.dictionaries(st.text(max_size=10), json_values, max_size=4),
    st.binary(max_size=200),
)
cuts_strategy = st.lists(st.integers(0, 10_000), max_size=20)


@given(st.lists(frames_strategy, max_size=4), cuts_strategy)
def test_what_is_encoded_is_decoded_under_any_cutting(
    frames: list[Frame], cuts: list[int]
) -> None:
    stream = b"".join(map(encode, frames))
    assert outcome(stream, cuts, FROM_DAEMON) == (frames, None)
    assert decode(stream, step=1) == frames


pieces = st.one_of(
    st.binary(max_size=80),
    st.sampled_from([b'{"type":"x"', b',"data_length":', b',"payload_length":', b"}\n", b"\n"]),
    st.sampled_from([b'{"type":"x"}\n', b'{"type":"x","payload_length":5}\n', b'{"a":1}', b"7"]),
)


@settings(max_examples=400)
@given(st.lists(pieces, max_size=15).map(b"".join), cuts_strategy)
def test_random_bytes_give_frames_or_bad_frame_the_same_however_cut(
    stream: bytes, cuts: list[int]
) -> None:
    assert outcome(stream, cuts, SMALL) == outcome(stream, list(range(len(stream))), SMALL)


@pytest.mark.parametrize(
    "frame",
    [
        Frame("x", {"a": "b" * FROM_DAEMON.data}),
        Frame("x", {}, bytes(FROM_DAEMON.payload + 1)),
        Frame("x" * FROM_DAEMON.header),
        Frame("x", {"a": "\ud800"}),
    ],
    ids=["data", "payload", "line", "surrogate"],
)
def test_a_frame_that_no_reader_would_take_is_not_written(frame: Frame) -> None:
    with pytest.raises(BadFrame):
        encode(frame)


def test_every_part_but_the_payload_is_a_line_for_a_shell() -> None:
    lines = encode(Frame("x", {"text": "a\nb"}, b"pcm")).split(b"\n")
    assert [json.loads(line).get("text") for line in lines[:2]] == [None, "a\nb"]
    assert lines[2:] == [b"pcm"]
