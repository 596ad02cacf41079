"""`edge http`: where the HTTP adapter listens, and who may come in.

A Unix socket, or the loopback address with a token: every program and browser page on the machine
can reach loopback, whoever runs it. Another address is refused; put a proxy with TLS in front.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from edge import systemd
from edge.client import socket_path
from edge.errors import BadRecord, MissingPackage, NotAllowed, SocketInUse
from edge.records import read_text

log = logging.getLogger(__name__)

UNIT = "edge-voice-http.socket"
CREDENTIAL = "http-token"
"""Name of the token in LoadCredential= of edge-voice-http.service."""
MIN_TOKEN = 16  # characters: 64 bits of hex, more than anybody can try
_MAKE_ONE = "(umask 077; openssl rand -hex 24 > FILE), then: edge http --token-file FILE"


def serve(
    listen: str, token_file: Path | None, aliases: Sequence[str], daemon: Path | None
) -> int:
    """Answer requests until SIGTERM or Ctrl-C, and return exit status 0.

    `listen` is HOST:PORT or a path with a slash; `aliases` are NAME=VOICE; `daemon` is the socket
    of the daemon. Raises BadRecord, MissingPackage, NotAllowed, SocketInUse.
    """
    try:
        import uvicorn

        from edge.adapters.http import application
        from edge.adapters.http_patience import Patient
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"the Python package {error.name} is not installed",
            "In the clone of Edge Voice: pip install '.[http]'",
        ) from None
    voices = dict(_alias(pair) for pair in aliases)
    with _listener(listen) as listener:
        local = listener.family == socket.AF_UNIX
        token = _token(token_file, needed=not local)
        app = application(daemon or socket_path(), token, voices)
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=Patient,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            log_level="warning",
            timeout_graceful_shutdown=2,
        )
        # uvicorn raises the signal again once it has stopped; unhandled, it would end us before
        # the socket's file is removed.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        log.info("ready on %s", _shown(listener))
        if not local and sys.stdout.isatty():  # never into a journal: it holds the token
            print(f"The page, for your browser: {page_address(listener, token)}", flush=True)
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _alias(pair: str) -> tuple[str, str]:
    name, equals, voice = pair.partition("=")
    if not (name and equals and voice):
        raise BadRecord(
            f"--alias {pair}: expected NAME=VOICE", "For instance: --alias alloy=en_US-heart"
        )
    return name, voice


@contextlib.contextmanager
def _listener(address: str) -> Iterator[socket.socket]:
    """systemd's socket if it gave one, else one at `address`: HOST:PORT, or a path with a slash.

    Raises SocketInUse.
    """
    if (given := systemd.given_socket(UNIT)) is not None:
        with given:
            _check_local(given)
            yield given
        return
    if "/" in address:
        path = Path(address)
        with socket.socket(socket.AF_UNIX) as listener:
            with _explained(address):
                if path.is_socket() and not _answers(path):
                    path.unlink()  # left by one that was killed
                listener.bind(address)
                path.chmod(0o660)
                listener.listen()
            try:
                yield listener
            finally:
                path.unlink(missing_ok=True)
        return
    host, _, port = address.rpartition(":")
    ip = _loopback("127.0.0.1" if host == "localhost" else host.strip("[]"), address)
    if not port.isdecimal() or int(port) > 65535:
        raise SocketInUse(f"{address} has no port", "Write one: edge http --listen 127.0.0.1:8880")
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    with socket.socket(family) as listener:
        with _explained(address):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((str(ip), int(port)))
            listener.listen()
        yield listener


@contextlib.contextmanager
def _explained(address: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SocketInUse(
            f"cannot listen on {address}: {error.strerror}",
            "Choose another place: edge http --listen 127.0.0.1:8881, or a path",
        ) from None


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(str(path))
        return True
    return False


def _check_local(listener: socket.socket) -> None:
    if listener.family != socket.AF_UNIX:
        host = listener.getsockname()[0]
        _loopback(host, host)


def _loopback(host: str, address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    with contextlib.suppress(ValueError):
        ip = ipaddress.ip_address(host)
        if ip.is_loopback:
            return ip
    raise SocketInUse(
        f"{address} is not this machine's own address, which is the only one to listen on",
        "edge http --listen 127.0.0.1:8880, with a proxy that speaks TLS for other machines",
    )


def _token(file: Path | None, needed: bool) -> str | None:
    """Read the token from the file, or from systemd's credential. Raises NotAllowed if it is
    needed and not there."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if file is None and credentials:
        file = Path(credentials) / CREDENTIAL
    if file is None and not needed:
        return None
    if file is None:
        raise NotAllowed("a TCP port wants a token, and none was given", _MAKE_ONE)
    token = read_text(file).strip()
    if len(token) < MIN_TOKEN or not token.isascii():
        raise NotAllowed(
            f"the token in {file} has {len(token)} characters; expected {MIN_TOKEN} or more of "
            "ASCII",
            _MAKE_ONE.replace("FILE", str(file)),
        )
    return token


def page_address(listener: socket.socket, token: str | None) -> str:
    """Return the page's address with the token in its fragment, which browsers send to nobody."""
    return f"{_origin(listener.getsockname())}/#token={quote(token or '', safe='')}"


def _shown(listener: socket.socket) -> str:
    name = listener.getsockname()
    return name if isinstance(name, str) else f"{_origin(name)}/v1"


def _origin(name: tuple[str, int]) -> str:
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"http://{host}:{name[1]}"
