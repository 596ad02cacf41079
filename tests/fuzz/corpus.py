"""What is kept for each target: files as they should be, and inputs that were found."""

from __future__ import annotations

import hashlib
import io
import tarfile
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge import records
from edge.bundle.repository import Entry, Index
from edge.profile import profiles_dir
from edge.voice import voice_path
from tests.fuzz import checkpoint_files
from tests.fuzz.prints import BUNDLE, print_bytes, sealed_bytes

DATA = Path(__file__).parents[1] / "data"
ROOT = DATA.parents[1]
CORPUS = DATA / "corpus"
"""A folder for each target. What is called `found-*` once broke it; the others reach far."""
MOST_KEPT = 40
"""Files of a target that reach lines which no other does; what broke it is kept beside them."""
MOST_BYTES = 4000


def kept(name: str) -> list[bytes]:
    """List the files kept for a target, and those that are as they should be."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))] + seeds(name)


def keep(name: str, data: bytes, found: bool) -> Path | None:
    """Write an input into the corpus; None if it is too large, or there are enough."""
    folder = CORPUS / name
    if not found and (len(data) > MOST_BYTES or len(list(folder.glob("reach-*"))) >= MOST_KEPT):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(data).hexdigest()[:12]
    path = folder / f"{'found' if found else 'reach'}-{digest}"
    path.write_bytes(data)
    return path


def seeds(name: str) -> list[bytes]:
    """List files that are as they should be, where there are any."""
    makers: dict[str, Callable[[], list[bytes]]] = {
        "requests": _lines,
        "replies": _lines,
        "configuration": lambda: [(ROOT / "systemd" / "config.yaml").read_bytes()],
        "lexicon": lambda: [LEXICON.encode()],
        "voice": lambda: [voice_path(n).read_bytes() for n in ("tone", "en_US-joe-medium")],
        "profile": lambda: [path.read_bytes() for path in sorted(profiles_dir().glob("*.yaml"))],
        "manifest": lambda: [(BUNDLE / "manifest.json").read_bytes()],
        "index": lambda: [_index("rpi5: 1"), _index((profiles_dir() / "rpi5.yaml").read_text())],
        "phrase": lambda: [b'{"rate": 22050, "words": [[0, 3, 0, 100]]}\n' + bytes(400)],
        "text": lambda: [b"Dr. Who said: 1.5 km, no? Yes... and so on; it is e.g. 5 o'clock!"],
        "table": lambda: [_table(kind) for kind in ("<f2", "<f4", "|i1", "<i8")],
        "name": lambda: [b"a/b.json"],
        "bundle": lambda: [_tar_of(BUNDLE)],
        "ssml": lambda: [SSML, *(attack.encode()[:MOST_BYTES] for attack in ATTACKS.values())],
        "voice_print": lambda: [print_bytes(), print_bytes(compressed=True), sealed_bytes()],
        "clip": lambda: [
            *(_clip(width, channels) for width in (1, 2, 3, 4) for channels in (1, 2)),
            _clip(4, 1, floats=True),
        ],
        "operators": lambda: [bytes(range(0, 256, step)) * 2 for step in (1, 3, 7, 11)],
        "safetensors": checkpoint_files.safetensors,
        "layout": checkpoint_files.layouts,
        "vocabulary": checkpoint_files.vocabularies,
        "torch_file": checkpoint_files.torch_files,
        "styles": checkpoint_files.styles,
        "settings": checkpoint_files.settings,
        "json_table": lambda: [
            b'{"a":"x","b":{"DEFAULT":"y","VERB":"z"},"c":12,"d\\n":"\\u00e9"}'
        ],
        "speech_request": lambda: [SPEECH],
    }
    make = makers.get(name)
    return make() if make else []


LEXICON = (
    "languages:\n  en:\n    say: {Nguyen: win, AT&T: A T and T}\n"
    "    phonemes: {Leicester: lˈɛstɚ}\n  en_US: {say: {route: rowt}}\n"
)
SPEECH = (
    b'{"model": "tts-1", "input": "Hello", "voice": "alloy", "response_format": "wav", '
    b'"speed": 1.1, "stream_format": "audio", "instructions": "calm", "stream": false}'
)
SSML = (
    b"<?xml version='1.0'?><speak xml:lang='en-US'><p>One<mark name='a'/> two &amp; <break/>"
    b"<sub alias='World Wide Web'>WWW</sub></p><break time=\"500ms\"/><s>three<!-- no --></s>"
    b"<say-as interpret-as='date' format='dmy'>1/2/2026</say-as><![CDATA[<4>]]>"
    b"<phoneme alphabet='ipa' ph='t&#601;'>x</phoneme><prosody rate='slow' volume='+6dB' "
    b"pitch='-2st'>five</prosody><emphasis level='strong'>six</emphasis>"
    b"<lang xml:lang='de'>drei</lang><voice name='joe'>seven</voice><x:y z=''/></speak>"
)
ATTACKS = {
    "billion laughs": '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><speak>&i;</speak>",
    "external entity": '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><speak>&x;</speak>',
    "parameter entity": '<!DOCTYPE s [<!ENTITY % x SYSTEM "http://a.example/x">%x;]><speak/>',
    "entity without a declaration": "<speak>&x;</speak>",
    "deep nesting": "<speak>" + "<p>" * 3_000,
    "a tag without an end": "<speak><p " + "a" * 9_000,
    "an attribute without an end": "<speak><p a='" + " " * 9_000,
    "spaces in a tag": "<speak><p" + " " * 1_900 + "<p" + " " * 1_900,
    "attributes without an end": "<speak><p " + "a='' " * 1_900,
    "quotes": "<speak>" + "<p a='\"" * 1_200,
    "less-than": "<speak>" + "<" * 9_000,
    "ampersands": "<speak>" + "&" * 9_000,
    "brackets": "<speak>" + "]" * 9_000 + "]]>",
    "half entities": "<speak>" + "&#1111111" * 1_000,
    "comments": "<speak>" + "<!--" * 2_000,
    "null": "<speak>&#0;</speak>",
    "surrogate": "<speak>&#xD800;</speak>",
    "beyond Unicode": "<speak>&#x110000;</speak>",
    "quadratic blowup": '<!DOCTYPE s [<!ENTITY a "' + "a" * 1_500 + '">]><speak>' + "&a;" * 600,
    "entity in an attribute": '<!DOCTYPE s [<!ENTITY a "x">]><speak a="&a;"/>',
    "a document type inside": '<speak><!DOCTYPE p SYSTEM "http://a.example/p.dtd"></speak>',
    "CDATA without an end": "<speak>" + "<![CDATA[" * 1_000,
    "an instruction without an end": "<speak><?" + "x " * 4_500,
    "the same attribute": "<speak " + "a='' a='' " * 400 + "/>",
    "namespaces": "<speak " + "".join(f"xmlns:n{n}='urn:{n}' " for n in range(120)) + "/>",
    "two roots": "<speak>one</speak><speak>two</speak>",
    "mixed up ends": "<speak><p><s></p></s></speak>" + "</p>" * 2_000,
}
"""What is known to hurt readers of XML, by its name; tests/text/test_tags.py tries each whole."""


def _lines() -> list[bytes]:
    """List the messages that the protocol's page shows."""
    page = ROOT / "docs" / "reference" / "protocol.md"
    return [
        line[2:].encode() + b"\n"
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith(("> {", "< {"))
    ]


def _index(profile: str) -> bytes:
    """Describe a repository of one bundle, for a board that is described so."""
    entry = Entry("joe", "rpi5", "joe--rpi5.tar", 9, "0" * 64, "0.1.0")
    return records.dump_json(Index(1, {"rpi5": profile}, (entry,))).encode()


def _table(kind: str) -> bytes:
    written = io.BytesIO()
    np.save(written, np.arange(6).reshape(2, 3).astype(kind))
    return written.getvalue()


def _tar_of(folder: Path) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        tar.add(folder, "tone")
    return written.getvalue()


def _clip(width: int, channels: int, floats: bool = False) -> bytes:
    """A third of a second of noise, longer than the shortest that is taken where it is small."""
    noise = np.random.default_rng(1).integers(0, 256, 8000 * width * channels // 3 * 3, np.uint8)
    written = io.BytesIO()
    with wave.open(written, "wb") as clip:
        clip.setnchannels(channels)
        clip.setsampwidth(width)
        clip.setframerate(8000)
        clip.writeframes(noise[: len(noise) // (width * channels) * width * channels].tobytes())
    raw = written.getvalue()
    return raw[:20] + b"\3\0" + raw[22:] if floats else raw
