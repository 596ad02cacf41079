"""The table of parsers: a name, what reads the bytes, and what it may raise."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import numpy as np

from edge import records
from edge.bundle import Manifest
from edge.bundle.install import install
from edge.bundle.measured import Tuning
from edge.bundle.repository import choose, parse_index
from edge.bundle.safety import check_graph, check_name, check_table
from edge.bundle.store import Starts
from edge.config import load_config
from edge.daemon.phrase_store import _parse
from edge.errors import EdgeError
from edge.machine import read_machine
from edge.profile import Profile
from edge.protocol import FROM_CLIENT, FROM_DAEMON, Decoder, parse_reply, parse_request
from edge.synth.clip import check_clip
from edge.synth.clip_file import read_clip
from edge.synth.voice_print import load_print, read_label
from edge.text.claims import How
from edge.text.cleaning import Piece, clean_piece
from edge.text.cutting import Splitter, sentences
from edge.text.lexicon import load_lexicon
from edge.text.markup import Gap, Item, Run
from edge.text.reader import Reader
from edge.text.ssml import SsmlReader
from edge.text.ssml_splitter import Part, SsmlSplitter
from edge.voice import parse_voice
from tests.fuzz.checkpoints import file_of, layout, safetensors, styles, torch_file, vocabulary
from tests.fuzz.descriptions import json_table, settings, speech_request
from tests.fuzz.operators import operators
from tests.fuzz.prints import tone

Parser = Callable[[bytes], None]


def requests(data: bytes) -> None:
    """Whatever a client sends."""
    for frame in Decoder(FROM_CLIENT).feed(data):
        with contextlib.suppress(EdgeError):
            parse_request(frame)


def replies(data: bytes) -> None:
    """Whatever somebody else's daemon answers."""
    for frame in Decoder(FROM_DAEMON).feed(data):
        with contextlib.suppress(EdgeError):
            parse_reply(frame)


def configuration(data: bytes) -> None:
    with file_of(data) as path:
        load_config(path).rows()


def lexicon(data: bytes) -> None:
    """And a text that holds its words."""
    with file_of(data) as path:
        found = load_lexicon(path)
        for language, words in found.languages.items():
            text = "; ".join([*words.say, *words.phonemes])
            read = found.speller(language, phonemes=True).respell(text)
            assert read.before(0, len(read.text)) == (0, len(text))


def voice(data: bytes) -> None:
    parse_voice(_decoded(data), "fuzz")


def profile(data: bytes) -> None:
    with file_of(data) as path:
        records.load_yaml(path, Profile)


def manifest(data: bytes) -> None:
    """And the other files that a board reads at its start."""
    with file_of(data) as path:
        for kind in (Manifest, Starts, Tuning):
            with contextlib.suppress(EdgeError):
                records.load_json(path, kind)


def graph(data: bytes) -> None:
    with file_of(data) as path:
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
    """What anybody sends as SSML: the same in any cutting, and taken whole where lenient."""
    whole = data.decode("utf-8", "ignore")
    assert _said(whole, True, 7) == _said(whole, True, len(whole) + 1)
    assert _split(whole, 7) == _split(whole, len(whole) + 1)
    try:
        found = _said(whole, False, len(whole) + 1)
    except EdgeError as error:
        with contextlib.suppress(EdgeError):
            _said(whole, False, 7)
            raise AssertionError(error.message) from None
        raise
    assert _said(whole, False, 7) == found


def _said(whole: str, lenient: bool, step: int) -> str:
    """Read SSML step by step; the text of all its runs."""
    reader, runs = SsmlReader(lenient), list[Run]()
    for start in range(0, len(whole), step):
        runs += (item for item in reader.feed(whole[start : start + step]) if _is_run(item))
    runs += (item for item in reader.finish() if _is_run(item))
    places = [place for run in runs for place in (run.start, run.end)]
    assert places == sorted(places) and all(0 <= place <= len(whole) for place in places)
    return "".join(run.text for run in runs)


def _split(whole: str, step: int) -> list[tuple[str, object]]:
    """Split SSML into pieces step by step; their texts and marks, and the gaps between them."""
    splitter, parts = SsmlSplitter(True, len(whole), whole=False), list[Part]()
    for start in range(0, len(whole), step):
        parts += splitter.feed(whole[start : start + step])
    found: list[tuple[str, object]] = []
    for part in [*parts, *splitter.finish()]:
        if isinstance(part, Gap):
            found.append(("", part))
        elif isinstance(part, Piece) and part.markup is not None:
            places = [part.markup.before(at, at + 1) for at in range(len(part.text))]
            assert all(0 <= start <= end <= len(whole) for start, end in places)
            found.append((part.text, part.markup.marks))
    return found


def _is_run(item: Item) -> TypeGuard[Run]:
    return isinstance(item, Run)


def index(data: bytes) -> None:
    """What a repository on some server says it has, and the choice of one for this machine."""
    found = parse_index(data, "fuzz")
    for voice in found.voices:
        with contextlib.suppress(EdgeError):
            choose(found, voice, read_machine())


def phrase(data: bytes) -> None:
    """With a checksum that fits."""
    _parse(hashlib.sha256(data).digest() + data)


def voice_print(data: bytes) -> None:
    """What `edge clone` wrote, or somebody put in its place: the label, and the arrays."""
    with file_of(data) as path:
        with contextlib.suppress(EdgeError):
            read_label(path)
        load_print(path, tone())


def clip(data: bytes) -> None:
    """A WAV file, as `edge clone` reads it."""
    with file_of(data) as path:
        check_clip(read_clip(path))


def table(data: bytes) -> None:
    """What is let through is what numpy reads, with so many numbers."""
    with file_of(data) as path:
        check_table(path)
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    assert values.dtype.kind in "fiu" and 0 <= len(data) - values.nbytes <= 128


def name(data: bytes) -> None:
    found = _decoded(data)
    check_name(found)
    assert (Path("/root") / found).resolve() == Path("/root") / found


def text(data: bytes) -> None:
    """In pieces and whole: the pieces are the text, and each is read in four languages."""
    whole = data.decode("utf-8", "ignore")
    splitter, pieces = Splitter(), list[Piece]()
    for start in range(0, len(whole), 7):
        pieces += splitter.feed(whole[start : start + 7])
    pieces += splitter.finish()
    assert "".join(piece.text for piece in pieces) == whole
    for reader, piece in itertools.product(_readers(), pieces):
        reader.read(piece)
    sentences(clean_piece(Piece(whole)).text)


@functools.cache
def _readers() -> tuple[Reader, ...]:
    return tuple(Reader(language, How()) for language in ("en_US", "de_DE", "fr_FR", "ja_JP"))


@dataclass(frozen=True)
class Target:
    """`parse` may raise `allowed`, and nothing else; its files lie in tests/data/corpus/NAME."""

    parse: Parser
    allowed: tuple[type[Exception], ...] = (EdgeError,)

    def run(self, data: bytes) -> None:
        """Parse; what it may not raise comes through."""
        with contextlib.suppress(*self.allowed):
            self.parse(data)


TARGETS = {
    parser.__name__: Target(parser)
    for parser in (
        requests, replies, configuration, lexicon, voice, profile, manifest, graph, bundle,
        index, phrase, table, name, text, ssml, voice_print, clip, operators,
        safetensors, layout, vocabulary, torch_file, styles,
        settings, json_table, speech_request,
    )
}  # fmt: skip


def _decoded(data: bytes) -> str:
    """Text, as whoever opens the file decodes it."""
    return data.decode("utf-8", "replace")
