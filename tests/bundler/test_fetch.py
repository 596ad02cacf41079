"""Fetching from an address: a real server on this machine, real processes, a real full disk."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import http.server
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from edge.bundler.fetch import fetch
from edge.errors import ChecksumMismatch, DiskFull, FetchFailed
from edge.voice import Licence, Source, Voice
from tests.helpers.fakes import DEADLINE_S

BODY = bytes(range(256)) * 1200  # 307,200 bytes: several blocks
SHA = hashlib.sha256(BODY).hexdigest()
OTHER = BODY[::-1]
PIPER = "/en/en_US/joe/medium/en_US-joe-medium.onnx"  # the layout of the public Piper voices
FOUR_TRIES = (0.0, 0.0, 0.0)
LICENCE = Licence("CC0-1.0", "s", "a", "n")
ROOT = Path(__file__).parents[2]


class Site(http.server.ThreadingHTTPServer):
    """Answers each request by the next of `answers`, then properly; notes each Range header."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.scheme = "https" if context else "http"
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.answers: list[Callable[[Answer], None]] = []
        self.ranges: list[str | None] = []
        self.go_on = threading.Event()

    def url(self, path: str = PIPER) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away, or refuses our certificate, is what some tests are about."""


class Answer(http.server.BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.ranges.append(self.headers["Range"])
        answer = self.server.answers.pop(0) if self.server.answers else whole
        answer(self)

    def begin(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def whole(answer: Answer) -> None:
    start = int((answer.headers["Range"] or "bytes=0-")[6:-1])
    last = len(BODY) - 1
    ranged = {"Content_Range": f"bytes {start}-{last}/{len(BODY)}"} if start else {}
    answer.begin(206 if start else 200, Content_Length=len(BODY) - start, **ranged)
    answer.wfile.write(BODY[start:])


def without_ranges(answer: Answer) -> None:
    answer.begin(200, Content_Length=len(BODY))
    answer.wfile.write(BODY)


def cut_after(count: int) -> Callable[[Answer], None]:
    def cut(answer: Answer) -> None:
        answer.begin(200, Content_Length=len(BODY))
        answer.wfile.write(BODY[:count])

    return cut


def stall_after(count: int) -> Callable[[Answer], None]:
    def stall(answer: Answer) -> None:
        cut_after(count)(answer)
        answer.server.go_on.wait()

    return stall


def status(code: int) -> Callable[[Answer], None]:
    return lambda answer: answer.begin(code, Content_Length=0)


def sends(body: bytes, **headers: object) -> Callable[[Answer], None]:
    def send(answer: Answer) -> None:
        answer.begin(200, **headers)
        answer.wfile.write(body)

    return send


@pytest.fixture
def site() -> Iterator[Site]:
    yield from _serving(Site())


def _serving(site: Site) -> Iterator[Site]:
    thread = threading.Thread(target=site.serve_forever, args=(0.01,))
    thread.start()
    yield site
    site.go_on.set()
    site.shutdown()
    site.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def at(site: Site) -> Voice:
    source = Source(url=site.url(), sha256=SHA, bytes=len(BODY))
    return Voice("v", "V", "piper", "en_US", LICENCE, {"model": source, "config": source})


def run(voice: Voice, cache: Path) -> Path:
    return fetch(voice, cache, delays=FOUR_TRIES, timeout=DEADLINE_S)["model"]


def test_a_second_fetch_opens_no_connection(site: Site, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    paths = fetch(at(site), tmp_path / "cache", lambda *step: told.append(step))
    assert paths["model"].read_bytes() == BODY
    name = "en_US-joe-medium.onnx"
    assert told[0] == (name, 0, len(BODY)) and told[-1] == (name, len(BODY), len(BODY))
    assert [held for _, held, _ in told] == sorted(held for _, held, _ in told)
    again = fetch(at(site), tmp_path / "cache")
    assert again == paths and site.ranges == [None]


def test_a_damaged_cache_entry_is_brought_again(site: Site, tmp_path: Path) -> None:
    run(at(site), tmp_path).write_bytes(OTHER)
    assert run(at(site), tmp_path).read_bytes() == BODY
    assert site.ranges == [None, None]


def test_a_cut_download_goes_on_where_it_stopped(site: Site, tmp_path: Path) -> None:
    site.answers = [cut_after(100_000), status(503)]
    assert run(at(site), tmp_path).read_bytes() == BODY
    assert site.ranges == [None, "bytes=100000-", "bytes=100000-"]


def test_a_server_without_ranges_starts_again(site: Site, tmp_path: Path) -> None:
    site.answers = [cut_after(100_000), without_ranges]
    assert run(at(site), tmp_path).read_bytes() == BODY
    assert site.ranges == [None, "bytes=100000-"]


@pytest.mark.parametrize(
    "answer",
    [
        status(416),
        lambda a: a.begin(206, Content_Range=f"bytes 5-9/{len(BODY)}", Content_Length=5),
    ],
    ids=["refused", "another-place"],
)
def test_a_range_that_cannot_be_had_starts_again(
    site: Site, tmp_path: Path, answer: Callable[[Answer], None]
) -> None:
    site.answers = [cut_after(100_000), answer]
    assert run(at(site), tmp_path).read_bytes() == BODY
    assert site.ranges == [None, "bytes=100000-", None]


def test_a_part_spoilt_by_a_power_cut_is_not_trusted(site: Site, tmp_path: Path) -> None:
    (tmp_path / f"{SHA}.part").write_bytes(b"\0" * 50_000)
    assert run(at(site), tmp_path).read_bytes() == BODY
    assert site.ranges == ["bytes=50000-", None]


def test_it_gives_up_after_four_tries_and_keeps_what_came(site: Site, tmp_path: Path) -> None:
    site.answers = [cut_after(1000), *[status(503)] * 3]
    with pytest.raises(FetchFailed, match=r"503.* after 4 tries; 1000 of 307200"):
        run(at(site), tmp_path)
    assert run(at(site), tmp_path).read_bytes() == BODY
    assert site.ranges[-1] == "bytes=1000-"


def test_a_wrong_checksum_removes_the_file_and_names_both(site: Site, tmp_path: Path) -> None:
    site.answers = [sends(OTHER, Content_Length=len(OTHER))]
    with pytest.raises(ChecksumMismatch) as caught:
        run(at(site), tmp_path)
    assert SHA in caught.value.message
    assert hashlib.sha256(OTHER).hexdigest() in caught.value.message
    assert not (tmp_path / SHA).exists() and not (tmp_path / f"{SHA}.part").exists()


def test_a_missing_file_is_not_asked_for_again(site: Site, tmp_path: Path) -> None:
    site.answers = [status(404)]
    with pytest.raises(FetchFailed, match=r"en_US-joe-medium\.onnx.*404"):
        run(at(site), tmp_path)
    assert site.ranges == [None]


@pytest.mark.parametrize(
    ("headers", "said"),
    [({"Content_Length": 1 << 40}, "announces 1099511627776"), ({}, "more than 307200")],
    ids=["announced", "unannounced"],
)
def test_a_server_that_sends_too_much_is_refused(
    site: Site, tmp_path: Path, headers: dict[str, object], said: str
) -> None:
    site.answers = [sends(BODY + b"more", **headers)]
    with pytest.raises(ChecksumMismatch, match=said):
        run(at(site), tmp_path)
    assert not (tmp_path / f"{SHA}.part").exists()


def test_a_silent_server_is_given_up(site: Site, tmp_path: Path) -> None:
    site.answers = [stall_after(1000)]
    with pytest.raises(FetchFailed, match=r"nothing came for 0\.1 s.*1000 of 307200"):
        fetch(at(site), tmp_path, delays=(), timeout=0.1)


def test_https_is_checked_and_never_left(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    with contextlib.contextmanager(_serving)(Site(context)) as secure:
        with pytest.raises(FetchFailed, match="certificate is not trusted"):
            run(at(secure), tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        secure.answers = [lambda answer: answer.begin(302, Location=site.url())]
        with pytest.raises(FetchFailed, match=r"redirects to http:.*not https"):
            run(at(secure), tmp_path)
        secure.answers = [lambda answer: answer.begin(302, Location=secure.url("/x"))]
        assert run(at(secure), tmp_path).read_bytes() == BODY
    assert site.ranges == []


CHILD = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a shell's &
import sys
from pathlib import Path
from edge.bundler.fetch import fetch
from edge.errors import EdgeError
from edge.voice import load_voice
LIMIT
print("ready", flush=True)
voice = load_voice(sys.argv[1])
try:
    paths = fetch(voice, Path(sys.argv[2]), lambda *step: print(step[1], flush=True))
    print(paths["model"])
except EdgeError as error:
    print(error.code, error.message)
"""


def start(site: Site, folder: Path, limit: str = "") -> subprocess.Popen[str]:
    source = f'{{url: "{site.url()}", sha256: "{SHA}", bytes: {len(BODY)}}}'
    (folder / "v.yaml").write_text(
        "{name: v, title: V, family: piper, language: en_US, "
        "licence: {name: MIT, statement: s, attribution: a, seller_note: n}, "
        f"files: {{model: {source}, config: {source}}}}}",
        "utf-8",
    )
    command = [sys.executable, "-c", CHILD.replace("LIMIT", limit), str(folder / "v.yaml")]
    return subprocess.Popen(
        [*command, str(folder / "cache")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_ctrl_c_leaves_a_part_that_is_gone_on_from(site: Site, tmp_path: Path) -> None:
    site.answers = [stall_after(150_000)]
    with start(site, tmp_path) as child:
        assert child.stdout is not None
        assert "150000\n" in iter(child.stdout.readline, "")
        child.send_signal(signal.SIGINT)
        child.wait()
    part = tmp_path / "cache" / f"{SHA}.part"
    assert child.returncode == -signal.SIGINT and part.stat().st_size == 150_000
    assert run(at(site), tmp_path / "cache").read_bytes() == BODY
    assert site.ranges == [None, "bytes=150000-"]


def test_two_builds_at_once_bring_a_file_once(site: Site, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    with (tmp_path / "cache" / f"{SHA}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        children = [start(site, tmp_path), start(site, tmp_path)]
        for child in children:
            assert child.stdout is not None and child.stdout.readline() == "ready\n"
    ends = [child.communicate()[0].splitlines()[-1] for child in children]
    assert ends == [str(tmp_path / "cache" / SHA)] * 2
    assert site.ranges == [None]


def test_a_disk_that_fills_up_is_named(site: Site, tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    with start(site, tmp_path, limit) as child:
        said = child.communicate()[0].splitlines()[-1]
    assert said.startswith(f"disk-full {tmp_path / 'cache'}: 307200 bytes are needed,")


def test_a_full_disk_is_noticed_before_anything_is_asked_for(site: Site, small_disk: Path) -> None:
    with pytest.raises(DiskFull, match=r"307200 bytes are needed, \d+ are free"):
        run(at(site), small_disk)
    assert site.ranges == []


def test_a_cache_that_cannot_be_written_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(FetchFailed, match="cache: File exists"):
        run(at(site), tmp_path / "cache")
