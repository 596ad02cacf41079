"""`edge http` as a process, with OpenAI's own client, and with requests that it must refuse."""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import socket
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
import soundfile

from edge import synth
from edge.bundle import Bundle
from edge.cli import run
from edge.pcm import to_int16
from edge.protocol import MAX_TEXT, Stop, Stopped
from tests.daemon.test_daemon import put_in, spoken
from tests.helpers.daemon_under_test import ROOT, ThreadDaemon
from tests.helpers.fakes import DEADLINE_S, FakeVoice, Gate
from tests.helpers.http_under_test import TEXT, TOKEN, Http


@pytest.fixture
def adapter(daemon: ThreadDaemon, tmp_path: Path) -> Iterator[Http]:
    running = Http(daemon.path, tmp_path)
    yield running
    said = running.stop()
    assert "kettle" not in said and "Traceback" not in said, said


# What is spoken


def test_wav_through_openais_client(adapter: Http, daemon: ThreadDaemon, tmp_path: Path) -> None:
    out = tmp_path / "speech.wav"
    with adapter.openai().audio.speech.with_streaming_response.create(
        model="tts-1", voice="tone", input=TEXT, response_format="wav"
    ) as response:
        assert response.headers["content-type"] == "audio/wav"
        response.stream_to_file(out)
    with wave.open(str(out)) as written:
        assert written.getparams()[:3] == (1, 2, 22050)
        sound = written.readframes(1 << 24)
    expected = spoken(daemon.server.voices.bundles[0], TEXT)
    assert sound == to_int16(expected).tobytes()
    assert not daemon.card.blocks


def test_the_times_of_words_come_with_the_sound(adapter: Http, daemon: ThreadDaemon) -> None:
    body = {"model": "tts-1", "voice": "tone", "input": TEXT, "response_format": "wav"}
    status, whole = adapter.ask("POST", "/dev/captioned_speech", body | {"stream": False})
    assert (status, whole["audio_format"]) == (200, "audio/wav")
    sound = to_int16(spoken(daemon.server.voices.bundles[0], TEXT)).tobytes()
    assert base64.b64decode(whole["audio"])[44:] == sound
    stamps = whole["timestamps"]
    assert [stamp["word"] for stamp in stamps] == TEXT.split()
    times = [time for stamp in stamps for time in (stamp["start_time"], stamp["end_time"])]
    assert times == sorted(times) and 0 < times[-1] <= len(sound) / 2 / 22050 + 0.001

    connection = adapter.connect()  # each stretch with its words, unless told otherwise
    token = {"Authorization": f"Bearer {TOKEN}"}
    connection.request("POST", "/dev/captioned_speech", json.dumps(body), token)
    lines = [json.loads(line) for line in connection.getresponse().read().splitlines()]
    connection.close()
    assert len(lines) > 1
    assert b"".join(base64.b64decode(line["audio"]) for line in lines)[44:] == sound
    assert [stamp for line in lines for stamp in line["timestamps"]] == stamps
    body["input"] = f"<speak>{TEXT.replace('kettle', '<emphasis>kettle</emphasis>')}</speak>"
    _, tagged = adapter.ask("POST", "/dev/captioned_speech", body | {"stream": False})
    assert [stamp["word"] for stamp in tagged["timestamps"]] == TEXT.split()
    assert adapter.ask("POST", "/dev/captioned_speech", body, "wrong")[0] == 401
    assert adapter.ask("POST", "/dev/captioned_speech", body | {"input": "..."})[0] == 400


def test_pcm_is_at_the_rate_that_openais_clients_expect(adapter: Http) -> None:
    def pcm(**changes: Any) -> np.ndarray:
        answer = adapter.openai().audio.speech.create(
            model="edge-voice", voice="default", input=TEXT, response_format="pcm", **changes
        )
        return np.frombuffer(answer.content, "<i2")

    wav = adapter.openai().audio.speech.create(
        model="edge-voice", voice="default", input=TEXT, response_format="wav"
    )
    frames = (len(wav.content) - 44) // 2
    sound = pcm()
    assert abs(len(sound) - frames * 24000 / 22050) <= 2
    assert np.abs(sound).max() > 1000
    assert len(pcm(speed=2.0)) < 0.6 * len(sound)


@pytest.mark.parametrize(
    ("input", "format", "frames"),
    [
        ("<speak>One <break time='1s'/> two.</speak>\n", None, 2 * 3969 + 22050),
        ("<speak>One <break time='1s'/> two.</speak>", "ssml", 2 * 3969 + 22050),
        ("<speak>One</speak> and more", None, 3 * 3969),
        ("One <b>two</i>", "ssml-lenient", 2 * 3969),
        ("One two", "markdown", 2 * 3969),
    ],
)
def test_ssml_and_what_else_a_text_may_be(
    adapter: Http, input: str, format: str | None, frames: int
) -> None:
    answer = adapter.openai().audio.speech.create(
        model="edge-voice",
        voice="tone",
        input=input,
        response_format="wav",
        extra_body={"text_format": format} if format else {},
    )
    assert (len(answer.content) - 44) // 2 == frames


def test_ssml_with_a_mistake_is_refused_with_its_place(adapter: Http) -> None:
    with pytest.raises(openai.BadRequestError, match="line 1, column 12") as raised:
        adapter.openai().audio.speech.create(
            model="edge-voice", voice="tone", input="<speak>One & two</speak>"
        )
    assert raised.value.code == "bad-ssml"
    with pytest.raises(openai.BadRequestError, match="text_format is not known"):
        adapter.openai().audio.speech.create(
            model="edge-voice", voice="tone", input="One.", extra_body={"text_format": "html"}
        )


@pytest.mark.parametrize(("format", "rate"), [("mp3", 22050), ("opus", 24000), ("flac", 22050)])
def test_compressed_sound_is_the_same_sound(adapter: Http, format: str, rate: int) -> None:
    def speak(format: Any) -> bytes:
        return (
            adapter.openai()
            .audio.speech.create(
                model="edge-voice", voice="tone", input=TEXT, response_format=format
            )
            .content
        )

    heard, heard_rate = soundfile.read(io.BytesIO(speak(format)))
    original, original_rate = soundfile.read(io.BytesIO(speak("flac")))
    assert heard_rate == rate
    seconds = len(original) / original_rate
    assert len(heard) / heard_rate == pytest.approx(seconds, abs=0.15)  # MP3 pads its ends
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(np.sqrt(np.mean(original**2)), rel=0.1)


def test_mp3_is_what_a_request_gets_that_names_no_format(adapter: Http) -> None:
    answer = adapter.openai().audio.speech.create(model="tts-1", voice="tone", input="Hello.")
    assert answer.response.headers["content-type"] == "audio/mpeg"
    assert soundfile.info(io.BytesIO(answer.content)).format == "MP3"


def test_sound_comes_while_it_is_made(
    adapter: Http, daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    gate = Gate(1)
    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), gate))
    body = {"model": "edge-voice", "input": TEXT, "response_format": "wav"}
    connection = adapter.connect()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    connection.request("POST", "/v1/audio/speech", json.dumps(body), headers)
    answer = connection.getresponse()
    assert answer.read(44 + 100)[:4] == b"RIFF"  # and the voice waits at its second chunk
    gate.open()
    assert len(answer.read()) > 10_000
    connection.close()


@pytest.mark.parametrize("chunks", [0, 1])
def test_a_client_that_goes_is_not_spoken_for(
    adapter: Http, daemon: ThreadDaemon, tone_bundle: Bundle, chunks: int
) -> None:
    gate = Gate(chunks)
    voice = FakeVoice(synth.load(tone_bundle), gate)
    put_in(daemon, tone_bundle, voice)
    connection = adapter.connect()
    body = json.dumps({"model": "edge-voice", "input": TEXT, "response_format": "wav"})
    connection.request("POST", "/v1/audio/speech", body, {"Authorization": f"Bearer {TOKEN}"})
    gate.wait_until_reached()
    if chunks:
        with connection.getresponse() as answer:
            assert answer.read(44)
    connection.close()
    daemon.wait_until_idle()
    gate.open()
    assert adapter.ask("GET", "/v1/audio/voices")[0] == 200
    assert daemon.server.synthesis.counters.cancelled == 1


def test_speech_that_somebody_stops_breaks_off(
    adapter: Http, daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    gate = Gate(1)
    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), gate))
    connection = adapter.connect()
    body = json.dumps({"model": "edge-voice", "input": TEXT, "response_format": "wav"})
    connection.request("POST", "/v1/audio/speech", body, {"Authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    answer.read(44)
    with daemon.connect() as wire:
        wire.send(Stop(scope="all"))
        wire.until(Stopped)
    gate.open()
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    connection.close()


def test_many_at_once(adapter: Http) -> None:
    lengths: list[int] = []

    def speak() -> None:
        answer = adapter.openai().audio.speech.create(
            model="edge-voice", voice="default", input=TEXT, response_format="wav"
        )
        lengths.append(len(answer.content))

    threads = [threading.Thread(target=speak) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert len(lengths) == 8 and len(set(lengths)) == 1


# What there is


def test_models_and_voices(daemon: ThreadDaemon, tmp_path: Path) -> None:
    adapter = Http(daemon.path, tmp_path, "--listen", "127.0.0.1:0", "--alias", "alloy=second")
    client = adapter.openai()
    assert [model.id for model in client.models.list()][:2] == ["edge-voice", "tts-1"]
    assert client.models.retrieve("edge-voice").owned_by == "edge-voice"
    status, answer = adapter.ask("GET", "/v1/audio/voices")
    assert status == 200
    assert [(voice["id"], voice["languages"]) for voice in answer["voices"]] == [
        ("tone", ["zxx"]), ("second", ["de_DE"]), ("alloy", ["de_DE"])
    ]  # fmt: skip
    assert client.audio.speech.create(model="tts-1", voice="alloy", input="Hello.").content
    adapter.stop()


def test_a_unix_socket(daemon: ThreadDaemon, tmp_path: Path) -> None:
    place = tmp_path / "http.sock"
    adapter = Http(daemon.path, tmp_path, "--listen", str(place))
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE_S)
        client.connect(str(place))
        client.sendall(
            f"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        assert client.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"
    adapter.stop()
    assert not place.exists()


def test_a_socket_of_systemds(daemon: ThreadDaemon, tmp_path: Path) -> None:
    """As systemd hands it over: descriptor 3, and two variables."""
    file = tmp_path / "token"
    file.write_text(TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        start = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3); "
            "os.environ['LISTEN_PID'] = str(os.getpid()); os.environ['LISTEN_FDS'] = '1'; "
            "from edge.__main__ import main; sys.argv = ['edge', *sys.argv[2:]]; sys.exit(main())"
        )
        with subprocess.Popen(
            [
                sys.executable,
                "-c",
                start,
                str(listener.fileno()),
                "http",
                "--token-file",
                file,
                "--socket",
                daemon.path,
            ],
            pass_fds=[listener.fileno()],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
            connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {TOKEN}"})
            assert connection.getresponse().status == 200
            connection.close()
            running.terminate()


def test_no_model_is_loaded_here(adapter: Http) -> None:
    """A Pi of 512 MB has room for one."""
    adapter.openai().audio.speech.create(model="tts-1", voice="tone", input="Hello.")
    mapped = Path(f"/proc/{adapter.process.pid}/maps").read_text()
    assert "numpy" in mapped and "onnxruntime" not in mapped


# What is refused


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"input": None}, "bad-message", "input is missing"),
    ({"instructions": "softly"}, "bad-style", "cannot be told how to speak"),
    ({"input": ["a"]}, "bad-message", "input is not text"),
    ({"input": "..."}, "empty-text", "nothing to speak"),
    ({"input": "a" * (MAX_TEXT + 1)}, "text-too-long", "10,001"),
    ({"model": None}, "bad-message", "model is missing"),
    ({"voice": "alloy"}, "unknown-voice", "tone (zxx), second (de_DE)"),
    ({"voice": {"id": "tone"}}, "bad-message", "voice is not text"),
    ({"speaker": "somebody"}, "bad-style", "no speaker"),
    ({"response_format": "aac"}, "bad-message", "mp3, opus, flac, wav, pcm"),
    ({"speed": 4}, "bad-style", "0.5 to 3"),
    ({"speed": True}, "bad-message", "speed"),
    ({"stream_format": "sse"}, "bad-message", "stream_format"),
]


def test_a_request_that_makes_no_sense(adapter: Http) -> None:
    for changes, code, says in BAD:
        error = adapter.refused(**changes)
        assert (error["status"], error["type"]) == (400, "invalid_request_error")
        assert error["code"] == code and says in error["message"], (changes, error)


def test_bodies_and_paths_that_make_no_sense(adapter: Http) -> None:
    for body in (b"", b"{", b"[]", b"\xff", b"[" * 100_000):
        status, answer = adapter.ask("POST", "/v1/audio/speech", body)
        assert status == 400 and "JSON" in answer["error"]["message"]
    status, answer = adapter.ask("POST", "/v1/audio/speech", b" " * 300_000)
    assert status == 413 and "262,144" in answer["error"]["message"]
    assert adapter.refused(model="gpt-9")["status"] == 404
    for method, path, expected in (
        ("GET", "/v1/models/gpt-9", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/audio/speech", 405),
    ):
        status, answer = adapter.ask(method, path)
        assert status == expected and answer["error"]["message"]


def test_the_token_is_needed_for_everything(adapter: Http) -> None:
    for token in ("", "wrong", TOKEN[:-1]):
        for method, path in (
            ("GET", "/v1/models"),
            ("GET", "/v1/models/tts-1"),
            ("GET", "/v1/audio/voices"),
            ("POST", "/v1/audio/speech"),
        ):
            status, answer = adapter.ask(method, path, b"{}", token)
            assert (status, answer["error"]["code"]) == (401, "invalid_api_key")
    with pytest.raises(openai.AuthenticationError):
        adapter.openai("wrong").models.list()


def test_a_number_too_large_and_a_client_that_leaves_in_its_body(adapter: Http) -> None:
    """The fixture looks for tracebacks."""
    error = adapter.refused(speed=10**400)
    assert error["status"] == 400 and error["code"] == "bad-message"
    connection = adapter.connect()
    connection.putrequest("POST", "/v1/audio/speech")
    connection.putheader("Authorization", f"Bearer {TOKEN}")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b"{")
    connection.close()
    assert adapter.ask("GET", "/v1/models")[0] == 200


def test_a_daemon_that_is_not_there(adapter: Http, daemon: ThreadDaemon) -> None:
    daemon.stop()
    error = adapter.refused()
    assert (error["status"], error["code"]) == (503, "no-daemon")
    assert "edge serve" in error["message"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--listen", "0.0.0.0:8880"], "this machine's own address"),
        (["--listen", "board.local:8880"], "this machine's own address"),
        (["--listen", "127.0.0.1"], "this machine's own address"),
        (["--listen", "127.0.0.1:http"], "no port"),
        (["--listen", "/nowhere/http.sock"], "No such file"),
        (["--listen", "127.0.0.1:0"], "wants a token"),
        (["--listen", "127.0.0.1:0", "--token-file", "/dev/null"], "0 characters"),
        (["--alias", "alloy"], "NAME=VOICE"),
    ],
)
def test_places_that_it_does_not_listen_on(
    capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    assert run(["http", *options]) == 1
    assert says in capsys.readouterr().err


def test_a_port_and_a_path_that_are_taken(
    capsys: pytest.CaptureFixture[str], daemon: ThreadDaemon
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for place in (f"127.0.0.1:{taken.getsockname()[1]}", str(daemon.path)):
            assert run(["http", "--listen", place]) == 1
            assert "in use" in capsys.readouterr().err


def test_a_format_whose_library_is_missing(daemon: ThreadDaemon, tmp_path: Path) -> None:
    """PYTHONPATH puts a module before the real one that says it is not there."""
    absent = tmp_path / "absent"
    absent.mkdir()
    for name in ("soundfile", "soxr"):
        (absent / f"{name}.py").write_text(f"raise ModuleNotFoundError(name={name!r})")
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = f"{absent}:{ROOT}"
    try:
        adapter = Http(daemon.path, tmp_path)
    finally:
        os.environ["PYTHONPATH"] = before
    for format in ("mp3", "opus", "flac", "pcm"):
        error = adapter.refused(response_format=format)
        assert (error["status"], error["code"]) == (400, "missing-package")
        assert "wav" in error["message"] and "pip install" in error["message"]
    adapter.stop()
