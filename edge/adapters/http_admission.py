"""Who may come in at `edge http`, and with how much: token, Host, size of the body."""

from __future__ import annotations

import contextlib
import hmac
import ipaddress

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from edge.protocol import FROM_CLIENT

MAX_BODY = FROM_CLIENT.data
"""Bytes: the longest text fits, every character of it escaped."""


def authorize(request: Request, token: str | None) -> None:
    """Raise HTTPException unless the request carries the token, if there is one."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token is not None and not hmac.compare_digest(given.encode(), token.encode()):
        raise HTTPException(
            401,
            "the token is missing or wrong: send the one of `edge http --token-file FILE` as "
            "api_key, or as Authorization: Bearer TOKEN",
            {"WWW-Authenticate": "Bearer"},
        )


def check_host(request: Request) -> None:
    """Raise HTTPException unless a browser that asked on TCP called this machine by a name that is
    always its own: another name may be a stranger's page that had it point here (DNS rebinding).
    """
    if request.scope["server"] is None or request.scope["server"][1] is None:
        return  # a Unix socket, which no page of a browser reaches
    host = request.headers.get("host", "")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name.lower() == "localhost":
        return
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback:
            return
    raise HTTPException(
        421,
        "the page answers to loopback's own names only: open http://127.0.0.1:PORT/ on the "
        "machine itself, or through an SSH tunnel",
    )


async def read_body(request: Request) -> bytes:
    """Keep at most MAX_BODY bytes. Raises HTTPException."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                raise HTTPException(413, f"the body is longer than {MAX_BODY:,} bytes")
    except ClientDisconnect:
        raise HTTPException(400, "the client left within its body") from None
    return bytes(body)
