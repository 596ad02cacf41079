"""The page of `edge http` without a browser: its files, its policy, its messages, and who may."""

from __future__ import annotations

import base64
import http.client
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge import synth
from edge.adapters.http_messages import LAST
from edge.adapters.http_page import FOLDER, HEADERS, MEDIA_TYPES
from edge.bundle import Bundle
from edge.pcm import to_int16
from edge.protocol import MAX_TEXT, REPLIES, REQUESTS
from tests.daemon.test_daemon import put_in, spoken
from tests.helpers.daemon_under_test import ROOT, ThreadDaemon
from tests.helpers.fakes import DEADLINE_S, FakeVoice, Gate
from tests.helpers.http_under_test import TEXT, TOKEN, Http


@pytest.fixture(scope="module")
def lasting(
    tone_bundle: Bundle, second_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ThreadDaemon]:
    """A daemon for all the tests that leave it as it was."""
    path = tmp_path_factory.mktemp("page") / "edge.sock"
    running = ThreadDaemon(path, [tone_bundle, second_bundle])
    yield running
    running.stop()


@pytest.fixture(scope="module")
def door(lasting: ThreadDaemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    running = Http(lasting.path, tmp_path_factory.mktemp("door"))
    yield running
    quiet(running.stop())


@pytest.fixture
def own_door(daemon: ThreadDaemon, tmp_path: Path) -> Iterator[Http]:
    running = Http(daemon.path, tmp_path)
    yield running
    quiet(running.stop())


def quiet(said: str) -> None:
    assert "kettle" not in said and "Traceback" not in said and TOKEN not in said, said


def fetched(door: Http, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = door.connect()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def told(door: Http, kind: str, data: Any, token: str = TOKEN) -> tuple[int, list[Any]]:
    """The status, and the lines of the answer."""
    connection = door.connect()
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    connection.request("POST", f"/messages/{kind}", body, {"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    lines = [json.loads(line) for line in answer.read().splitlines()]
    connection.close()
    return answer.status, lines


# Its files


class Elements(HTMLParser):
    """Every element with its attributes, and the text inside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in ("script", "style"):
            self.inline += data


PAGE = Elements((FOLDER / "index.html").read_text(encoding="utf-8"))
SCRIPTS = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.js")}
IDS = [attributes["id"] for _, attributes in PAGE.found if attributes.get("id")]


def test_each_file_comes_with_the_policy_and_without_a_token(door: Http) -> None:
    assert {file.name for file in FOLDER.iterdir()} == set(MEDIA_TYPES)
    for name, kind in MEDIA_TYPES.items():
        path = "/" if name == "index.html" else f"/page/{name}"
        status, headers, body = fetched(door, path)
        assert status == 200 and body == (FOLDER / name).read_bytes()
        assert headers["content-type"].split(";")[0] == kind
        for header, value in HEADERS.items():
            assert headers[header] == value
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy


def test_there_is_nothing_else_to_ask_for(door: Http) -> None:
    for path in (
        "/page/",
        "/page/index.html",
        "/page/../http.py",
        "/page/..%2fhttp.py",
        "/page/%2e%2e/http.py",
        "/page//etc/passwd",
        "/page/page.js%00",
        "/page/page.js/",
        "/messages/",
        "//evil.example/",
    ):
        assert fetched(door, path)[0] in (404, 405), path


def test_the_policy_has_nothing_to_forbid() -> None:
    assert not PAGE.inline.strip()
    for tag, attributes in PAGE.found:
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag
        for name in ("src", "href"):
            address = attributes.get(name) or "#"
            known = address[0] == "#" or address.removeprefix("page/") in MEDIA_TYPES
            assert known, f"{tag} {name}={address}"
    for name, text in SCRIPTS.items():
        text = text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"\beval\(|new Function|HTML|document\.write|https?://", text), name
        for other in re.findall(r'from "\./([^"]+)"', text):
            assert other in MEDIA_TYPES
    assert "url(" not in (FOLDER / "page.css").read_text(encoding="utf-8")


def test_scripts_use_elements_that_are_there() -> None:
    assert len(set(IDS)) == len(IDS)
    used = {id for text in SCRIPTS.values() for id in re.findall(r'byId\("([^"]+)"\)', text)}
    assert used <= set(IDS) and len(used) > 20
    for _, attributes in PAGE.found:
        for name in ("for", "aria-labelledby", "aria-describedby"):
            assert set((attributes.get(name) or "").split()) <= set(IDS), attributes
    labelled = {attributes.get("for") for tag, attributes in PAGE.found if tag == "label"}
    for tag, attributes in PAGE.found:
        if tag in ("input", "select", "textarea"):
            assert attributes["id"] in labelled


def test_scripts_send_what_the_daemon_knows_and_read_what_it_answers() -> None:
    whole = "\n".join(SCRIPTS.values())
    asked = set(re.findall(r'(?:ask|answer|act)\(\s*"([\w-]+)"', whole))
    assert asked | {"resume", "pause"} <= {request.TYPE for request in LAST}
    compared = set(re.findall(r'type === "([a-z]+-[a-z-]+)"', whole))
    assert compared <= set(REPLIES) and len(compared) >= 8


# Its messages


def test_speech_is_heard_by_messages_word_for_word(door: Http, lasting: ThreadDaemon) -> None:
    status, lines = told(door, "speak", {"text": TEXT, "words": True, "id": "tea"})
    assert status == 200
    kinds = [line["type"] for line in lines]
    assert kinds[:2] == ["speak-accepted", "speak-started"] and kinds[-1] == "speak-finished"
    words = [line["data"] for line in lines if line["type"] == "speak-word"]
    assert [TEXT[word["text_start"] : word["text_end"]] for word in words] == TEXT.split()
    assert lasting.card.blocks

    status, lines = told(door, "synthesize", {"text": TEXT})
    sound = b"".join(base64.b64decode(line.get("payload", "")) for line in lines)
    assert sound == to_int16(spoken(lasting.server.voices.bundles[0], TEXT)).tobytes()


def test_the_daemon_is_looked_at_and_set(door: Http) -> None:
    [info] = told(door, "describe", b"")[1]
    assert [voice["name"] for voice in info["data"]["tts"][0]["voices"]] == ["tone", "second"]
    assert told(door, "volume", {"percent": 30})[1][0]["data"] == {"paused": False, "volume": 30}
    assert told(door, "pause", {})[1][0]["data"]["paused"]
    assert not told(door, "resume", {})[1][0]["data"]["paused"]
    [status] = told(door, "status", {})[1]
    assert status["data"]["volume"] == 30 and status["data"]["voices"][0]["name"] == "tone"
    [explained] = told(door, "explain", {"text": "It is **so**."})[1]
    assert explained["data"]["spoken"] == "It is so."
    assert told(door, "pronunciations", {})[1][0]["data"] == {"total": 0, "entries": []}
    assert told(door, "stop", {"scope": "all"})[1][0]["data"] == {"ids": []}


def test_who_leaves_is_not_spoken_for(
    own_door: Http, daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    gate = Gate(1)
    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), gate))
    connection = own_door.connect()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    connection.request("POST", "/messages/speak", json.dumps({"text": TEXT}), headers)
    assert json.loads(connection.getresponse().readline())["type"] == "speak-accepted"
    gate.wait_until_reached()
    connection.close()
    daemon.wait_until_idle()
    gate.open()
    assert daemon.server.synthesis.counters.cancelled == 1


def test_a_failure_in_the_middle_is_the_last_line(
    own_door: Http, daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    def fails(number: int) -> None:
        if number == 1:
            raise RuntimeError("kettle")

    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), fails))
    status, lines = told(own_door, "synthesize", {"text": TEXT})
    assert status == 200 and [line["type"] for line in lines[:2]] == ["audio-start", "audio-chunk"]
    assert lines[-1]["type"] == "error" and lines[-1]["data"]["code"] == "model-failed"


# Who may


def test_a_page_of_strangers_that_points_here_is_refused(door: Http) -> None:
    """DNS rebinding: the browser thinks that it talks to the stranger."""
    token = f"Bearer {TOKEN}"
    for host in (
        "evil.example:8880",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.1.20:8880",
        "[::1",
        "[::ffff:8.8.8.8]:80",
        "localhost@evil.example",
        "",
    ):
        for path in ("/", "/page/page.js"):
            status, _, body = fetched(door, path, Host=host, Authorization=token)
            assert status in (400, 421) and b"script" not in body, host
        connection = door.connect()
        connection.request(
            "POST", "/messages/status", b"{}", {"Host": host, "Authorization": token}
        )
        assert connection.getresponse().status in (400, 421), host
        connection.close()
    for host in ("localhost:8880", "LOCALHOST", "127.0.0.1", "127.0.0.1:1", "[::1]:8880", "[::1]"):
        assert fetched(door, "/", Host=host)[0] == 200, host


def test_other_origins_get_no_permission(door: Http) -> None:
    connection = door.connect()
    asks = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization"}  # fmt: skip
    connection.request("OPTIONS", "/messages/speak", headers=asks)
    answer = connection.getresponse()
    assert answer.status == 405
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    connection.close()


def test_no_message_goes_without_the_token(door: Http, lasting: ThreadDaemon) -> None:
    before = len(lasting.card.blocks)
    for token in ("", "wrong", TOKEN[:-1], TOKEN + "0"):
        for kind in ("status", "speak", "stop", "nothing"):
            status, [answer] = told(door, kind, {"text": TEXT}, token)
            assert (status, answer["error"]["code"]) == (401, "invalid_api_key")
    assert len(lasting.card.blocks) == before


BAD: list[tuple[str, bytes, int, str]] = [
    ("speak", b"{", 400, "bad-frame"),
    ("speak", b"[]", 400, "bad-frame"),
    ("speak", b"\xff", 400, "bad-frame"),
    ("speak", b'{"text": "a"} {"text": "kettle"}', 400, "bad-frame"),
    ("speak", b"[" * 100_000, 400, "bad-frame"),
    ("speak", b'{"text": "\\ud800"}', 400, "bad-frame"),
    ("speak", b'{"text": "kettle", "speed": NaN}', 400, "bad-frame"),
    ("speak", b'{"text": "kettle", "speed": 1e999}', 400, "bad-frame"),
    ("volume", b'{"percent": ' + b"9" * 5000 + b"}", 400, "bad-frame"),
    ("speak", b"", 400, "bad-message"),
    ("speak", b'{"text": 5}', 400, "bad-message"),
    ("speak", b'{"text": "kettle", "speed": 9}', 400, "bad-style"),
    ("speak", b'{"text": "kettle", "voice": "nobody"}', 400, "unknown-voice"),
    ("speak", json.dumps({"text": "a" * (MAX_TEXT + 1)}).encode(), 400, "text-too-long"),
    ("speak", b" " * 300_000, 413, "too_long"),
    ("sing", b"{}", 400, "bad-message"),
    ("reload", b"{}", 400, "bad-message"),
    ("speak-start", b"{}", 400, "bad-message"),
    ("status%0a%7b%7d", b"{}", 400, "bad-message"),
    ("s" * 60_000, b"{}", 400, "bad-message"),
]


def test_messages_that_make_no_sense(door: Http) -> None:
    for kind, body, status, code in BAD:
        got, [answer] = told(door, kind, body)
        error = answer["error"]
        assert (got, error["code"]) == (status, code), (kind[:20], body[:40], error)
        assert "kettle" not in error["message"] and len(error["message"]) < 700


def test_what_is_not_carried_is_chosen() -> None:
    carried = {request.TYPE for request in LAST}
    assert set(REQUESTS) - carried == {
        "reload", "speak-start", "speak-chunk", "speak-stop",
        "synthesize-start", "synthesize-chunk", "synthesize-stop",
    }  # fmt: skip
    assert all(set(last) <= set(REPLIES.values()) for last in LAST.values())


def test_a_daemon_that_is_gone_is_told_as_such(own_door: Http, daemon: ThreadDaemon) -> None:
    daemon.stop()
    status, [answer] = told(own_door, "status", {})
    assert (status, answer["error"]["code"]) == (503, "no-daemon")
    assert fetched(own_door, "/")[0] == 200


def test_only_a_terminal_is_shown_the_address_with_the_token(
    daemon: ThreadDaemon, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("a+b/c=d %#0123456789")
    terminal, end = pty.openpty()
    command = ["http", "--socket", daemon.path, "--token-file", file, "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        [sys.executable, "-m", "edge", *command],
        cwd=ROOT,
        stdout=end,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        os.close(end)
        shown = os.read(terminal, 1000).decode()
        while "\n" not in shown:
            shown += os.read(terminal, 1000).decode()
        running.terminate()
        assert "0123" not in running.communicate(timeout=DEADLINE_S)[1]
    os.close(terminal)
    assert re.search(r"http://127\.0\.0\.1:\d+/#token=a%2Bb%2Fc%3Dd%20%25%230123456789\r\n", shown)


def test_sounds_of_any_length_are_whole_samples(door: Http) -> None:
    """The page reads each line's payload as int16 by itself."""
    _, lines = told(door, "synthesize", {"text": TEXT, "speed": 1.3})
    pieces = [base64.b64decode(line["payload"]) for line in lines if "payload" in line]
    assert pieces and all(np.frombuffer(piece, "<i2").size for piece in pieces)
