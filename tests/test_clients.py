"""docs/reference/protocol.md is enough: clients of docs/use/clients run against the daemon."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.config import Access, Config
from edge.pcm import to_int16
from edge.protocol import Speak, SpeakAccepted, Status, StatusReport, Stop, Stopped
from tests.daemon.test_daemon import spoken
from tests.helpers.daemon_under_test import ROOT, ThreadDaemon
from tests.helpers.fakes import DEADLINE_S, FakeSink

CLIENTS = ROOT / "docs/use/clients"
FLAGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"]
TEXT = 'The "kettle" is on\\off, as naïve cats 🐈 say.'


def python(folder: Path) -> list[str]:
    return [sys.executable, "-I", "-S", str(CLIENTS / "speak.py")]


def shell(folder: Path) -> list[str]:
    return ["sh", str(CLIENTS / "speak.sh")]


def c(folder: Path) -> list[str]:
    program = folder / "speak"
    subprocess.run(
        [
            need("cc"),
            *["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o"],
            program,
            CLIENTS / "speak.c",
        ],
        check=True,
    )
    return [str(program)]


def node(folder: Path) -> list[str]:
    assert shutil.which("node"), "the client needs Node: apt install nodejs"
    return ["node", str(CLIENTS / "speak.js")]


def edge_say(folder: Path) -> list[str]:
    return [sys.executable, "-m", "edge", "say"]


def need(program: str) -> str:
    found = shutil.which(program)
    assert found, f"{program} is not installed: make test does it through apt"
    return found


@pytest.mark.parametrize("client", [python, shell, c, node])
def test_a_client_speaks(
    client: Callable[[Path], list[str]],
    daemon: ThreadDaemon,
    tone_bundle: Bundle,
    tmp_path: Path,
) -> None:
    need("socat")
    done = say(client(tmp_path), *TEXT.split(" "), daemon=daemon)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["speak-accepted", "speak-started", "speak-finished"]
    expected = spoken(tone_bundle, TEXT)
    assert (to_int16(daemon.card.heard()[: len(expected)]) == to_int16(expected)).all()


@pytest.mark.parametrize("client", [python, shell, c, node])
def test_a_client_tells_an_error(
    client: Callable[[Path], list[str]], daemon: ThreadDaemon, tmp_path: Path
) -> None:
    command = client(tmp_path)
    refused = say(command, "...", daemon=daemon)
    assert refused.returncode == 1 and "nothing to speak" in refused.stderr
    daemon.stop()
    assert say(command, "Hello.", daemon=daemon).returncode == 1


def say(command: list[str], *text: str, daemon: ThreadDaemon) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *text],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        env=os.environ | {"EDGE_VOICE_SOCKET": str(daemon.path), "EDGE_VOICE_PATIENCE_S": "0.1"},
    )


def test_the_page_lists_every_client() -> None:
    listed = set(re.findall(r"\]\(([\w.]+)\) \|", (CLIENTS / "README.md").read_text()))
    assert listed == {path.name for path in CLIENTS.iterdir()} - {"README.md"}


# Smart speaker


@pytest.fixture
def answer(daemon: ThreadDaemon, tmp_path: Path) -> tuple[list[str], dict[str, str]]:
    """The command of docs/use/smart-speaker.md, and an environment where `edge` is ours."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "edge").write_text(f'#!/bin/sh\nexec {sys.executable} -m edge "$@"\n')
    (programs / "edge").chmod(0o755)
    environment = os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "EDGE_VOICE_SOCKET": str(daemon.path),
    }
    return ["bash", str(CLIENTS / "answer.sh")], environment


def slow(folder: Path) -> tuple[list[str], Path]:
    """A model that writes two clauses, and the rest when the FIFO is opened."""
    fifo = folder / "more"
    os.mkfifo(fifo)
    return ["sh", "-c", f"printf 'The kettle is on. And the '; cat {fifo}"], fifo


def test_an_answer_is_spoken_while_it_is_written(
    daemon: ThreadDaemon, tmp_path: Path, answer: tuple[list[str], dict[str, str]]
) -> None:
    command, environment = answer
    model, fifo = slow(tmp_path)
    with subprocess.Popen([*command, *model], env=environment, stdin=subprocess.DEVNULL) as run:
        daemon.card.wait_until_heard()  # before the model has written the rest
        fifo.write_text("tea.\n")
        assert run.wait(DEADLINE_S) == 0
    assert daemon.server.synthesis.counters.spoken == 1


def test_a_key_stops_the_answer_and_the_model(
    daemon: ThreadDaemon, tmp_path: Path, answer: tuple[list[str], dict[str, str]]
) -> None:
    command, environment = answer
    model, fifo = slow(tmp_path)
    daemon.card.give_room(1)
    keyboard, terminal = pty.openpty()
    # Who runs the tests in the background runs them with SIGINT ignored, and children inherit it.
    command = ["env", "--default-signal=INT", *command, *model]
    with subprocess.Popen(command, env=environment, stdin=terminal) as run:
        try:
            daemon.card.wait_until_held()
            os.write(keyboard, b" ")
            assert run.wait(DEADLINE_S) == 130
        finally:
            run.kill()
    os.close(keyboard)
    os.close(terminal)
    with daemon.connect() as wire:
        wire.send(Status())
        report = wire.receive()
    assert isinstance(report, StatusReport)
    assert report.counters["cancelled"] == 1 and not report.waiting
    with pytest.raises(OSError):  # nobody reads: the model has ended too
        os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)


@pytest.mark.parametrize("client", [python, shell, c, node, edge_say])
def test_a_client_asks_again_where_the_daemon_starts_anew(
    client: Callable[[Path], list[str]], tone_bundle: Bundle, tmp_path: Path
) -> None:
    command = client(tmp_path)
    path = tmp_path / "edge.sock"
    first = ThreadDaemon(path, [tone_bundle])
    first.card.give_room(0)
    environment = os.environ | {"EDGE_VOICE_SOCKET": str(path), "EDGE_VOICE_PATIENCE_S": "60"}
    with first.connect() as other:
        other.send(Speak("word " * 30))  # what the client says waits behind it
        other.receive()
        with subprocess.Popen(
            [*command, "Hello."], stdout=subprocess.PIPE, text=True, env=environment
        ) as running:
            while len(first.server.synthesis.live()) < 2:
                other.ping()
            first.loop.call_soon_threadsafe(first.server.stop)  # before the card takes more
            first.thread.join(DEADLINE_S)
            second = ThreadDaemon(path, [tone_bundle])
            out, _ = running.communicate(timeout=DEADLINE_S)
    second.stop()
    assert running.returncode == 0
    if client is not edge_say:  # which says nothing where all is well
        assert out.split()[-2:] == ["speak-started", "speak-finished"]
    assert second.card.heard().any()


@pytest.mark.parametrize("client", [python, shell, c, node, edge_say])
def test_a_client_says_that_it_was_broken_off(
    client: Callable[[Path], list[str]], daemon: ThreadDaemon, tmp_path: Path
) -> None:
    command = client(tmp_path)
    daemon.card.give_room(1)
    environment = os.environ | {"EDGE_VOICE_SOCKET": str(daemon.path)}
    with subprocess.Popen(
        [*command, "word " * 30], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as running:
        daemon.card.wait_until_held()
        wait_until_started(daemon)
        daemon.loop.call_soon_threadsafe(daemon.server.stop)
        out, said = running.communicate(timeout=DEADLINE_S)
    assert running.returncode == 1 and b"speak-finished" not in out
    assert b"broken off" in said or b"shutdown" in said


def wait_until_started(daemon: ThreadDaemon) -> None:
    """Wait until something sounds, as the daemon tells it."""
    with daemon.connect() as other:
        while not daemon.server.synthesis.latencies_s():
            other.ping()


# A stream from Node: what docs/reference/protocol.md promises to programs


@contextlib.contextmanager
def node_stream(daemon: ThreadDaemon) -> Iterator[subprocess.Popen[str]]:
    """Run `node speak.js -` with a pipe for its text, which begins with two words."""
    command = [*node(Path())[:2], "-"]
    environment = os.environ | {"EDGE_VOICE_SOCKET": str(daemon.path)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment
    ) as running:
        assert running.stdin is not None
        running.stdin.write("One two. ")
        running.stdin.flush()
        try:
            yield running
        finally:
            running.kill()


def test_a_stream_of_node_may_pause(daemon: ThreadDaemon) -> None:
    with node_stream(daemon) as running:
        daemon.card.wait_until_heard()
        out, said = running.communicate("Three.", timeout=DEADLINE_S)
    assert (running.returncode, said) == (0, "")
    assert out.split()[:3] == ["speak-accepted", "speak-started", "speak-finished"]
    assert daemon.server.synthesis.counters.spoken == 1


def test_a_stream_of_node_knows_that_it_was_not_spoken_whole(daemon: ThreadDaemon) -> None:
    daemon.server.setup.config = Config(access=Access(stream_silence_s=0.05))
    with node_stream(daemon) as running:
        assert running.wait(DEADLINE_S) == 1
        assert running.stderr is not None and "not spoken" in running.stderr.read()


def test_a_stream_of_node_that_is_killed_is_silent(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(1)
    with node_stream(daemon) as running, daemon.connect() as other:
        daemon.card.wait_until_held()
        running.kill()
        while daemon.server.synthesis.live():
            other.ping()


def test_a_stream_of_node_is_told_what_happens_and_how_far_it_was_heard(
    daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeSink, "latency_s", 0.0)  # what is written is heard
    daemon.card.give_room(1)
    with node_stream(daemon) as running, daemon.connect() as other:
        wait_until_started(daemon)
        other.send(Speak("Fire.", priority="urgent"))
        assert isinstance(other.receive(), SpeakAccepted)
        while not daemon.server.player.buffered_s(True):
            other.ping()
        daemon.card.give_room()
        assert running.stdout is not None
        lines = [running.stdout.readline().split() for _ in range(4)]
        other.send(Stop(scope="all"))
        other.until(Stopped)  # before the pipe's end makes the stream whole
        lines += [line.split() for line in running.communicate(timeout=DEADLINE_S)[0].splitlines()]
    assert lines[:4] == [
        ["speak-accepted"],
        ["speak-started"],
        ["speak-interrupted", "urgent"],
        ["speak-resumed"],
    ]
    [kind, reason, seconds, place] = lines[4]
    assert (kind, reason) == ("speak-cancelled", "stopped") and float(seconds) > 0
    assert int(place) in (len("One"), len("One two."))
