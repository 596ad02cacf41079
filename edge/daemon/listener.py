"""The socket: its place in the file system, claimed by one daemon and left clean; who comes in."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edge import systemd
from edge.daemon.access import MAX_CLIENTS
from edge.errors import EdgeError, SocketInUse
from edge.protocol import ErrorReply, encode

UNIT = "edge-voice.socket"
# From 3.13 on asyncio removes the socket's file when it closes; who made the file removes it here.
KEEP_THE_FILE: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
ACCEPTED_AT_ONCE = 16
"""Connections that asyncio accepts in one go."""
MODE = 0o660
"""Permissions of the socket: its owner and group may speak; the folder decides who gets so far."""
UNREAD = 65_536
"""Bytes read at a time from a client that left, or that is told why no daemon speaks."""
MAX_PATH_BYTES = 107  # sun_path of Linux, less the closing zero


async def serve_on(
    listener: socket.socket, accepted: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]
) -> asyncio.AbstractServer:
    """Accept clients, up to the end of the server that this returns."""
    # Without descriptors asyncio goes round `backlog` times at each attempt to accept; how many
    # may wait to be accepted is another matter, and is set behind it.
    server = await asyncio.get_running_loop().create_unix_server(
        lambda: _Attentive(accepted), sock=listener, backlog=ACCEPTED_AT_ONCE, **KEEP_THE_FILE
    )
    listener.listen(MAX_CLIENTS)
    return server


class _Attentive(asyncio.StreamReaderProtocol):
    """Hears out a client that says its last word and leaves.

    asyncio drops what was received, and what waits in the socket, when it fails to write to a
    client that has gone; a `stop` that stands there would be lost, and the speech go on.
    """

    def __init__(
        self, accepted: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]
    ) -> None:
        self._reader, self._descriptor, self._heard_out = asyncio.StreamReader(), -1, False
        super().__init__(self._reader, accepted)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._descriptor = transport.get_extra_info("socket").fileno()
        super().connection_made(transport)

    def eof_received(self) -> bool | None:
        self._heard_out = True
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, ConnectionError):  # it left; what else fails is told as a failure
            if not self._heard_out:
                with contextlib.suppress(OSError):  # reset, or nothing waits
                    self._reader.feed_data(os.read(self._descriptor, UNREAD))
            exc = None
        super().connection_lost(exc)


@contextlib.contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """Give the socket that systemd handed over, else one at `path`. Raises SocketInUse."""
    if (given := _given_socket()) is None:
        with claim(path) as listener:
            yield listener
    else:
        with given:  # its file is systemd's, which keeps clients waiting while we start again
            yield given


def refuse(error: EdgeError) -> None:
    """Tell whoever waits at the socket that systemd handed over why no daemon speaks, for else
    they would wait until one does."""
    if (given := _given_socket()) is None:
        return
    answer = encode(ErrorReply.of(error))
    with given:
        while True:
            try:
                client, _ = given.accept()
            except BlockingIOError:
                return
            with client, contextlib.suppress(OSError):  # one that is gone needs no answer
                client.setblocking(False)
                client.send(answer)
                client.shutdown(socket.SHUT_WR)
                while client.recv(UNREAD):  # closed with bytes unread, it would lose the answer
                    pass


def _given_socket() -> socket.socket | None:
    """Take systemd's socket. Raises SocketInUse if it is not a local stream socket."""
    given = systemd.given_socket(UNIT)
    if given is None or (given.family, given.type) == (socket.AF_UNIX, socket.SOCK_STREAM):
        return given
    given.close()
    raise SocketInUse(
        "systemd handed over a socket that is not a local stream socket",
        f"Write ListenStream=/run/edge-voice/edge-voice.sock: systemctl edit {UNIT}",
    )


@contextlib.contextmanager
def claim(path: Path) -> Iterator[socket.socket]:
    """Give a socket bound to `path`, removed at the end; it refuses clients until it listens.

    A lock file beside it, which stays, tells a living daemon from the socket file that a
    killed one left behind.
    Raises SocketInUse.
    """
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise SocketInUse(
            f"the socket path {path} has {len(os.fsencode(path))} bytes; the limit of the "
            f"system is {MAX_PATH_BYTES}",
            "Choose a shorter one: edge serve --socket PATH, or EDGE_VOICE_SOCKET=PATH",
        )
    lock_path = path.with_name(path.name + ".lock")
    try:
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise SocketInUse(
            f"the folder of {path} cannot be used: {error.strerror}",
            f"Make it: mkdir -p {path.parent} (or choose another: edge serve --socket PATH)",
        ) from None
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(os.close, lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SocketInUse(
                f"another daemon listens on {path}",
                "Use it (edge say), stop it (kill, or systemctl stop edge-voice), "
                "or choose another path: edge serve --socket PATH",
            ) from None
        if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
            raise SocketInUse(f"{path} is a file, not a socket", f"Move it away: mv {path} FILE")
        path.unlink(missing_ok=True)  # left by a daemon that was killed
        try:
            listener = cleanup.enter_context(_bound(path))
        except OSError as error:
            raise SocketInUse(
                f"{path} cannot be a socket: {error.strerror}",
                "Choose another path: edge serve --socket PATH, or EDGE_VOICE_SOCKET=PATH",
            ) from None
        cleanup.callback(path.unlink, missing_ok=True)
        yield listener


@contextlib.contextmanager
def renewed(path: Path) -> Iterator[socket.socket]:
    """Give another socket at a path that is claimed already and whose file is gone. Raises
    OSError."""
    with _bound(path) as listener:
        yield listener


def place_of(path: Path) -> tuple[int, int] | None:
    """Name the file of a socket so that another one at its path is told from it; None if there is
    none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _bound(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        _let_in_the_group(path)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _let_in_the_group(path: Path) -> None:
    """Set the permissions of a socket that was just bound. Where others may write in its folder,
    one of them could have put a link to a file of ours there meanwhile, so none is followed."""
    place = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISSOCK(os.fstat(place).st_mode):
            raise OSError(errno.EEXIST, "somebody put another file there")
        Path(f"/proc/self/fd/{place}").chmod(MODE)  # fchmod(2) takes none of this kind
    finally:
        os.close(place)
