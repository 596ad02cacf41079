"""Messages: every field, every limit, the wyoming package as the peer, and the page for people."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import re
import typing
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import protocol as p
from edge.errors import BadFrame, BadMessage, BadStyle, EdgeError, TextTooLong
from edge.protocol import (
    FROM_CLIENT,
    FROM_DAEMON,
    Decoder,
    Frame,
    Limits,
    encode,
    replies,
    requests,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its audio module imports audioop
    from wyoming import audio, error, event, info, ping, tts

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "protocol.md"


def decode(stream: bytes, limits: Limits = FROM_DAEMON, step: int = 1 << 20) -> list[Frame]:
    decoder = Decoder(limits)
    pieces = (stream[at : at + step] for at in range(0, len(stream), step))
    return [frame for piece in pieces for frame in decoder.feed(piece)]


URL = p.Attribution("someone", "https://example.org")
VOICE = p.TtsVoice(
    "joe", URL, True, ("en_US", "en"), "Joe", "1", (p.TtsSpeaker("a"), p.TtsSpeaker("b"))
)
INFO = p.Info((p.TtsProgram("edge-voice", URL, True, (VOICE,), "Edge Voice", "0.1.0"),))
FULL: dict[str, p.Message] = {
    "describe": p.Describe(),
    "ping": p.Ping("a"),
    "synthesize": p.Synthesize(
        "Hi.", p.VoiceChoice("joe", "en", "a"), "text", 1.5, 7, True, pause=0.5, how="gladly"
    ),
    "synthesize-start": p.SynthesizeStart(
        p.VoiceChoice("joe", "en", "a"), "text", 1.5, 7, True, pause=0.5, how="gladly"
    ),
    "synthesize-chunk": p.SynthesizeChunk("Hi."),
    "synthesize-stop": p.SynthesizeStop(),
    "speak": p.Speak(
        "Hi.",
        "joe",
        "en",
        "a",
        1.5,
        0.5,
        "id-1",
        True,
        "urgent",
        9.5,
        "key",
        "report",
        pause=0.5,
        how="gladly",
    ),
    "speak-start": p.SpeakStart(
        "joe", "en", "a", 1.5, 0.5, "id-1", True, "urgent", 9.5, "key", pause=0.5, how="gladly"
    ),
    "speak-chunk": p.SpeakChunk("Hi."),
    "speak-stop": p.SpeakStop(),
    "stop": p.Stop("id-1", "all"),
    "pause": p.Pause(),
    "resume": p.Resume(),
    "volume": p.Volume(60),
    "status": p.Status(),
    "explain": p.Explain("It is $5.", voice="joe", language="en_US", normalize="off"),
    "pronunciations": p.Pronunciations(100),
    "reload": p.Reload(),
    "info": INFO,
    "pong": p.Pong("a"),
    "audio-start": p.AudioStart(22050, 2, 1, 5),
    "audio-chunk": p.AudioChunk(22050, 2, 1, b"abcd"),
    "audio-stop": p.AudioStop(9),
    "audio-word": p.AudioWord(4, 10, 0.5, 0.25, True),
    "audio-mark": p.AudioMark("here", 0.5),
    "synthesize-stopped": p.SynthesizeStopped(),
    "speak-accepted": p.SpeakAccepted("id-1", 2),
    "speak-started": p.SpeakStarted("id-1"),
    "speak-word": p.SpeakWord("id-1", 4, 10, 0.5, 0.25, True),
    "speak-mark": p.SpeakMark("id-1", "here", 0.5),
    "speak-finished": p.SpeakFinished("id-1", 1.5),
    "speak-cancelled": p.SpeakCancelled("id-1", "stopped", 1.25, 17),
    "speak-interrupted": p.SpeakInterrupted("id-1", "urgent"),
    "speak-resumed": p.SpeakResumed("id-1"),
    "stopped": p.Stopped(("id-1", "id-2")),
    "playback": p.Playback(True, 60),
    "status-report": p.StatusReport(
        "0.1.0",
        (p.LoadedVoice("joe", "abc", "CPUExecutionProvider", "fused"),),
        3,
        1.5,
        {"spoken": 4},
        True,
        60,
        p.LiveUtterance("id-1", 2, "joe", "urgent", 0.5),
        (p.LiveUtterance("id-2", 3, "joe", "normal"),),
        p.Latency(4, 12.5, 80.0),
        "hw:0",
        54.2,
        ("under-voltage",),
        ("it went back",),
    ),
    "explained": p.Explained(
        "en_US",
        "joe",
        "It is five dollars.",
        (p.ExplainedChange(6, 8, "$5", "five dollars", "money"),),
        (p.ExplainedSentence("It is five dollars.", "ɪt ɪz fˈaɪv dˈɑːlɚz."),),
        (p.ExplainedBreak(3, 0.5),),
        (p.ExplainedMark(9, "here"),),
        ("Not spoken: 我.",),
    ),
    "pronounced": p.Pronounced(1, (p.Pronunciation("en_US", "Cuvertiz", "say", "coover tiss"),)),
    "reloaded": p.Reloaded(("voice joe is new",)),
    "error": p.ErrorReply("no", "busy", "wait", "id-1", 0.5, 3),
}


def test_every_class_that_has_a_name_on_the_wire_is_a_request_or_a_reply() -> None:
    for module, known in ((requests, p.REQUESTS), (replies, p.REPLIES)):
        named = {thing for thing in vars(module).values() if hasattr(thing, "TYPE")}
        assert named == set(known.values()) == {getattr(p, one.__name__) for one in named}


def test_every_message_is_in_the_table_of_examples() -> None:
    assert {name: type(message) for name, message in FULL.items()} == p.MESSAGES


@pytest.mark.parametrize("name", FULL)
def test_a_message_with_every_field_survives_the_wire(name: str) -> None:
    message = FULL[name]
    defaults = [f for f in dataclasses.fields(message) if getattr(message, f.name) is None]
    assert not defaults
    (frame,) = decode(encode(p.to_frame(message)))
    assert frame.type == name
    assert p.parse(frame) == message
    right, wrong = (
        (p.parse_request, p.parse_reply)
        if name in p.REQUESTS
        else (p.parse_reply, p.parse_request)
    )
    assert right(frame) == message
    with pytest.raises(BadMessage, match=f"'{name}'.*known: "):
        wrong(frame)


def test_unknown_keys_and_nulls_are_skipped() -> None:
    frame = Frame("speak", {"text": "a", "voice": None, "speed": None, "later": [1]}, b"pcm")
    assert p.parse(frame) == p.Speak("a")


LONG = "a" * (p.MAX_TEXT + 1)
BAD: dict[str, tuple[str, dict[str, Any], type[EdgeError], str]] = {
    "no text": ("speak", {}, BadMessage, "speak: text is missing; expected text"),
    "text null": ("speak", {"text": None}, BadMessage, "speak: text is null; expected text"),
    "text a number": ("speak", {"text": 5}, BadMessage, "text is a whole number; expected text"),
    "text a list": ("synthesize", {"text": ["a"]}, BadMessage, "text is a list"),
    "text too long": ("speak", {"text": LONG}, TextTooLong, "10,001 characters.*10,000"),
    "text too long for a peer": ("synthesize", {"text": LONG}, TextTooLong, "10,001.*10,000"),
    "ping too long": ("ping", {"text": "a" * 1001}, BadMessage, "1,001 characters.*1,000"),
    "priority": ("speak", {"text": "a", "priority": "now"}, BadMessage, '"urgent" or "normal"'),
    "how empty": ("speak", {"text": "a", "how": " "}, BadMessage, "how is empty"),
    "how too long": ("synthesize", {"text": "a", "how": "b" * 301}, BadMessage, "301 characters"),
    "ttl 0": ("speak", {"text": "a", "ttl": 0}, BadMessage, "ttl is 0 s; expected more than 0"),
    "ttl of weeks": ("speak-start", {"ttl": 1e6}, BadMessage, "at most 86,400"),
    "ttl NaN": ("speak-start", {"ttl": math.nan}, BadMessage, "ttl is nan s"),
    "again": (
        "speak",
        {"text": "a", "id": "b", "again": "maybe"},
        BadMessage,
        '"speak" or "report"',
    ),
    "again what": ("speak", {"text": "a", "again": "speak"}, BadMessage, "again without an id"),
    "key": ("speak", {"text": "a", "key": ""}, BadMessage, "speak: key is 0 characters"),
    "volume": ("volume", {"percent": 101}, BadMessage, "percent is 101; expected 0 to 100"),
    "speed text": ("speak", {"text": "a", "speed": "2"}, BadMessage, "speed is text.*a number"),
    "speed true": ("speak", {"text": "a", "speed": True}, BadMessage, "speed is true or false"),
    "too slow": ("speak", {"text": "a", "speed": 0.49}, BadStyle, "speed is 0.49.*0.5 to 3"),
    "too fast": ("synthesize", {"text": "a", "speed": 4}, BadStyle, "speed is 4.*0.5 to 3"),
    "too loud": ("speak", {"text": "a", "volume": 2.1}, BadStyle, "volume is 2.1.*0 to 2"),
    "below silence": ("speak", {"text": "a", "volume": -1}, BadStyle, "volume is -1"),
    "id empty": ("speak", {"text": "a", "id": ""}, BadMessage, "id is 0 characters.*1 to 64"),
    "id long": ("speak", {"text": "a", "id": "b" * 65}, BadMessage, "65 characters.*1 to 64"),
    "id with a line": ("stop", {"id": "a\nb"}, BadMessage, "id may only hold printable"),
    "id not ASCII": ("stop", {"id": "é"}, BadMessage, "id may only hold printable"),
    "first": ("pronunciations", {"first": -1}, BadMessage, "first is -1; expected 0 or more"),
    "scope": ("stop", {"scope": "ours"}, BadMessage, 'scope is other text; expected "mine" or'),
    "scope a list": ("stop", {"scope": []}, BadMessage, "scope is a list"),
    "voice text": ("synthesize", {"text": "a", "voice": "joe"}, BadMessage, "voice is text.*obj"),
    "voice name": (
        "synthesize",
        {"text": "a", "voice": {"name": 1}},
        BadMessage,
        "voice.name is a whole number",
    ),
    "voice long": ("speak", {"text": "a", "voice": "b" * 129}, BadMessage, "voice is 129.*128"),
    "format": ("synthesize", {"text": "a", "text_format": "html"}, BadMessage, '"auto" or "pl'),
    "seed": ("synthesize", {"text": "a", "seed": 2**32}, BadMessage, "seed is 4294967296"),
    "seed a fraction": ("synthesize", {"text": "a", "seed": 1.0}, BadMessage, "seed is a number"),
    "unknown": ("transcribe", {}, BadMessage, "'transcribe'.*known: describe, ping, synthesize"),
    "unknown long": ("x" * 60_000, {}, BadMessage, "'x{64}' is not"),
    "ids": ("stopped", {"ids": ["a", 1]}, BadMessage, r"ids\[1\] is a whole number"),
    "counters": (
        "status-report",
        {"version": "", "voices": [], "waiting": 0, "uptime_s": 1, "counters": {"a": "b"}},
        BadMessage,
        "counters entry is text",
    ),
    "rate": ("audio-start", {"rate": 0, "width": 2, "channels": 1}, BadMessage, "rate 0"),
}


@pytest.mark.parametrize(("name", "data", "cls", "reason"), BAD.values(), ids=BAD)
def test_a_wrong_field_is_named_with_its_type_or_limit(
    name: str, data: dict[str, Any], cls: type[EdgeError], reason: str
) -> None:
    with pytest.raises(cls, match=reason) as caught:
        p.parse(Frame(name, data))
    assert caught.value.remedy
    assert len(caught.value.message) < 600


def test_half_a_sample_is_refused() -> None:
    data = {"rate": 22050, "width": 2, "channels": 1}
    with pytest.raises(BadMessage, match="3 bytes; expected a multiple of 2"):
        p.parse(Frame("audio-chunk", data, b"abc"))


def test_text_at_its_limit_passes_inside_the_limits_of_a_frame() -> None:
    longest = p.Speak("😀" * p.MAX_TEXT)
    escaped = json.dumps({"text": longest.text}).encode()
    assert len(escaped) > 100_000
    stream = b'{"type":"speak","data_length":%d}\n' % len(escaped) + escaped
    assert [p.parse(f) for f in decode(stream, FROM_CLIENT)] == [longest]
    assert [p.parse(f) for f in decode(encode(p.to_frame(longest)), FROM_CLIENT)] == [longest]


def test_limits_hold_before_connecting() -> None:
    with pytest.raises(TextTooLong):
        p.Speak(LONG)
    with pytest.raises(BadStyle):
        p.Speak("a", speed=float("nan"))
    with pytest.raises(BadMessage, match="not UTF-8"):
        p.Speak("caf\udce9")  # what argv holds of a Latin-1 byte


def test_no_message_of_an_error_shows_text() -> None:
    for data in (
        {"text": ["secret"]},
        {"text": "a", "speed": "secret"},
        {"text": {"s": "secret"}},
    ):
        with pytest.raises(BadMessage) as caught:
            p.parse(Frame("speak", data))
        assert "secret" not in caught.value.message
    with pytest.raises(BadFrame) as bad:
        decode(b'{"type":"speak","data":{"text":"secret}\n')
    assert "secret" not in bad.value.message


KEYS = ["text", "voice", "speed", "id", "scope", "tts", "rate", "ids", "counters", "voices"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=8,
)


@given(
    st.sampled_from(sorted(p.MESSAGES)),
    st.dictionaries(
        st.sampled_from(KEYS),
        json_values,
    ),
)
def test_random_fields_give_a_message_or_an_error_with_a_code(
    name: str, data: dict[str, Any]
) -> None:
    try:
        message = p.parse(Frame(name, data))
    except (BadMessage, TextTooLong, BadStyle):
        return
    assert p.parse(p.to_frame(message)) == message


def test_an_error_can_name_the_utterance_of_a_bad_message() -> None:
    assert p.request_id(Frame("speak", {"id": "a-1"})) == "a-1"
    assert [p.request_id(Frame("speak", {"id": i})) for i in (1, "", "é", "a" * 65, None)] == (
        [None] * 5
    )
    reply = p.ErrorReply.of(BadStyle("speed is 9", "Choose less."), "a-1")
    assert reply == p.ErrorReply("speed is 9", "bad-style", "Choose less.", "a-1")


# The wyoming package as the peer


def from_wyoming(message: Any) -> p.Message:
    stream = io.BytesIO()
    event.write_event(message.event(), stream)
    (frame,) = decode(stream.getvalue(), FROM_CLIENT, step=1)
    return p.parse(frame)


def to_wyoming(message: p.Message) -> event.Event:
    read = event.read_event(io.BytesIO(encode(p.to_frame(message))))
    assert read is not None
    return read


def test_wyomings_requests_are_read() -> None:
    assert from_wyoming(info.Describe()) == p.Describe()
    assert from_wyoming(ping.Ping()) == p.Ping()
    assert from_wyoming(ping.Ping("é")) == p.Ping("é")
    assert from_wyoming(tts.Synthesize("Hi.")) == p.Synthesize("Hi.")
    choice = tts.SynthesizeVoice("joe", speaker="a")
    context = {"conversation": {"id": 1}}
    assert from_wyoming(
        tts.Synthesize("Hi.", choice, tts.SynthesizeTextFormat.TEXT, context)
    ) == p.Synthesize("Hi.", p.VoiceChoice("joe", None, "a"), "text")
    assert from_wyoming(tts.Synthesize("Hi.", tts.SynthesizeVoice())) == p.Synthesize(
        "Hi.", p.VoiceChoice()
    )


def test_wyomings_replies_are_read() -> None:
    assert from_wyoming(audio.AudioStart(22050, 2, 1)) == p.AudioStart(22050, 2, 1)
    assert from_wyoming(audio.AudioChunk(22050, 2, 1, b"abcd", 7)) == FULL["audio-chunk"]
    assert from_wyoming(audio.AudioStop()) == p.AudioStop()
    assert from_wyoming(error.Error("no")) == p.ErrorReply("no")


def test_wyoming_reads_our_messages() -> None:
    assert tts.Synthesize.from_event(to_wyoming(FULL["synthesize"])) == tts.Synthesize(
        "Hi.", tts.SynthesizeVoice("joe", speaker="a"), tts.SynthesizeTextFormat.TEXT
    )
    assert audio.AudioStart.from_event(to_wyoming(FULL["audio-start"])) == audio.AudioStart(
        22050, 2, 1, 5
    )
    assert audio.AudioChunk.from_event(to_wyoming(FULL["audio-chunk"])).audio == b"abcd"
    assert audio.AudioStop.from_event(to_wyoming(p.AudioStop())) == audio.AudioStop()
    assert ping.Pong.from_event(to_wyoming(p.Pong())) == ping.Pong()
    assert error.Error.from_event(to_wyoming(FULL["error"])) == error.Error("no", "busy")


def test_wyoming_reads_several_frames_in_a_row() -> None:
    stream = io.BytesIO(b"".join(encode(p.to_frame(message)) for message in FULL.values()))
    types = [read.type for read in iter(lambda: event.read_event(stream), None)]
    assert types == list(FULL)


@pytest.mark.parametrize("voice", [VOICE, p.TtsVoice("joe", URL, True, ())], ids=["full", "bare"])
def test_wyoming_understands_our_info(voice: p.TtsVoice) -> None:
    ours = p.Info((p.TtsProgram("edge-voice", URL, True, (voice,)),))
    theirs = info.Info.from_event(to_wyoming(ours))
    assert theirs.tts[0].attribution == info.Attribution("someone", "https://example.org")
    read = theirs.tts[0].voices[0]
    assert (read.name, read.installed, tuple(read.languages)) == ("joe", True, voice.languages)
    assert [s.name for s in read.speakers or ()] == [s.name for s in voice.speakers or ()]
    assert from_wyoming(theirs) == ours


# The page


def rows() -> dict[str, str]:
    lines = (line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| `"))
    return {cells[1].strip(" `"): cells[3] for cells in lines if len(cells) == 6}


def names_of_fields(cls: Any) -> set[str]:
    names = set()
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        names.add(field.name)
        for part in (hint, *typing.get_args(hint)):
            if dataclasses.is_dataclass(part):
                names |= names_of_fields(part)
            for inner in typing.get_args(part):
                if dataclasses.is_dataclass(inner):
                    names |= names_of_fields(inner)
    return names


@pytest.mark.parametrize("name", p.MESSAGES)
def test_the_page_names_every_message_and_exactly_its_fields(name: str) -> None:
    assert set(re.findall(r"`(\w+)`", rows()[name])) == names_of_fields(p.MESSAGES[name])


def test_the_page_names_no_other_message() -> None:
    described = {name for name in rows() if name not in ("type", "data")}
    assert described == set(p.MESSAGES)


def test_the_page_states_the_limits() -> None:
    page = PAGE.read_text()
    for number in (p.MAX_TEXT, p.MAX_STREAM, p.MAX_PING, *dataclasses.astuple(FROM_DAEMON)):
        assert f"{number:,}" in page
    assert f"`speed` {p.MIN_SPEED:g} to {p.MAX_SPEED:g}; `volume` 0 to {p.MAX_VOLUME:g}" in page
    assert f"1 to {p.MAX_ID} characters" in page
    assert f"language or speaker {p.MAX_NAME}" in page
    assert f"0 to {p.MAX_SEED}" in page


def test_the_transcripts_of_the_page_are_true() -> None:
    transcripts = re.findall(r"```transcript\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(transcripts) == 4
    for text in transcripts:
        lines = [(line[0], line[2:].encode()) for line in text.splitlines()]
        asked = b"".join(line + b"\n" for side, line in lines if side == ">")
        for frame in decode(asked, FROM_CLIENT):
            if frame.data.get("speed") != 9:
                p.parse_request(frame)
        answered = b"".join(
            bytes(int(line.split()[0][1:])) if line.startswith(b"[") else line + b"\n"
            for side, line in lines
            if side == "<"
        )
        frames = decode(answered)
        assert b"".join(encode(p.to_frame(p.parse_reply(frame))) for frame in frames) == answered
