"""Read the list of voices that a build can fetch by name, models/catalogue.json.

`python -m tools.catalogue` makes it from the lists of those who made the voices. A row is read
when it is asked for, so looking up one voice takes a few milliseconds.
"""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from edge import records
from edge.errors import BadRecord
from edge.licences import TERMS, Judgement, ModelCard, classify, strictest

CATALOGUE = "catalogue.json"
NEAREST = 5
"""Names that a mistyped one is answered with."""


@dataclass(frozen=True)
class Collection:
    """A place that many voices come from: a repository at the hub, or files with addresses."""

    title: str
    family: str
    """Name of a card in edge.families."""
    repository: str = ""
    """OWNER/NAME at the hub; empty if each file has an address of its own."""
    revision: str = ""
    """Commit, so that nothing changes under its checksums."""


@dataclass(frozen=True)
class ListedFile:
    """One file, as the list describes it: in the collection's repository, at an address, or in a
    package."""

    bytes: int
    md5: str = ""
    sha256: str = ""
    """Empty until somebody has fetched it; then `md5` is all there is to check it by."""
    name: str = ""
    """File name in the voice's folder, if it does not follow from the voice's name."""
    url: str = ""
    package: str = ""
    version: str = ""
    member: str = ""


@dataclass(frozen=True)
class Scores:
    """Marks of how a voice sounds; 0 where there is none."""

    overall: float = 0.0
    """0 to 100, by the credited list."""
    natural: float = 0.0
    """Naturalness 0 to 100, UTMOS22 by the credited list."""
    clear: float = 0.0
    """100 minus the character errors of Whisper large-v3, by the credited list."""
    speaker: str = ""
    """Number of the speaker who was judged, the best of several."""
    dnsmos: float = 0.0
    """DNSMOS overall, 1 to 5."""


@dataclass(frozen=True)
class ListedVoice:
    """One row."""

    name: str
    collection: str
    """A key of the catalogue's collections."""
    language: str
    """BCP 47 with underscores, like de_DE."""
    quality: str
    """x_low, low, medium or high: the size of the model; empty where a family has one size."""
    speakers: int
    files: dict[str, ListedFile]
    """Role -> file."""
    licence: str = ""
    """Terms of the recordings, in the words of the list; empty if nobody told."""
    terms: str = "unknown"
    """A key of edge.licences.TERMS."""
    why: str = ""
    """A sentence: where that class is from."""
    dataset: str = ""
    """Address or name of the recordings."""
    parent: str = ""
    """Voice that the training began from, as far as it is known."""
    note: str = ""
    folder: str = ""
    """Place in the repository."""
    upstream: str = ""
    """Name at the hub, where it is another."""
    scores: Scores = field(default_factory=Scores)

    @property
    def size(self) -> int:
        """Bytes to be fetched."""
        return sum(file.bytes for file in self.files.values())

    @property
    def judgement(self) -> Judgement:
        return Judgement(TERMS[self.terms], self.why)


@dataclass(frozen=True)
class Words:
    """A language and a country in words."""

    english: str
    country: str
    native: str

    def __str__(self) -> str:
        return f"{self.english} ({self.country})" if self.country else self.english


class Catalogue:
    """The list, opened: rows are made of its text when they are asked for."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self._rows: Mapping[str, Any] = data["voices"]
        self._languages: Mapping[str, Any] = data["languages"]
        self._where = where
        self.credit: str = data["credit"]
        """Sentence that is shown wherever the scores or classes are."""
        self.collections = {
            name: records.from_dict(Collection, row, f"{where}: collections.{name}")
            for name, row in data["collections"].items()
        }

    @property
    def names(self) -> list[str]:
        return list(self._rows)

    def find(self, name: str) -> ListedVoice | None:
        """Return the row of a voice, by its name here or at the hub; None if it is not listed."""
        name = plain(name)
        row = self._rows.get(name)
        if row is None:
            return None
        told = {"name": name, "language": name.partition("-")[0], **row}
        return records.from_dict(ListedVoice, told, f"{self._where}: voices.{name}")

    def __iter__(self) -> Iterator[ListedVoice]:
        for name in self._rows:
            row = self.find(name)
            assert row is not None  # it is a key
            yield row

    def words(self, language: str) -> Words:
        """Return a language in words; the tag itself if the list does not have it."""
        if language in self._languages:
            return Words(*self._languages[language])
        plain = language.partition("_")[0]
        same = [tag for tag in self._languages if tag.partition("_")[0] == plain]
        if same:
            return Words(self._languages[same[0]][0], "", self._languages[same[0]][2])
        return Words("no words" if language == "zxx" else language, "", "")

    def family(self, row: ListedVoice) -> str:
        return self.collections[row.collection].family

    def path(self, row: ListedVoice, role: str) -> str:
        """Return a file's place in its collection's repository."""
        stem = row.upstream or row.name
        usual = {"model": f"{stem}.onnx", "config": f"{stem}.onnx.json", "card": "MODEL_CARD"}
        return f"{row.folder}/{row.files[role].name or usual[role]}"

    def address(self, row: ListedVoice, role: str, hub: str) -> str:
        """Return the https address of a file that is in no package; a `hub` is laid out like
        huggingface.co."""
        if row.files[role].url:
            return row.files[role].url
        place = self.collections[row.collection]
        path = quote(self.path(row, role))
        return f"{hub.rstrip('/')}/{place.repository}/resolve/{place.revision}/{path}"

    def judge(self, licence: str, card: ModelCard, row: ListedVoice | None) -> Judgement:
        """Judge a voice by all that is known of it: its row, its licence's name and what its model
        card says of the training; the strictest wins."""
        found = [] if row is None else [row.judgement]
        by_name = classify(licence)
        if row is None or by_name.terms.name != "unclear":  # the list's authors looked further
            found.append(by_name)
        for name, other in self._rows.items():
            short = name.split("-")[1]
            if other.get("terms") == "restricted" and card.began_from(short):
                reason = f"its training began from the voice {short}: {other['why']}"
                found.append(Judgement(TERMS["restricted"], reason))
                break
        return strictest(found)


def plain(name: str) -> str:
    """Write a name with the letters that a folder and a socket take: tugão becomes tugao."""
    apart = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def nearest(name: str, names: list[str]) -> list[str]:
    """Return the names that were most likely meant: first those that hold what was typed."""
    typed = plain(name).lower()
    holding = [each for each in names if typed and typed in each.lower()]
    lower = {each.lower(): each for each in names}
    close = difflib.get_close_matches(typed, lower, n=NEAREST, cutoff=0.4)
    return list(dict.fromkeys([*holding[:NEAREST], *(lower[each] for each in close)]))[:NEAREST]


@lru_cache(maxsize=2)
def load_catalogue(path: Path) -> Catalogue:
    """Open the list; raises BadRecord for a damaged one."""
    try:
        return Catalogue(json.loads(records.read_text(path)), str(path))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRecord(
            f"{path} is no catalogue: {type(error).__name__} {error}",
            "It comes with Edge Voice: install that again, or make it: python -m tools.catalogue",
        ) from None
