"""Every parser, with inputs that grow towards what they have not run yet; on demand.

    pip install atheris
    python -m tests.fuzz requests --seconds 600      # a name of TARGETS

Where one finds something, it writes crash-* beside itself: that file belongs into
tests/data/corpus/TARGET/, which tests/test_fuzz_corpus.py runs ever after.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from edge import records
from edge.bundle import Manifest
from edge.bundle.install import install
from edge.bundle.measured import Tuning
from edge.bundle.safety import check_graph, check_name
from edge.bundle.store import Starts
from edge.config import load_config
from edge.daemon.phrase_store import _parse
from edge.errors import EdgeError
from edge.profile import Profile, profiles_dir
from edge.protocol import FROM_CLIENT, FROM_DAEMON, Decoder, parse_reply, parse_request
from edge.text.cleaning import Piece, clean_piece
from edge.text.cutting import Splitter, sentences
from edge.text.lexicon import load_lexicon
from edge.text.ssml import strip_tags
from edge.voice import parse_voice, voice_path

ROOT = Path(__file__).parent / "data"
FOUND = ROOT / "corpus"


def requests(data: bytes) -> None:
    """Whatever a client sends."""
    with contextlib.suppress(EdgeError):
        for frame in Decoder(FROM_CLIENT).feed(data):
            with contextlib.suppress(EdgeError):
                parse_request(frame)


def replies(data: bytes) -> None:
    """Whatever somebody else's daemon answers."""
    with contextlib.suppress(EdgeError):
        for frame in Decoder(FROM_DAEMON).feed(data):
            with contextlib.suppress(EdgeError):
                parse_reply(frame)


def configuration(data: bytes) -> None:
    with file_of(data) as path, contextlib.suppress(EdgeError):
        load_config(path).rows()


def lexicon(data: bytes) -> None:
    """And a text that holds its words."""
    with file_of(data) as path, contextlib.suppress(EdgeError):
        found = load_lexicon(path)
        for language, words in found.languages.items():
            text = "; ".join([*words.say, *words.phonemes])
            read = found.speller(language, phonemes=True).respell(text)
            assert read.before(0, len(read.text)) == (0, len(text))


def voice(data: bytes) -> None:
    with contextlib.suppress(EdgeError, UnicodeDecodeError):
        parse_voice(data.decode(), "fuzz")


def profile(data: bytes) -> None:
    with file_of(data) as path, contextlib.suppress(EdgeError):
        records.load_yaml(path, Profile)


def manifest(data: bytes) -> None:
    """And the other files that a board reads at its start."""
    with file_of(data) as path:
        for kind in (Manifest, Starts, Tuning):
            with contextlib.suppress(EdgeError):
                records.load_json(path, kind)


def graph(data: bytes) -> None:
    with file_of(data) as path, contextlib.suppress(EdgeError):
        check_graph(path)


def bundle(data: bytes) -> None:
    """A tar file from a stranger, as `edge install` unpacks and checks it."""
    with tempfile.TemporaryDirectory(prefix="edge-fuzz-") as state:
        root, path = Path(state) / "bundles", Path(state) / "bundle.tar"
        path.write_bytes(data)
        with contextlib.suppress(EdgeError):
            install(path, root, None, lambda folder: None)
        assert {entry.name for entry in Path(state).iterdir()} <= {"bundles", "bundle.tar"}


def ssml(data: bytes) -> None:
    """What speech-dispatcher's clients send: the pieces are the text, the marks in their order."""
    whole = data.decode("utf-8", "ignore")
    found = strip_tags(whole)
    assert all(0 <= place <= len(found.text) for place, _ in found.marks)
    assert list(found.marks) == sorted(found.marks, key=lambda mark: mark[0])
    pieces = found.pieces(40)
    assert "".join(piece.text for piece in pieces) == found.text
    assert [name for piece in pieces for _, name in piece.marks] == [n for _, n in found.marks]


def phrase(data: bytes) -> None:
    """With a checksum that fits."""
    _parse(hashlib.sha256(data).digest() + data)


def name(data: bytes) -> None:
    with contextlib.suppress(EdgeError, UnicodeDecodeError):
        found = data.decode()
        check_name(found)
        assert (Path("/root") / found).resolve() == Path("/root") / found


def text(data: bytes) -> None:
    """In pieces and whole: the pieces are the text."""
    whole = data.decode("utf-8", "ignore")
    splitter, pieces = Splitter(), list[Piece]()
    for start in range(0, len(whole), 7):
        pieces += splitter.feed(whole[start : start + 7])
    pieces += splitter.finish()
    assert "".join(piece.text for piece in pieces) == whole
    with contextlib.suppress(EdgeError):
        sentences(clean_piece(Piece(whole)).text)


TARGETS: dict[str, Callable[[bytes], None]] = {
    parser.__name__: parser
    for parser in (
        requests, replies, configuration, lexicon, voice, profile, manifest, graph, bundle,
        phrase, name, text, ssml,
    )
}  # fmt: skip


@contextlib.contextmanager
def file_of(data: bytes) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="edge-fuzz-") as file:
        file.write(data)
        file.flush()
        yield Path(file.name)


def seeds() -> dict[str, list[bytes]]:
    """Files that are as they should be, where there are any."""
    transcripts = ROOT.parents[1] / "docs" / "reference" / "protocol.md"
    lines = [
        line[2:].encode() + b"\n"
        for line in transcripts.read_text(encoding="utf-8").splitlines()
        if line.startswith(("> {", "< {"))
    ]
    bundle = ROOT / "bundles" / "format-1--tone--x86-64"
    return {
        "requests": lines,
        "replies": lines,
        "configuration": [(ROOT.parents[1] / "systemd" / "config.yaml").read_bytes()],
        "lexicon": [
            "languages:\n  en:\n    say: {Nguyen: win, AT&T: A T and T}\n"
            "    phonemes: {Leicester: lˈɛstɚ}\n  en_US: {say: {route: rowt}}\n".encode()
        ],
        "voice": [voice_path(each).read_bytes() for each in ("tone", "en_US-joe-medium")],
        "profile": [path.read_bytes() for path in profiles_dir().glob("*.yaml")],
        "manifest": [(bundle / "manifest.json").read_bytes()],
        "phrase": [b'{"rate": 22050, "words": [[0, 3, 0, 100]]}\n' + bytes(400)],
        "text": [b"Dr. Who said: 1.5 km, no? Yes... and so on; it is e.g. 5 o'clock!"],
        "name": [b"a/b.json"],
        "bundle": [_tar_of(bundle)],
        "ssml": [b"<speak>One<mark name='a'/> two &amp; <break/>three<mark name=\"b\"/>.</speak>"],
    }


def _tar_of(folder: Path) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        tar.add(folder, "tone")
    return written.getvalue()


def main() -> None:
    import atheris

    seconds = sys.argv[3] if sys.argv[2:] else "60"
    for module in list(sys.modules):  # to be read anew, with counters at their branches
        if module.split(".")[0] in ("edge", "tests", "yaml"):
            del sys.modules[module]
    with atheris.instrument_imports(include=["edge", "yaml"]):
        target = importlib.import_module("tests.fuzz").TARGETS[sys.argv[1]]
    with tempfile.TemporaryDirectory(prefix="edge-fuzz-") as folder:
        for number, seed in enumerate(seeds().get(sys.argv[1], [])):
            (Path(folder) / str(number)).write_bytes(seed)
        options = [f"-max_total_time={seconds}", "-max_len=40000", "-seed=1", "-timeout=20"]
        atheris.Setup([sys.argv[0], *options, folder], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
