"""`edge say`: a text that was typed, a file, standard input; to the sound card and into a file."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.cli import run
from edge.commands.say import Options
from edge.commands.say.private_daemon import private_daemon
from edge.protocol import SpeakCancelled, Stop, Stopped
from tests.helpers.command_line import edge, refusal
from tests.helpers.daemon_under_test import ROOT, ThreadDaemon
from tests.helpers.fakes import DEADLINE_S


@pytest.mark.parametrize("out", [None, "a.wav", "-"])
@pytest.mark.parametrize(
    "wrong",
    [["..."], [""], ["Hi.", "--speed", "9"], ["Hi.", "--voice", "nobody"], ["a" * 10_001]],
    ids=["no words", "empty", "speed", "voice", "length"],
)
def test_a_text_that_cannot_be_spoken(
    daemon: ThreadDaemon,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    out: str | None,
    wrong: list[str],
) -> None:
    where = [] if out is None else ["--out", out if out == "-" else str(tmp_path / out)]
    assert run(["say", "--socket", str(daemon.path), *where, *wrong]) == 1
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 2
    assert not (tmp_path / "a.wav").exists()


def test_a_file_that_cannot_be_written(daemon: ThreadDaemon, tmp_path: Path) -> None:
    for place in (tmp_path / "no" / "a.wav", tmp_path, Path("/dev/full/a.wav")):
        said = refusal("say", "--socket", daemon.path, "--out", place, "Hello.")
        assert str(place) in said and "--out" in said
    assert not list(tmp_path.glob("*.part")) and not list(tmp_path.parent.glob("*.part"))


def test_a_listener_that_leaves_is_no_error(daemon: ThreadDaemon) -> None:
    say = f"{sys.executable} -m edge say --socket {daemon.path} --out - {'word ' * 400!r}"
    line = f"{say} | head -c 1000 > /dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, timeout=DEADLINE_S
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_say_waits_until_it_is_heard(daemon: ThreadDaemon) -> None:
    done = edge("say", "--socket", daemon.path, "Hello there.")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert daemon.card.heard().any()


def test_say_reads_standard_input(daemon: ThreadDaemon) -> None:
    for arguments in ([], ["-"]):
        done = edge(
            "say", *arguments, stdin=b"Hello \xff there.", EDGE_VOICE_SOCKET=str(daemon.path)
        )
        assert done.returncode == 0
    assert daemon.server.synthesis.counters.spoken == 2


def test_say_speaks_standard_input_while_it_comes(daemon: ThreadDaemon) -> None:
    command = [sys.executable, "-m", "edge", "say", "--socket", str(daemon.path), "-"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as saying:
        assert saying.stdin is not None
        saying.stdin.write(b"The kettle is on. And")
        saying.stdin.flush()
        daemon.card.wait_until_heard()  # before the rest has come
        saying.stdin.write(b" the tea.")
        saying.stdin.close()
        assert saying.wait(DEADLINE_S) == 0
    assert daemon.server.synthesis.counters.spoken == 1


def test_say_takes_a_text_longer_than_a_request(daemon: ThreadDaemon, tmp_path: Path) -> None:
    assert edge("say", "--socket", daemon.path, "-", stdin=b"word " * 4000).returncode == 0
    out = tmp_path / "a.wav"
    done = edge("say", "--socket", daemon.path, "--out", out, "-", stdin=b"word " * 4000)
    assert done.returncode == 0
    with wave.open(str(out)) as written:
        assert written.getnframes() / 22050 == pytest.approx(4000 * 0.18, rel=0.01)


def test_say_as_fingers_expect_that_know_espeak(daemon: ThreadDaemon, tmp_path: Path) -> None:
    text, out = tmp_path / "story.txt", tmp_path / "story.wav"
    text.write_bytes(b"The kettle \xff is on.\n\nAnd the tea.\n")
    say = ["say", "--socket", daemon.path]
    done = edge(*say, "-v", "second", "-f", text, "-w", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert not daemon.card.blocks
    assert edge(*say, "-f", text).returncode == edge(*say, "-f", "-", stdin=b"Hi.").returncode == 0
    assert daemon.server.synthesis.counters.spoken == 3 and daemon.card.blocks
    piped = edge(*say, "--voice", "second", "--out", "-", stdin=text.read_bytes()).stdout
    with wave.open(str(out)) as written:
        assert written.readframes(written.getnframes()) == piped[44:]


def test_say_refuses_a_file_that_it_cannot_read(daemon: ThreadDaemon, tmp_path: Path) -> None:
    say = ["say", "--socket", daemon.path, "-f"]
    assert "No such file" in refusal(*say, tmp_path / "none")
    assert "directory" in refusal(*say, tmp_path)
    empty = tmp_path / "empty"
    empty.touch()
    assert f"{empty} has no text" in refusal(*say, empty)
    assert "not both" in refusal(*say, empty, "Hello.", status=2)
    assert "-s" in refusal("say", "-s", "200", "Hello.", status=2)


@pytest.mark.parametrize("typed", [b"", b" \n\n", b"...\n"])
def test_say_of_an_input_without_words(daemon: ThreadDaemon, typed: bytes) -> None:
    done = edge("say", "--socket", daemon.path, "-", stdin=typed)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 2


def test_say_writes_captions_beside_the_sound(daemon: ThreadDaemon, tmp_path: Path) -> None:
    text = (
        "The kettle is on. And the tea is in the pot, where it has always been, ever since 1844."
    )
    out, vtt, srt = (tmp_path / name for name in ("a.wav", "a.vtt", "a.srt"))
    say = ["say", "--socket", daemon.path, "--out", out, "--captions"]
    assert edge(*say, vtt, text).returncode == 0
    assert edge(*say, srt, "-", stdin=text.encode()).returncode == 0  # as a stream
    head, *cues = vtt.read_text().rstrip().split("\n\n")
    assert head == "WEBVTT"
    shown = [line for cue in cues for line in cue.splitlines()[2:]]
    assert " ".join(shown) == text
    assert cues[0].splitlines()[:2] == ["1", "00:00:00.000 --> 00:00:00.720"]
    with wave.open(str(out)) as written:
        length = written.getnframes() / written.getframerate()
    last = cues[-1].splitlines()[1].split(":")[-1]
    assert float(last) == pytest.approx(length, abs=0.1)
    assert srt.read_text().replace(",", ".") == "\n\n".join(cues).replace(",", ".") + "\n"
    assert edge(*say, vtt, "--ssml", "<speak>Tea <break time='1s'/>time.</speak>").returncode == 0
    assert "speak" not in vtt.read_text() and "Tea" in vtt.read_text()


def test_captions_that_nobody_could_use(daemon: ThreadDaemon, tmp_path: Path) -> None:
    say = ["say", "--socket", daemon.path, "Hello."]
    assert "--out" in refusal(*say, "--captions", tmp_path / "a.vtt", status=2)
    out = ["--out", tmp_path / "a.wav"]
    assert ".srt" in refusal(*say, *out, "--captions", tmp_path / "a.txt", status=2)
    assert "--captions" in refusal(*say, *out, "--captions", "/dev/null/a.vtt")


def test_say_that_is_stopped_writes_no_file(daemon: ThreadDaemon, tmp_path: Path) -> None:
    out = tmp_path / "a.wav"
    command = [sys.executable, "-m", "edge", "say", "--socket", str(daemon.path), "--out", out]
    with subprocess.Popen([*command, "-"], cwd=ROOT, stdin=-1, stderr=-1, text=True) as saying:
        assert saying.stdin is not None and saying.stderr is not None
        saying.stdin.write("The kettle is on. And")
        saying.stdin.flush()
        with daemon.connect() as wire:
            while True:
                wire.send(Stop(scope="all"))
                if wire.until(Stopped)[-1] != Stopped(()):
                    break
        saying.wait(DEADLINE_S)
        said = saying.stderr.read()
    assert saying.returncode == 1 and "stopped" in said
    assert not list(tmp_path.glob("a.wav*"))


def test_say_without_waiting(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(0)
    assert edge("say", "--socket", daemon.path, "--no-wait", "Hello.").returncode == 0
    status = edge("status", "--socket", daemon.path, "--json")
    assert json.loads(status.stdout)["counters"]["spoken"] == 0
    people = edge("status", "--socket", daemon.path).stdout.decode()
    assert "second" in people and "not loaded" in people and "volume 100 %" in people
    assert edge("stop", "--socket", daemon.path).stdout == b"stopped 1\n"
    assert edge("stop", "--socket", daemon.path).stdout == b"nothing was being spoken\n"


def test_say_that_is_stopped_by_somebody(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(1)
    command = [sys.executable, "-m", "edge", "say", "--socket", str(daemon.path), "Hello there."]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as saying:
        daemon.card.wait_until_held()
        with daemon.connect() as wire:
            wire.send(Stop(scope="all"))
            assert isinstance(wire.until(Stopped, SpeakCancelled)[-1], Stopped)
        _, said = saying.communicate(timeout=DEADLINE_S)
    assert saying.returncode == 1 and said == "edge: stopped (stopped)\n"


def test_say_into_a_file_and_into_a_pipe(daemon: ThreadDaemon, tmp_path: Path) -> None:
    out = tmp_path / "a.wav"
    done = edge("say", "--socket", daemon.path, "--out", out, "Hello there.")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    piped = edge("say", "--socket", daemon.path, "--out", "-", "Hello there.").stdout
    with wave.open(str(out)) as written:
        assert written.getparams()[:3] == (1, 2, 22050)
        sound = written.readframes(written.getnframes())
    with wave.open(io.BytesIO(piped)) as stream:
        assert stream.getparams()[:3] == (1, 2, 22050)
    assert piped[44:] == sound and any(sound)
    assert not daemon.card.blocks


def test_say_falls_back_to_a_file(daemon: ThreadDaemon, tmp_path: Path) -> None:
    daemon.card.opening_fails = True
    assert "aplay -l" in refusal("say", "--socket", daemon.path, "Hello.")
    out = tmp_path / "a.wav"
    done = edge("say", "--socket", daemon.path, "--fallback", out, "Hello.")
    assert done.returncode == 0 and str(out) in done.stdout.decode()
    with wave.open(str(out)) as written:
        assert written.getnframes() > 1_000


@pytest.mark.parametrize("typed", [True, False])
def test_say_of_ssml(daemon: ThreadDaemon, tmp_path: Path, typed: bool) -> None:
    """Typed, and from a pipe, where a pause in a document is none between utterances."""
    source, out = "<speak>One <break time='1s'/>\n two.</speak>", tmp_path / "a.wav"
    given, stdin = ([source], b"") if typed else (["-"], source.encode())
    say = ["say", "--socket", daemon.path, "--ssml"]
    done = edge(*say, "--out", out, *given, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, b"")
    with wave.open(str(out)) as written:
        assert written.getnframes() == 2 * 3969 + 22050
    assert edge(*say, *given, stdin=stdin).returncode == 0
    assert daemon.server.synthesis.counters.seconds == pytest.approx(2 * 1.36)
    wrong = refusal(*say, "<speak>One & two</speak>")
    assert "line 1, column 12" in wrong and "&amp;" in wrong
    assert "not both" in refusal(*say, "--markdown", source, status=2)


def test_say_through_a_private_daemon(tone_bundle: Bundle, tmp_path: Path) -> None:
    out = tmp_path / "a.wav"
    done = edge("say", "--local", "--any-board", "--bundle", tone_bundle.path, "--out", out, "Hi.")
    assert (done.returncode, done.stderr) == (0, b"")
    with wave.open(str(out)) as written:
        assert written.getnframes() > 1_000


def test_a_private_daemon_may_say_as_much_as_it_likes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More warnings than a pipe holds would stop it in the middle of a word."""
    said = tmp_path / "said.sock"
    noisy = (
        "import socket, sys\n"
        "print('edge: ready on here', file=sys.stderr, flush=True)\n"
        "sys.stderr.write('edge: a warning\\n' * 20_000)\n"
        "sys.stderr.flush()\n"
        "socket.socket(socket.AF_UNIX).connect(sys.argv[1])\n"
        "sys.stdin.read()\n"
    )
    monkeypatch.setattr("edge.child.command", lambda *_: [sys.executable, "-c", noisy, str(said)])
    with socket.socket(socket.AF_UNIX) as waits:
        waits.bind(str(said))
        waits.listen()
        waits.settimeout(DEADLINE_S)
        with private_daemon(Options()):
            waits.accept()[0].close()
