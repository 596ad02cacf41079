"""The command line as people type it: help, exit codes, and errors that say what to type next.

Write tests/golden/ anew after a wanted change: python -m tests.test_cli
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest
import shtab

from edge import __version__
from edge.bundle import Bundle
from edge.cli import _parser, run
from edge.protocol import SpeakCancelled, Stop, Stopped
from tests.daemon_under_test import ROOT, ThreadDaemon
from tests.fakes import DEADLINE_S

COMMANDS = [
    "bench",
    "build",
    "calibrate-audio",
    "clone",
    "config",
    "doctor",
    "drop-in",
    "http",
    "inspect",
    "install",
    "pause",
    "prerender",
    "profiles",
    "reload",
    "resume",
    "rollback",
    "say",
    "serve",
    "speech-dispatcher-module",
    "status",
    "stop",
    "tune",
    "unclone",
    "voices",
    "volume",
]
GOLDEN = Path(__file__).parent / "golden"
COMPLETION = ROOT / "contrib/edge.bash-completion"


def edge(
    *arguments: str | Path, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "edge", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=3 * DEADLINE_S,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "90"} | environment,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def refusal(*arguments: str | Path, status: int = 1, **environment: str) -> str:
    """What an error prints: two lines, the message and the remedy."""
    done = edge(*arguments, **environment)
    assert done.returncode == status
    said = done.stderr.decode()
    if status == 1:
        *_, message, remedy = said.splitlines()
        assert message.startswith("edge: ") and re.match(r" {6}\S", remedy), said
    return said


def help_of(command: str) -> str:
    return edge(*command.split(), "--help").stdout.decode()


def completion() -> str:
    parser = _parser()
    parser.prog = "edge"
    return shtab.complete(parser, shell="bash").rstrip() + "\n"


def test_every_command_is_covered() -> None:
    listed = re.findall(r"^    ([\w-]+)", help_of(""), re.MULTILINE)
    assert sorted(listed) == COMMANDS


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse words its help anew")
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(command: str) -> None:
    text = help_of(command).replace(str(Path.home()), "~")
    assert text == (GOLDEN / f"help-{command or 'edge'}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_that_parses(command: str) -> None:
    text = help_of(command)
    assert re.search(rf"^  edge {command}\b", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 90


def test_version() -> None:
    assert edge("--version").stdout.decode() == f"edge-voice {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["sing"], ["say", "--speed", "fast"], ["say", "--loud"]]
)
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    assert "usage: edge" in refusal(*arguments, status=2)


# Errors


def test_a_package_that_is_missing_is_named_with_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("edge.build.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert run(["build", "tone", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "onnx is not installed" in said and "edge-voice[build]" in said


def test_errors_say_what_to_type_next(tmp_path: Path, tone_bundle: Bundle) -> None:
    nowhere = tmp_path / "nowhere.sock"
    assert "edge serve" in refusal("say", "--socket", nowhere, "Hello.")
    assert "edge serve" in refusal("status", "--socket", nowhere)
    assert "edge serve" in refusal("stop", EDGE_VOICE_SOCKET=str(nowhere))
    assert "edge build" in refusal("inspect", tmp_path)
    assert "edge build" in refusal("serve", "--bundle", tmp_path, "--socket", nowhere)
    assert "Choose one of" in refusal("build", "tone", "--profile", "toaster", "--out", tmp_path)
    assert "edge voices" in refusal("build", "nobody", "--out", tmp_path)
    assert "edge voices" in refusal("voices", "nobody")
    assert "edge build" in refusal("say", "--local", "--bundle", tmp_path, "Hello.")
    assert "edge build nobody" in refusal(
        "say",
        "--local",
        "--any-board",
        "--bundle",
        tone_bundle.path,
        "--voice",
        "nobody",
        "Hello.",
    )


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


@pytest.mark.parametrize("command", ["edge voices", "edge profiles", "edge voices --json"])
def test_a_reader_that_leaves_is_no_error(command: str) -> None:
    line = f"{sys.executable} -m {command} | head -1 > /dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, timeout=DEADLINE_S
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_a_listener_that_leaves_is_no_error(daemon: ThreadDaemon) -> None:
    say = f"{sys.executable} -m edge say --socket {daemon.path} --out - {'word ' * 400!r}"
    line = f"{say} | head -c 1000 > /dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, timeout=DEADLINE_S
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


# Looking things up


def test_lists_are_there_for_people_and_for_programs(tone_bundle: Bundle) -> None:
    for command in ("profiles", "voices"):
        people, programs = edge(command), edge(command, "--json")
        assert people.returncode == programs.returncode == 0
        for entry in json.loads(programs.stdout):
            assert entry["name"] in people.stdout.decode()
    assert "Apache-2.0" in edge("voices", "tone").stdout.decode()
    assert "tone" in edge("inspect", tone_bundle.path).stdout.decode()
    assert json.loads(edge("inspect", tone_bundle.path, "--json").stdout)["voice"] == "tone"


# Speaking


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


def test_the_completion_knows_every_command_and_option() -> None:
    """Printed by `python -m tests.test_cli`, which is how to make it anew."""
    assert completion() == COMPLETION.read_text(encoding="utf-8")


def test_bash_completes() -> None:
    typed = f"""
        . {COMPLETION}
        COMP_WORDS=(edge say --vo); COMP_CWORD=2; _shtab_edge; echo "${{COMPREPLY[@]}}"
        COMP_WORDS=(edge st); COMP_CWORD=1; _shtab_edge; echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["--voice --volume", "stop status"]


@pytest.mark.parametrize("typed", [b"", b" \n\n", b"...\n"])
def test_say_of_an_input_without_words(daemon: ThreadDaemon, typed: bytes) -> None:
    done = edge("say", "--socket", daemon.path, "-", stdin=typed)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 2


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


def test_prerender_makes_each_phrase_once(daemon: ThreadDaemon, tmp_path: Path) -> None:
    file = tmp_path / "announcements.txt"
    file.write_text("Door one.\n\n  Door two. \nDoor one.\n", encoding="utf-8")
    done = edge("prerender", "--socket", daemon.path, file)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"made 2 phrases, 0.7 s of sound\n"
    edge("say", "--socket", daemon.path, "Door two.")
    status = json.loads(edge("status", "--socket", daemon.path, "--json").stdout)
    assert status["counters"]["phrases"] == 2 and status["counters"]["repeats"] == 1
    assert "nowhere" in refusal("prerender", "--socket", daemon.path, tmp_path / "nowhere")
    assert "speed" in refusal("prerender", "--socket", daemon.path, "--speed", "9", file)


def test_say_falls_back_to_a_file(daemon: ThreadDaemon, tmp_path: Path) -> None:
    daemon.card.opening_fails = True
    assert "aplay -l" in refusal("say", "--socket", daemon.path, "Hello.")
    out = tmp_path / "a.wav"
    done = edge("say", "--socket", daemon.path, "--fallback", out, "Hello.")
    assert done.returncode == 0 and str(out) in done.stdout.decode()
    with wave.open(str(out)) as written:
        assert written.getnframes() > 1_000


def test_say_through_a_private_daemon(tone_bundle: Bundle, tmp_path: Path) -> None:
    out = tmp_path / "a.wav"
    done = edge("say", "--local", "--any-board", "--bundle", tone_bundle.path, "--out", out, "Hi.")
    assert (done.returncode, done.stderr) == (0, b"")
    with wave.open(str(out)) as written:
        assert written.getnframes() > 1_000


def test_doctor_names_what_is_wrong(daemon: ThreadDaemon, tmp_path: Path) -> None:
    done = edge("doctor", "--json", "--socket", daemon.path, "--bundle", tmp_path)
    findings = {f["subject"]: f for f in json.loads(done.stdout)}
    assert done.returncode == 1
    assert findings["daemon"]["verdict"] == "ok"
    assert findings["bundle"]["verdict"] == "fail" and findings["bundle"]["remedy"] == "edge build"
    assert all(f["remedy"] for f in findings.values() if f["verdict"] != "ok")


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in ["", *COMMANDS]:
        text = help_of(name).replace(str(Path.home()), "~")
        (GOLDEN / f"help-{name or 'edge'}.txt").write_text(text, encoding="utf-8")
    COMPLETION.write_text(completion(), encoding="utf-8")
