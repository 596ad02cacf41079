"""The socket's place in the file system, while the daemon runs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.daemon import server as server_module
from tests.helpers.daemon_under_test import ThreadDaemon, Wire
from tests.helpers.fakes import DEADLINE_S


def test_a_socket_that_was_removed_is_made_anew(
    daemon: ThreadDaemon, tmp_path: Path, tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "LOOK_S", 0.02)
    path = tmp_path / "removed.sock"
    other = ThreadDaemon(path, [tone_bundle])
    try:
        path.unlink()
        made = threading.Event()
        for _ in range(int(DEADLINE_S / 0.05)):
            if path.exists() or made.wait(0.05):
                break
        with Wire(path) as wire:
            wire.ping()
    finally:
        other.stop()
