"""One https download into a file that a second try goes on from.

The size is known beforehand: a server that announces or sends another one is refused. Only https
is followed, also by redirects; plain http serves this machine itself.
"""

from __future__ import annotations

import http.client
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from edge import __version__
from edge.errors import ChecksumMismatch, FetchFailed
from edge.voice import is_secure

T = TypeVar("T")

DELAYS = (1.0, 3.0, 9.0)  # seconds before the second, third and fourth try
TIMEOUT = 30.0  # seconds without a byte
BLOCK = 1 << 16

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # HTTP answers that another try may cure
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True)
class Remedies:
    """Sentences for whoever is answered with another file than was asked for, or with none."""

    address: str
    changed: str


IN_THE_YAML = Remedies(
    "Open the url in a browser, and correct it in the voice's YAML.",
    "The file has changed or the url is wrong: correct url, bytes and sha256 together.",
)


class _Interrupted(Exception):
    """This try failed, the next one may not."""


class _NotThere(FetchFailed):
    """The server answers, and has no such file."""


class _SecureRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        from_here = req.full_url.startswith("http:")  # a secure http url is this machine's own
        if not (urlsplit(newurl).scheme == "https" or (from_here and is_secure(newurl))):
            fp.close()
            raise FetchFailed(
                f"{req.full_url} redirects to {newurl}, which is not https",
                "Give the url of a server that stays on https.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(
    url: str,
    part: Path,
    size: int,
    report: Callable[[int], None],
    *,
    remedies: Remedies = IN_THE_YAML,
    delays: Sequence[float] = DELAYS,
    timeout: float = TIMEOUT,
    token: str = "",
) -> None:
    """Bring `url` into `part`, exactly `size` bytes, going on from the bytes already there.

    `report` gets the bytes held so far. `token` is told to that server alone. `remedies` are told
    if the file is not there or another one. `part` is kept when a try is cut short, by Ctrl-C too.
    Raises FetchFailed after the last try, ChecksumMismatch for another size, and OSError when
    `part` cannot be written."""
    opener = _open_only_secure(url)
    _until_done(
        lambda: _try_once(opener, url, part, size, report, remedies, timeout, token),
        url,
        delays,
        lambda: f"; {_held(part)} of {size} bytes are here",
    )


def download_small(
    url: str,
    limit: int,
    remedies: Remedies,
    *,
    delays: Sequence[float] = DELAYS,
    timeout: float = TIMEOUT,
) -> bytes | None:
    """Return what `url` holds, at most `limit` bytes; None if the server has no such file.

    Raises FetchFailed after the last try.
    """
    opener = _open_only_secure(url)
    return _until_done(
        lambda: _small_once(opener, url, limit, remedies, timeout), url, delays, lambda: ""
    )


def announced_size(
    url: str,
    token: str,
    remedies: Remedies,
    delays: Sequence[float] = DELAYS,
    timeout: float = TIMEOUT,
) -> int:
    """Ask how many bytes a file has. Raises FetchFailed."""
    opener = _open_only_secure(url)

    def once() -> int:
        request = _request(url, token)
        request.method = "HEAD"
        with _open(opener, request, None, remedies, timeout) as response:
            told = str(response.headers.get("Content-Length", ""))
        if not told.isdecimal() or int(told) == 0:
            raise FetchFailed(f"{url}: the server does not tell its size", remedies.address)
        return int(told)

    return _until_done(once, url, delays, lambda: "")


def _open_only_secure(url: str) -> urllib.request.OpenerDirector:
    if not is_secure(url):
        raise FetchFailed(f"{url} is not https", "Give an https:// url.")
    return urllib.request.build_opener(_SecureRedirects)


def _until_done(
    once: Callable[[], T], url: str, delays: Sequence[float], held: Callable[[], str]
) -> T:
    """Try until it is not interrupted, or raise FetchFailed after the last of the delays; `held`
    says what an interrupted one left."""
    for tries, delay in enumerate((*delays, None), start=1):
        try:
            return once()
        except _Interrupted as error:
            if delay is None:
                raise FetchFailed(
                    f"{url}: {error}, after {tries} tries{held()}",
                    "Check the network, then type the same command again: it goes on from there.",
                ) from None
            time.sleep(delay)
    raise AssertionError("the last try returns or raises")


def _small_once(
    opener: urllib.request.OpenerDirector,
    url: str,
    limit: int,
    remedies: Remedies,
    timeout: float,
) -> bytes | None:
    try:
        with _open(opener, _request(url), None, remedies, timeout) as response:
            data = b""
            while block := _read(response, timeout):
                data += block
                if len(data) > limit:
                    raise FetchFailed(f"{url} has more than {limit:,} bytes", remedies.changed)
            announced = response.headers.get("Content-Length", "")
    except _NotThere:
        return None
    if announced.isdecimal() and len(data) < int(announced):
        raise _Interrupted(f"the connection ended after {len(data)} bytes")
    return data


def _request(url: str, token: str = "") -> urllib.request.Request:
    request = urllib.request.Request(url, headers={"User-Agent": f"edge-voice/{__version__}"})
    if token:  # not told to whom the server redirects to
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    return request


def _try_once(
    opener: urllib.request.OpenerDirector,
    url: str,
    part: Path,
    size: int,
    report: Callable[[int], None],
    remedies: Remedies,
    timeout: float,
    token: str,
) -> None:
    held = _held(part)
    if held > size:
        part.unlink()
        held = 0
    report(held)
    if held == size:
        return
    request = _request(url, token)
    if held:
        request.add_header("Range", f"bytes={held}-")
    with _open(opener, request, part, remedies, timeout) as response:
        held = _start(response, url, part, held, size, remedies)
        with part.open("ab" if held else "wb") as file:
            while block := _read(response, timeout):
                held += len(block)
                if held > size:
                    part.unlink()
                    raise _other_size(url, size, f"sends more than {size}", remedies)
                file.write(block)
                report(held)
    if held < size:
        raise _Interrupted(f"the connection ended after {held} of {size} bytes")


def _open(
    opener: urllib.request.OpenerDirector,
    request: urllib.request.Request,
    part: Path | None,
    remedies: Remedies,
    timeout: float,
) -> http.client.HTTPResponse:
    url = request.full_url
    try:
        response: http.client.HTTPResponse = opener.open(request, timeout=timeout)
        return response
    except urllib.error.HTTPError as error:
        error.close()
        answer = f"the server answered {error.code} {error.reason}"
        if error.code == 416 and part is not None:  # it cannot go on from what we hold
            part.unlink(missing_ok=True)
            raise _Interrupted(answer) from None
        if error.code in _PASSING:
            raise _Interrupted(answer) from None
        kind = _NotThere if error.code in (404, 410) else FetchFailed
        raise kind(f"{url}: {answer}", remedies.address) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise FetchFailed(
                f"{url}: the server's certificate is not trusted: {reason.verify_message}",
                "Check this computer's date; behind a company's proxy, set SSL_CERT_FILE.",
            ) from None
        raise _Interrupted(_words(reason, timeout)) from None


def _start(
    response: http.client.HTTPResponse,
    url: str,
    part: Path,
    held: int,
    size: int,
    remedies: Remedies,
) -> int:
    """The byte that this answer begins at: `held` if the server goes on, 0 if it starts again."""
    if response.status == 206:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found and int(found[1]) == held and found[2] in {str(size), "*"}:
            return held
        part.unlink(missing_ok=True)
        raise _Interrupted("the server went on from another place than asked")
    if response.status != 200:
        raise FetchFailed(
            f"{url}: the server answered {response.status} {response.reason}", remedies.address
        )
    announced = response.headers.get("Content-Length")
    if announced is not None and announced != str(size):
        raise _other_size(url, size, f"announces {announced}", remedies)
    return 0


def _read(response: http.client.HTTPResponse, timeout: float) -> bytes:
    try:  # read1 hands over what has come, so that Ctrl-C and a stall lose nothing
        return response.read1(BLOCK)
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(_words(error, timeout)) from None


def _words(reason: object, timeout: float) -> str:
    if isinstance(reason, TimeoutError):
        return f"nothing came for {timeout:g} s"
    return f"{reason}" or type(reason).__name__


def _held(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _other_size(url: str, size: int, sends: str, remedies: Remedies) -> ChecksumMismatch:
    return ChecksumMismatch(
        f"{url}: {size} bytes are expected, the server {sends}", remedies.changed
    )
