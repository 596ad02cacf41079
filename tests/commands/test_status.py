"""`edge status`, `pause`, `resume`, `volume` and `stop`, as people type them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from edge.commands.status import picture
from edge.daemon.counters import LATEST
from edge.protocol import Latency, LiveUtterance, LoadedVoice, StatusReport
from tests.helpers.command_line import edge, refusal
from tests.helpers.daemon_under_test import ROOT, ThreadDaemon
from tests.helpers.fakes import DEADLINE_S


def answer(*arguments: str | Path) -> str:
    done = edge(*arguments)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_the_picture_for_people() -> None:
    waiting = tuple(LiveUtterance(f"w{i}", 4, "joe", "normal") for i in range(10))
    report = StatusReport(
        "0.1.0",
        (LoadedVoice("joe", "0123456789abcdef", "CPUExecutionProvider", "fused"),
         LoadedVoice("heart", "fedcba9876543210")),
        10, 12.3, {"spoken": 4}, True, 60, LiveUtterance("a", 3, "joe", "urgent", 2.25), waiting,
        Latency(LATEST, 12.4, 80.0), "USB Audio", 61.4, ("under-voltage",),
    )  # fmt: skip
    lines = picture(report).splitlines()
    assert lines[1].split(maxsplit=1)[1] == (
        "a of client 3, joe, urgent, 2.2 s (paused: edge resume)"
    )
    assert lines[10].split() == ["and", "2", "more"]
    assert lines[11].split() == ["voice", "joe", "0123456789ab,", "CPUExecutionProvider,", "fused"]
    assert lines[12].endswith("heart fedcba987654, not loaded")
    assert lines[14].endswith("p50 12 ms, p95 80 ms, of the last 256")
    assert lines[15].endswith("61 °C, under-voltage")
    assert max(map(len, lines)) <= 90


def test_the_commands(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(0)
    at = ("--socket", daemon.path)
    assert answer("volume", "40", *at) == "not paused, volume 40 %\n"
    assert answer("pause", *at) == "paused, volume 40 %\n"
    answer("say", "--no-wait", "--key", "k", "--priority", "background", *at, "Hello.")
    answer("say", "--no-wait", "--key", "k", "--ttl", "60", *at, "Hello again.")
    status = json.loads(answer("status", "--json", *at))
    assert [each["priority"] for each in status["queue"]] == ["normal"]
    assert status["counters"]["cancelled"] == 1, "the second replaces the first"
    assert "(paused: edge resume)" in answer("status", *at)
    assert answer("stop", *at) == "stopped 1\n"
    assert answer("resume", *at) == "not paused, volume 40 %\n"


def test_status_is_watched_until_ctrl_c(daemon: ThreadDaemon) -> None:
    # Who runs the tests in the background runs them with SIGINT ignored, and children inherit it.
    edge = ["env", "--default-signal=INT", sys.executable, "-m", "edge"]
    command = [*edge, "status", "--watch", "--json", "--socket"]
    with subprocess.Popen(
        [*command, str(daemon.path)], cwd=ROOT, stdout=subprocess.PIPE, env=os.environ
    ) as watching:
        assert watching.stdout is not None
        first, second = (json.loads(watching.stdout.readline()) for _ in range(2))
        watching.send_signal(signal.SIGINT)
        assert watching.wait(DEADLINE_S) == 0
    assert first["uptime_s"] <= second["uptime_s"]


def test_a_mistaken_volume_says_what_to_type(daemon: ThreadDaemon) -> None:
    said = refusal("volume", "200", "--socket", daemon.path)
    assert "percent is 200; expected 0 to 100" in said and "edge say --volume 2" in said
