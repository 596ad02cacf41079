"""A hub of voices on this machine, laid out like the public one, and the catalogue of it."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import yaml

from edge.catalogue import Catalogue
from tools.catalogue import REPOSITORY, Lists, make

REVISION = "0123456789abcdef"
PREFIX = f"/{REPOSITORY}/resolve/{REVISION}/"
CARD = """\
# Model card for {name}

* Quality: medium

## Dataset

* URL: https://data.example/{name}
* License: {licence}

## Training

{training}
"""
HEAD = (
    "model,locale,quality,rate,speakers,licence,use,best_speaker,natural_0_100,clear_0_100,"
    "overall,dataset,where\n"
)


def card_of(name: str, licence: str = "CC0", training: str = "Trained from scratch.") -> str:
    return CARD.format(name=name, licence=licence, training=training)


def shelve(
    folder: Path,
    key: str,
    model: Path,
    config: Path,
    card: str = "",
) -> None:
    """Lay a voice into a copy of the hub's repository, under its name there."""
    language, name, quality = key.split("-")
    place = folder / language.split("_")[0] / language / name / quality
    place.mkdir(parents=True)
    (place / f"{key}.onnx").hardlink_to(model)
    (place / f"{key}.onnx.json").write_bytes(config.read_bytes())
    (place / "MODEL_CARD").write_text(card or card_of(name), "utf-8")


def list_voices(folder: Path) -> str:
    """Write the voices.json of a copy of the repository, as the hub has it."""
    voices = {}
    for model in sorted(folder.rglob("*.onnx")):
        quality, name, language, family = (parent.name for parent in list(model.parents)[:4])
        config = json.loads(Path(f"{model}.json").read_text("utf-8"))
        voices[model.stem] = {
            "name": name,
            "language": {
                "code": language,
                "family": family,
                "name_native": language,
                "name_english": f"Language {family}",
                "country_english": "Nowhere",
            },
            "quality": quality,
            "num_speakers": config["num_speakers"],
            "files": {
                path.relative_to(folder).as_posix(): {
                    "size_bytes": path.stat().st_size,
                    "md5_digest": hashlib.md5(path.read_bytes()).hexdigest(),
                }
                for path in (model, Path(f"{model}.json"), model.with_name("MODEL_CARD"))
            },
        }
    return json.dumps(voices)


def catalogue_of(folder: Path, **known: object) -> Catalogue:
    """Make the catalogue of a copy of the repository by the tool that makes the real one."""
    facts: dict[str, object] = {"revision": REVISION}
    facts |= {name: {} for name in ("corrections", "restricted", "parents", "dnsmos", "sha256")}
    facts |= {"others": {}} | known
    text = make(Lists(list_voices(folder), HEAD, "{}", yaml.safe_dump(facts)))
    return Catalogue(json.loads(text), str(folder))


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path, cuts: Mapping[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.folder, self.cuts = folder, dict(cuts)
        self.asked: list[tuple[str, str | None]] = []


class _Answer(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        path = unquote(self.path)
        name, wanted = path.rpartition("/")[2], self.headers["Range"]
        self.server.asked.append((name, wanted))
        file = self.server.folder / path.removeprefix(PREFIX)
        if not path.startswith(PREFIX) or not file.is_file():
            self.send_error(404)
            return
        body, start = file.read_bytes(), int((wanted or "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        self.wfile.write(body[start : self.server.cuts.pop(name, None)])

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class Hub:
    """The address of a running hub, and what it was asked for: file names with their ranges."""

    def __init__(self, server: _Server) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.asked = server.asked


@contextmanager
def served(folder: Path, **cuts: int) -> Iterator[Hub]:
    """Serve a copy of the repository. `cuts`: file name -> bytes after which its first answer
    ends, as where a connection is lost."""
    server = _Server(folder, cuts)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Hub(server)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
