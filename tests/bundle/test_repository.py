"""A repository of bundles: made, listed and installed from by the real commands, over a real
server and from a folder; what is not as its index says is refused."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from edge.bundle import Bundle, open_bundle
from edge.bundle.repository import INDEX, SIGNATURE, choose, make, parse_index
from edge.bundler.fetch.repository import bring, read_index
from edge.bundler.pipeline import Wish, build_bundle
from edge.errors import (
    BadRecord,
    BundleTooNew,
    ChecksumMismatch,
    EdgeError,
    FetchFailed,
    NoBundle,
    UnknownProfile,
    UnsafeBundle,
)
from edge.machine import Machine, read_machine
from tests.helpers.command_line import edge, refusal


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    folder = tmp_path_factory.mktemp("boards")
    return {
        board: build_bundle(
            Wish("tone", board), folder / f"tone--{board}", folder / "cache", lambda *_: None
        )
        for board in ("x86-64", "rpi4", "rpi5")
    }


@pytest.fixture
def repository(tmp_path: Path, bundles: dict[str, Bundle]) -> Path:
    make(tmp_path / "repository", list(bundles.values()), None)
    return tmp_path / "repository"


class Ranges(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and goes on from where it is asked to; notes what is asked for."""

    asked: ClassVar[list[tuple[str, str | None]]] = []
    cut: ClassVar[set[str]] = set()
    """Paths whose next answer ends in the middle."""

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Range"]))
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            return self.send_error(404)
        data = file.read_bytes()
        start = int((self.headers["Range"] or "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = len(data) // 2 if self.path in self.cut else len(data)
        self.cut.discard(self.path)
        self.wfile.write(data[start:end])

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def address(repository: Path) -> Iterator[str]:
    Ranges.asked, Ranges.cut = [], set()
    handler = functools.partial(Ranges, directory=str(repository))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def machine(model: str) -> Machine:
    features = {"asimd", "asimddp", "fphp", "asimdhp"}
    return Machine("aarch64", (model,), model, frozenset(features), 4, (0, 1, 2, 3), 8000)


def entry_of(repository: Path) -> tuple[Path, str]:
    """Return the file of this machine's bundle, and its name in a url."""
    entry = choose(read_index(str(repository)), "tone", read_machine())
    return repository / entry.file, f"/{entry.file}"


@pytest.mark.parametrize("by_address", [False, True])
def test_a_board_takes_its_own_bundle_by_the_voices_name(
    by_address: bool, repository: Path, address: str, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    place = address if by_address else str(repository)
    homes = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = edge("install", "tone", "--from", place, **homes)
    assert done.returncode == 0, done.stderr.decode()
    installed = open_bundle(tmp_path / "state/edge-voice/bundles/tone/current", read_machine())
    assert installed.id == bundles["x86-64"].id
    # A card is small: nothing is kept twice.
    kept = [
        path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.stat().st_size
    ]
    assert kept == []
    assert (Ranges.asked != []) == by_address
    assert edge("say", "--local", "--out", tmp_path / "a.wav", "Hello.", **homes).returncode == 0


@pytest.mark.parametrize(
    ("model", "board"), [("raspberrypi,5-model-b", "rpi5"), ("raspberrypi,4-model-b", "rpi4")]
)
def test_the_board_decides_which_bundle(model: str, board: str, repository: Path) -> None:
    assert choose(read_index(str(repository)), "tone", machine(model)).profile == board


def test_a_board_without_a_bundle_is_told_which_there_are(repository: Path) -> None:
    with pytest.raises(UnknownProfile, match="rockchip,rk3588"):
        choose(read_index(str(repository)), "tone", machine("rockchip,rk3588"))
    with pytest.raises(NoBundle, match="no voice 'tune'; the nearest are tone"):
        choose(read_index(str(repository)), "tune", read_machine())


def test_a_download_that_is_cut_goes_on_from_there(address: str, tmp_path: Path) -> None:
    entry = choose(read_index(address), "tone", read_machine())
    Ranges.cut.add(f"/{entry.file}")
    got = bring(address, entry, tmp_path / "cache", lambda *_: None, delays=(0.0,))
    asked = [range for path, range in Ranges.asked if path == f"/{entry.file}"]
    assert asked == [None, f"bytes={entry.bytes // 2}-"]
    assert got.stat().st_size == entry.bytes


@pytest.mark.parametrize("by_address", [False, True])
def test_a_file_that_is_not_the_index_s_is_refused(
    by_address: bool, repository: Path, address: str, tmp_path: Path
) -> None:
    file, _ = entry_of(repository)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    place = address if by_address else str(repository)
    entry = choose(read_index(place), "tone", read_machine())
    with pytest.raises(ChecksumMismatch) as error:
        bring(place, entry, tmp_path / "cache", lambda *_: None, delays=())
    assert "edge repository make DIR" in error.value.remedy


def test_only_a_signed_index_is_used_where_signers_are_named(
    bundles: dict[str, Bundle], address: str, repository: Path, tmp_path: Path
) -> None:
    for name in ("mine", "stranger"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", tmp_path / name]
        subprocess.run(key, check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"* {(tmp_path / 'mine.pub').read_text()}")
    for place in (address, str(repository)):
        with pytest.raises(UnsafeBundle, match=f"has no {SIGNATURE}"):
            read_index(place, signers)
    make(repository, list(bundles.values()), tmp_path / "stranger")
    with pytest.raises(UnsafeBundle, match="the signature is not of anyone in"):
        read_index(address, signers)
    make(repository, list(bundles.values()), tmp_path / "mine")
    assert read_index(address, signers).voices == ["tone"]
    index = repository / INDEX
    index.write_bytes(index.read_bytes().replace(b"tone--rpi5", b"tone--rpi4"))
    with pytest.raises(UnsafeBundle):
        read_index(address, signers)


def test_making_it_again_packs_nothing_again_and_the_same_bytes(
    repository: Path, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in repository.glob("*.tar")}
    make(repository, list(bundles.values()), None)
    assert {path.name: path.stat().st_mtime_ns for path in repository.glob("*.tar")} == before
    make(tmp_path / "other", list(bundles.values()), None)
    assert (tmp_path / "other" / INDEX).read_bytes() == (repository / INDEX).read_bytes()


BAD = {
    "not JSON": (b"{", BadRecord, "is no index"),
    "a list": (b"[]", BadRecord, "is no index"),
    "a later format": (b'{"format": 99}', BundleTooNew, "format 99"),
    "a path": (b"../../etc/passwd.tar", BadRecord, "file '../../etc/passwd.tar'"),
    "a great size": (10**12, BadRecord, "bytes is 1,000,000,000,000"),
    "no such profile": ("atari", BadRecord, "an unknown profile"),
}


@pytest.mark.parametrize("case", BAD)
def test_an_index_of_a_stranger_is_read_strictly(case: str, repository: Path) -> None:
    given, kind, words = BAD[case]
    data = (repository / INDEX).read_bytes()
    if isinstance(given, bytes) and given[:1] in b"{[":
        data = given
    else:
        index = json.loads(data)
        key = {bytes: "file", int: "bytes", str: "profile"}[type(given)]
        index["bundles"][0][key] = given.decode() if isinstance(given, bytes) else given
        data = json.dumps(index).encode()
    with pytest.raises(EdgeError, match=words) as error:
        parse_index(data, "index")
    assert type(error.value) is kind


def test_a_place_that_is_none_says_what_to_type(tmp_path: Path, address: str) -> None:
    for place in (str(tmp_path), f"{address}/nothing"):
        said = refusal("repository", "list", place)
        assert "is no repository: it has no index.json" in said
        assert "edge repository make DIR" in said
    with pytest.raises(FetchFailed, match="is not https"):
        read_index("http://voices.example")


def test_the_commands_make_and_list(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    for board, bundle in bundles.items():
        shutil.copytree(bundle.path, tmp_path / "built" / f"tone--{board}")
    made = edge("repository", "make", tmp_path / "out", "--bundles", tmp_path / "built")
    assert made.returncode == 0, made.stderr.decode()
    assert f"edge install tone --from {tmp_path}/out" in made.stdout.decode()
    listed = json.loads(edge("repository", "list", tmp_path / "out", "--json").stdout)
    assert {entry["profile"] for entry in listed["bundles"]} == set(bundles)


def test_fetching_loads_nothing_that_a_board_lacks() -> None:
    code = (
        "import sys, edge.bundler.fetch.repository, edge.commands.install;"
        "print([m for m in ('onnx', 'rich', 'torch', 'onnxruntime') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
