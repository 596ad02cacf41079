"""The socket's place in the file system, while the daemon runs."""

from __future__ import annotations

import socket
import stat
import threading
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.daemon import server as server_module
from edge.daemon.listener import claim
from edge.errors import SocketInUse
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


def test_a_link_in_the_place_of_a_socket_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write in its folder exchanges the socket between two calls of the daemon."""
    secret = tmp_path / "id_ed25519"
    secret.touch(mode=0o600)

    class Exchanged(socket.socket):
        def bind(self, address: str) -> None:  # type: ignore[override]
            super().bind(address)
            Path(address).unlink()
            Path(address).symlink_to(secret)

    monkeypatch.setattr("edge.daemon.listener.socket.socket", Exchanged)
    with pytest.raises(SocketInUse, match="another file"), claim(tmp_path / "edge.sock"):
        pass
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "edge.sock.lock").symlink_to(tmp_path / "made")
    with pytest.raises(SocketInUse), claim(tmp_path / "edge.sock"):
        pass
    assert not (tmp_path / "made").exists()
