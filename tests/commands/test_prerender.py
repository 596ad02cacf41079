"""`edge prerender`: phrases made before they are needed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.helpers.command_line import edge, refusal
from tests.helpers.daemon_under_test import ThreadDaemon


def test_prerender_makes_each_phrase_once(daemon: ThreadDaemon, tmp_path: Path) -> None:
    file = tmp_path / "announcements.txt"
    file.write_text("Door one.\n\n  Door two. \nDoor one.\n", encoding="utf-8")
    done = edge("prerender", "--socket", daemon.path, file)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"made 2 phrases, 0.7 s of sound\n"
    edge("say", "--socket", daemon.path, "Door two.")
    status = json.loads(edge("status", "--socket", daemon.path, "--json").stdout)
    assert status["counters"]["phrases"] == 2 and status["counters"]["repeats"] == 1
    captioned = edge("prerender", "--socket", daemon.path, "--captions", tmp_path / "c", file)
    assert captioned.stdout == done.stdout
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["1.vtt", "3.vtt"]
    assert "Door two." in (tmp_path / "c/3.vtt").read_text()
    assert "nowhere" in refusal("prerender", "--socket", daemon.path, tmp_path / "nowhere")
    assert "speed" in refusal("prerender", "--socket", daemon.path, "--speed", "9", file)
