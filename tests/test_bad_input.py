"""Whatever is sent to the socket, the sender gets an answer that says why, and others are served.

The rows of SENT are the table in docs/reference/errors.md: what was sent, the code of the error
or the reply that comes back, and whether the connection stays open.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.config import Access
from edge.daemon.schedule import MAX_CLIENT_JOBS
from edge.protocol import (
    AudioStop,
    ErrorReply,
    Ping,
    Pong,
    Reply,
    SpeakFinished,
    Status,
    StatusReport,
    Synthesize,
)
from tests.helpers.daemon_under_test import ThreadDaemon
from tests.helpers.fakes import DEADLINE_S

LONG = "word " * 1900  # six minutes
CLIENTS_PER_USER = Access().clients_per_user


def frame(type: str, **data: object) -> bytes:
    block = json.dumps(data).encode()
    return json.dumps({"type": type, "data_length": len(block)}).encode() + b"\n" + block


def header(**fields: object) -> bytes:
    return json.dumps({"type": "ping", **fields}).encode() + b"\n"


# What was sent -> the bytes; what comes back (an error's code, "sound", "silence", "spoken" or
# "pong"); whether the connection stays open.
SENT: dict[str, tuple[bytes, str, bool]] = {
    "speak: no text at all": (frame("speak"), "bad-message", True),
    "speak: empty text": (frame("speak", text=""), "empty-text", True),
    "speak: white space": (frame("speak", text=" \t\r\n\u00a0\u3000"), "empty-text", True),
    "speak: control characters only": (
        frame("speak", text="\0\1\x1b\x7f\x9b"), "empty-text", True,
    ),
    "speak: punctuation only": (frame("speak", text="?!... --- \u00a1"), "empty-text", True),
    "speak: control characters among words": (
        frame("speak", text="One\x1b[2J two\x07."), "spoken", True,
    ),
    "speak: a NUL between words": (frame("speak", text="One\0two."), "spoken", True),
    "speak: emoji only": (frame("speak", text="\U0001f600\U0001f1e9\U0001f1ea"), "spoken", True),
    "speak: a foreign script": (
        frame("speak", text="\u6f22\u5b57 \u0420\u0443\u0441 \u0639\u0631\u0628"), "spoken", True,
    ),
    "speak: one combining mark": (frame("speak", text="\u0301"), "empty-text", True),
    "speak: zero-width and bidirectional marks": (
        frame("speak", text="\u200b\u202e\ufeff"), "empty-text", True,
    ),
    "speak: one word of 10,000 letters": (frame("speak", text="a" * 10_000), "spoken", True),
    "speak: 10,001 characters": (frame("speak", text="a" * 10_001), "text-too-long", True),
    "speak: 1 MB of text": (frame("speak", text="a" * 1_000_000), "bad-frame", False),
    "speak: unknown voice": (frame("speak", text="One.", voice="nobody"), "unknown-voice", True),
    "speak: unknown language": (
        frame("speak", text="One.", language="tlh"), "unknown-voice", True,
    ),
    "speak: unknown speaker": (frame("speak", text="One.", speaker="x"), "bad-style", True),
    "speak: a voice's name of 129 characters": (
        frame("speak", text="One.", voice="v" * 129), "bad-message", True,
    ),
    "speak: a voice's name with a path": (
        frame("speak", text="One.", voice="../../etc/passwd"), "unknown-voice", True,
    ),
    "speak: text is a number": (frame("speak", text=7), "bad-message", True),
    "speak: text is null": (frame("speak", text=None), "bad-message", True),
    "speak: speed 0": (frame("speak", text="One.", speed=0), "bad-style", True),
    "speak: speed is text": (frame("speak", text="One.", speed="1"), "bad-message", True),
    "speak: speed is true": (frame("speak", text="One.", speed=True), "bad-message", True),
    "speak: volume -1": (frame("speak", text="One.", volume=-1), "bad-style", True),
    "speak: speed 1e999": (
        b'{"type":"speak","data":{"text":"One.","speed":1e999}}\n', "bad-frame", False,
    ),
    "speak: speed NaN": (
        b'{"type":"speak","data":{"text":"One.","speed":NaN}}\n', "bad-frame", False,
    ),
    "speak: an id with a newline": (frame("speak", text="One.", id="a\nb"), "bad-message", True),
    "speak: an unknown field": (frame("speak", text="One.", mood="glad"), "spoken", True),
    "speak: half a surrogate pair": (
        b'{"type":"speak","data":{"text":"\\ud83d"}}\n', "bad-frame", False,
    ),
    "synthesize: empty text": (frame("synthesize", text=""), "silence", True),
    "synthesize: emoji only": (frame("synthesize", text="\U0001f600"), "sound", True),
    "synthesize: unknown voice": (
        frame("synthesize", text="One.", voice={"name": "nobody"}), "unknown-voice", True,
    ),
    "synthesize: voice is text": (
        frame("synthesize", text="One.", voice="x"), "bad-message", True,
    ),
    "synthesize: SSML without words": (
        frame("synthesize", text="<speak/>", text_format="ssml"), "silence", True,
    ),
    "synthesize: SSML that is not well-formed": (
        frame("synthesize", text="<speak>a & b</speak>", text_format="ssml"), "bad-ssml", True,
    ),
    "synthesize: SSML with a DOCTYPE": (
        frame("synthesize", text="<!DOCTYPE a><speak/>", text_format="ssml"), "bad-ssml", True,
    ),
    "speak: SSML 65 deep": (
        frame("speak", text="<speak>" + "<p>" * 65, text_format="ssml"), "bad-ssml", True,
    ),
    "speak: a text_format that is not known": (
        frame("speak", text="One.", text_format="html"), "bad-message", True,
    ),
    "synthesize: seed -1": (frame("synthesize", text="One.", seed=-1), "bad-message", True),
    "speak: words is text": (frame("speak", text="One.", words="yes"), "bad-message", True),
    "speak-start: unknown voice, then chunks": (
        frame("speak-start", voice="nobody") + frame("speak-chunk", text="One. ") * 9,
        "unknown-voice", True,
    ),
    "speak-start: speed 9": (frame("speak-start", speed=9), "bad-style", True),
    "speak-start: twice": (
        frame("speak-start") + frame("speak-start"), "bad-message", True,
    ),
    "speak-start: no words": (
        frame("speak-start") + frame("speak-chunk", text="...") + frame("speak-stop"),
        "empty-text", True,
    ),
    "speak-chunk: no stream": (frame("speak-chunk", text="One."), "bad-message", True),
    "speak-chunk: 10,001 characters": (
        frame("speak-chunk", text="a" * 10_001), "text-too-long", True,
    ),
    "speak-chunk: 200,001 characters in all": (
        frame("speak-start") + frame("speak-chunk", text=" " * 10_000) * 20
        + frame("speak-chunk", text="a"), "text-too-long", True,
    ),
    "speak-chunk: a word cut in its middle": (
        frame("speak-start") + frame("speak-chunk", text="O") + frame("speak-chunk", text="ne.")
        + frame("speak-stop"), "spoken", True,
    ),
    "speak-stop: no stream": (frame("speak-stop"), "bad-message", True),
    "speak-start: SSML with a mistake behind a sentence": (
        frame("speak-start", text_format="ssml")
        + frame("speak-chunk", text="<speak><p>One.</p> & two.</speak>"),
        "bad-ssml", True,
    ),
    "synthesize-chunk: text is a number": (frame("synthesize-chunk", text=7), "bad-message", True),
    "stop: an unknown scope": (frame("stop", scope="world"), "bad-message", True),
    "unknown message": (frame("sing"), "bad-message", True),
    "a message of the daemon's": (frame("pong"), "bad-message", True),
    "an empty line, then a ping": (b"\n  \n" + header(), "pong", True),
    "broken JSON": (b'{"type": "ping"\n', "bad-frame", False),
    "JSON that is no object": (b"[1, 2]\n", "bad-frame", False),
    "no type": (b"{}\n", "bad-frame", False),
    "a type that is a number": (b'{"type": 5}\n', "bad-frame", False),
    "data that is a list": (header(data=[1]), "bad-frame", False),
    "data block that is no JSON": (header(data_length=3) + b"abc", "bad-frame", False),
    "data_length true": (header(data_length=True), "bad-frame", False),
    "data_length -1": (header(data_length=-1), "bad-frame", False),
    "data_length 10 GB": (header(data_length=10**10), "bad-frame", False),
    "data_length 1.5": (header(data_length=1.5), "bad-frame", False),
    "data_length text": (header(data_length="4"), "bad-frame", False),
    "payload_length 10 GB": (header(payload_length=10**10), "bad-frame", False),
    "a number of 5,000 digits": (
        b'{"type":"ping","data":{"n":' + b"9" * 5_000 + b"}}\n", "bad-frame", False,
    ),
    "JSON 30,000 deep": (b'{"type":' + b"[" * 30_000 + b"\n", "bad-frame", False),
    "data 90 deep": (
        b'{"type":"ping","data":{"a":' + b"[" * 90 + b"]" * 90 + b"}}\n", "pong", True,
    ),
    "data 900 deep": (
        b'{"type":"ping","data":{"a":' + b"[" * 900 + b"]" * 900 + b"}}\n", "bad-frame", False,
    ),
    "bytes that are not UTF-8": (b'{"type":"\xff\xfe"}\n', "bad-frame", False),
    "a line of 70,000 bytes": (b"a" * 70_000, "bad-frame", False),
    "random bytes": (bytes(range(255, -1, -1)) * 300, "bad-frame", False),
    "an HTTP request": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "bad-frame", False),
}  # fmt: skip


def outcome(replies: list[Reply]) -> str:
    match replies[-1]:
        case ErrorReply(code=code):
            return code
        case AudioStop():
            return "silence" if len(replies) == 2 else "sound"
        case SpeakFinished():
            return "spoken"
        case Pong():
            return "pong"
    raise AssertionError(replies)


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, tone_bundle: Bundle
) -> Iterator[ThreadDaemon]:
    running = ThreadDaemon(tmp_path_factory.mktemp("bad") / "edge.sock", [tone_bundle])
    yield running
    running.stop()


@pytest.mark.parametrize("what", SENT)
def test_bad_input_is_answered(shared: ThreadDaemon, what: str) -> None:
    sent, expected, stays_open = SENT[what]
    with shared.connect() as wire:
        with contextlib.suppress(BrokenPipeError):  # it hangs up while we still send
            wire.send(sent)
        replies = wire.until(AudioStop, SpeakFinished, Pong)
        assert outcome(replies) == expected
        if isinstance(replies[-1], ErrorReply):
            assert replies[-1].text and replies[-1].remedy
        if stays_open:
            wire.ping()
        else:
            assert wire.receive() is None
    with shared.connect() as other:
        other.ping()


def resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4


def test_an_endless_line_takes_no_memory(shared: ThreadDaemon) -> None:
    before = resident_kb()
    for _ in range(5):
        with shared.connect() as wire, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(64):
                wire.send(b"a" * (1 << 20))
    with shared.connect() as wire:
        wire.ping()
    assert resident_kb() - before < 32 << 10


def test_a_client_that_breaks_off_in_a_message(shared: ThreadDaemon) -> None:
    whole = frame("synthesize", text="One.")
    for length in range(1, len(whole)):
        with shared.connect() as wire:
            wire.send(whole[:length])
    with shared.connect() as wire:
        wire.ping()


def test_a_client_that_breaks_off_in_a_reply(shared: ThreadDaemon) -> None:
    for _ in range(20):
        with shared.connect() as wire:
            wire.send(Synthesize(LONG))
            wire.socket.recv(100)
    with shared.connect() as wire:
        wire.send(Synthesize("One."))
        assert wire.sound().any()


def test_clients_that_never_read_hold_up_nobody(shared: ThreadDaemon) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(3 * MAX_CLIENT_JOBS):
            stack.enter_context(shared.connect()).send(Synthesize(LONG))
        with shared.connect() as wire:
            wire.send(Synthesize("One."))
            assert wire.sound().any()


def test_a_client_that_asks_and_never_reads_is_read_no_further(shared: ThreadDaemon) -> None:
    """It waits, and loses nothing: its answers are there once it reads."""
    asked = 0
    with shared.connect() as wire:
        wire.socket.settimeout(1)
        with contextlib.suppress(TimeoutError):
            while asked < 20_000:
                wire.send(*[Ping("a" * 1_000)] * 10)
                asked += 10
        assert asked < 2_000, "it was read without end"
        with shared.connect() as other:
            other.ping()
        wire.socket.settimeout(DEADLINE_S)
        assert [wire.receive() for _ in range(asked)] == [Pong("a" * 1_000)] * asked


def test_60_clients_at_once(shared: ThreadDaemon) -> None:
    text = "One two three."
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(shared.connect()) for _ in range(60)]
        for wire in wires:
            wire.send(Synthesize(text))
        sounds = {wire.sound().tobytes() for wire in wires}
    assert len(sounds) == 1 and len(sounds.pop()) > 10_000


def test_one_connection_too_many_is_told_so(daemon: ThreadDaemon) -> None:
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(daemon.connect()) for _ in range(CLIENTS_PER_USER)]
        for wire in wires:
            wire.ping()
        late = stack.enter_context(daemon.connect())
        error = late.receive()
        assert isinstance(error, ErrorReply) and error.code == "busy"
        assert late.receive() is None
        wires[0].ping()
    deadline = time.monotonic() + DEADLINE_S
    answer: Reply | None = error
    while answer != Pong():  # closing takes the daemon a moment
        assert time.monotonic() < deadline, answer
        with daemon.connect() as wire, contextlib.suppress(BrokenPipeError):
            wire.send(Ping())
            answer = wire.receive()


def test_silent_connections_cost_nothing(shared: ThreadDaemon) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(shared.connect())
        with shared.connect() as wire:
            wire.send(Synthesize("One."))
            assert wire.sound().any()


def test_nothing_is_left_open(shared: ThreadDaemon) -> None:
    """After all of the above: every connection is closed again, and nothing is under way."""
    deadline = time.monotonic() + DEADLINE_S
    with shared.connect() as wire:
        while True:
            wire.send(Status())
            status = wire.receive()
            assert isinstance(status, StatusReport)
            if status.counters["clients"] == 1 and status.waiting == 0:
                break
            assert time.monotonic() < deadline, status
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("synthesis") == names.count("playback") == 1


def table() -> str:
    """The table of docs/reference/errors.md."""
    words = {"spoken": "it is spoken", "sound": "the sound", "silence": "a sound of no length"}
    rows = ["| What was sent | What it gets | The connection |", "|---|---|---|"]
    for what, (_, expected, stays_open) in SENT.items():
        got = words.get(expected, f"`{expected}`")
        rows.append(f"| {what} | {got} | {'stays open' if stays_open else 'ends'} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(table(), end="")
