"""Make models/catalogue.json from the lists of those who made the voices and who judged them.

The same lists give the same bytes. known.yaml beside this file holds what no list says.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edge.catalogue import plain
from edge.licences import TERMS

HERE = Path(__file__).parent
LICENCES, KNOWN = HERE / "licences.csv", HERE / "known.yaml"
PIPER, HIBARI, OTHERS = "piper", "hibari", "others"
REPOSITORY = "rhasspy/piper-voices"
CREDIT = (
    "Scores and licence classes: Loudness.ai technical report LA-RB-2026-003, Open Piper TTS "
    "Voices Ranked (2026-10-15), CC BY 4.0, https://loudness.ai/research/piper-tts-voices-ranked/"
    "; changed where a voice is known to come from restricted data."
)
LEFT_OUT = (
    "the credited list, which names every Piper voice that it holds usable in a product, leaves "
    "it out"
)
HIBARI_VERSION = "0.2.1"
HIBARI_FILES = {  # the same for every voice of the package; heart's description has them too
    "vocab": {
        "bytes": 1144,
        "sha256": "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d",
        "member": "hibari/assets/vocab.json",
    },
    "notice": {
        "bytes": 2429,
        "sha256": "971f53a04730ac7a4de33b3c9586e0347e4487f3a8aafd0fb3c1d074a3426adc",
        "member": f"hibari_tts-{HIBARI_VERSION}.dist-info/licenses/NOTICE",
    },
}
Row = dict[str, Any]


class WrongList(Exception):
    """A list does not hold what this program relies on."""


@dataclass(frozen=True)
class Lists:
    """The texts that the catalogue is made from."""

    piper: str
    """voices.json of the hub's repository."""
    licences: str
    """CSV with a head: who judged which voice how."""
    hibari: str
    """voices.json of the package hibari-tts."""
    known: str
    """YAML."""


def make(lists: Lists) -> str:
    """Return the text of the catalogue. Raises WrongList naming what does not fit."""
    known = yaml.safe_load(lists.known)
    judged = {row["model"]: row for row in csv.DictReader(io.StringIO(lists.licences))}
    upstream = json.loads(lists.piper)
    others = known["others"]
    voices = {
        **dict(_piper(upstream, known)),
        **dict(_hibari(json.loads(lists.hibari))),
        **{name: {"collection": OTHERS, **_other(name, row)} for name, row in others.items()},
    }
    _check_names(voices, known)
    for name, row in voices.items():
        row |= _judged(row, judged.get(name), known, name)
        if mark := known["dnsmos"].get(name):
            row["scores"] = row.get("scores", {}) | {"dnsmos": mark}
    languages = _languages(upstream)
    languages |= {n.split("-")[0]: row["locale"] for n, row in others.items() if "locale" in row}
    collections = {
        PIPER: {
            "title": "Piper's public voices",
            "family": "piper",
            "repository": REPOSITORY,
            "revision": known["revision"],
        },
        HIBARI: {
            "title": "hibari's voices",
            "family": "hibari",
            "repository": "maureesewilliams/hibari",
            "revision": "main",
        },
        OTHERS: {"title": "Piper voices that others give away", "family": "piper"},
    }
    return _written(CREDIT, collections, languages, voices)


def _piper(upstream: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[tuple[str, Row]]:
    for key, voice in upstream.items():
        language, name = voice["language"], plain(key)
        folder = f"{language['family']}/{language['code']}/{voice['name']}/{voice['quality']}"
        places = {"model": f"{key}.onnx", "config": f"{key}.onnx.json", "card": "MODEL_CARD"}
        if set(voice["files"]) != {f"{folder}/{place}" for place in places.values()}:
            raise WrongList(f"{key}: its files are not those of {folder}")
        row: Row = {
            "collection": PIPER,
            "quality": voice["quality"],
            "speakers": voice["num_speakers"],
            "folder": folder,
        }
        if name != key:
            row["upstream"] = key
        row["files"] = {
            role: {"bytes": told["size_bytes"], "md5": told["md5_digest"]}
            for role, told in ((r, voice["files"][f"{folder}/{p}"]) for r, p in places.items())
        }
        _correct(key, row["files"], known["corrections"].get(name))
        for role, digest in known["sha256"].get(name, {}).items():
            row["files"][role]["sha256"] = digest
        yield name, row


def _correct(key: str, files: dict[str, Row], corrections: Mapping[str, Row] | None) -> None:
    for role, right in (corrections or {}).items():
        if files[role]["md5"] not in (right["instead_of"], right["md5"]):
            raise WrongList(f"{key}: the list has another {role} than known.yaml corrects")
        if files[role]["md5"] == right["instead_of"]:
            files[role] = {"bytes": right["bytes"], "md5": right["md5"]}
            files.pop("card", None)  # of the files that were replaced


def _languages(upstream: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return English name, country and own name by language."""
    told = [voice["language"] for voice in upstream.values()]
    return {
        one["code"]: [
            one["name_english"],
            one["country_english"],
            one["name_native"].strip("\u200e"),  # a mark for the direction of writing
        ]
        for one in told
    }


def _hibari(upstream: Mapping[str, Any]) -> Iterator[tuple[str, Row]]:
    package = {"package": "hibari-tts", "version": HIBARI_VERSION}
    for name, voice in upstream.items():
        model = {"bytes": voice["bytes"], "sha256": voice["sha256"]}
        if voice["bundled"]:
            model |= package | {"member": f"hibari/assets/{voice['file']}"}
        else:
            model["name"] = voice["file"]
        files = {"model": model}
        files |= {role: package | told for role, told in HIBARI_FILES.items()}
        yield (
            f"{voice['language'].replace('-', '_')}-{name}",
            {
                "collection": HIBARI,
                "quality": "",
                "speakers": 1,
                "folder": "voices",
                "files": files,
                "licence": "Apache-2.0",
                "terms": "credit",
                "why": "the package's NOTICE names Apache-2.0 throughout",
                "dataset": "speech made by Kokoro-82M (Apache-2.0)",
            },
        )


def _other(name: str, row: Row) -> Row:
    kept: Row = {key: row[key] for key in ("speakers", "note", "files") if key in row}
    return {"quality": name.rpartition("-")[2], **kept}


def _licence(name: str, known: Mapping[str, Any]) -> str:
    return next((terms for terms, names in known["restricted"].items() if name in names), "")


def _parent(name: str, known: Mapping[str, Any]) -> str:
    return next((voice for voice, born in known["parents"].items() if name in born), "")


def _ground(name: str, known: Mapping[str, Any]) -> str:
    """Say what is against selling a voice, behind "its" or "whose"; empty if nothing is known."""
    if licence := _licence(name, known):
        return f"data is under {licence}"
    if parent := _parent(name, known):
        if not (ground := _ground(parent, known)):
            raise WrongList(f"known.yaml: {parent} is a parent, and nothing is against selling it")
        return f"training began from {parent}, whose {ground}"
    return ""


def _judged(
    row: Row, judged: Mapping[str, str] | None, known: Mapping[str, Any], name: str
) -> Row:
    """Return licence, class, the reason for it and the scores."""
    if judged is None:
        told: Row = {} if "terms" in row else {"terms": "unknown", "why": LEFT_OUT}
    else:
        if judged["use"] not in TERMS:
            raise WrongList(f"{judged['model']}: there is no class {judged['use']!r}")
        told = {
            "licence": judged["licence"],
            "terms": judged["use"],
            "why": f"the credited list says {judged['licence']!r}",
            "dataset": judged["dataset"],
            "scores": {
                "overall": float(judged["overall"]),
                "natural": float(judged["natural_0_100"]),
                "clear": float(judged["clear_0_100"]),
            },
        }
        if judged["best_speaker"]:
            told["scores"]["speaker"] = judged["best_speaker"]
    if ground := _ground(name, known):
        milder = f"; the credited list says {told['terms']!r} all the same" if judged else ""
        told |= {"terms": "restricted", "why": f"its {ground}{milder}"}
        told |= {"parent": _parent(name, known)}
    if licence := _licence(name, known):
        told |= {"licence": licence.removeprefix("the ")}
    return {key: value for key, value in told.items() if value}


def _check_names(voices: Mapping[str, Row], known: Mapping[str, Any]) -> None:
    """Refuse a fact about a voice that no list has: it is misspelt, or the voice is gone."""
    named = [name for names in known["restricted"].values() for name in names]
    named += [name for parent, born in known["parents"].items() for name in (parent, *born)]
    named += [*known["corrections"], *known["sha256"], *known["dnsmos"]]
    if strange := sorted(set(named) - voices.keys()):
        raise WrongList(f"known.yaml tells of voices that no list has: {', '.join(strange)}")


def _written(credit: str, *parts: Mapping[str, Any]) -> str:
    """Write one row a line, so that next month's list reads as a list of changes."""
    blocks = [f' "credit": {json.dumps(credit)}']
    for name, rows in zip(("collections", "languages", "voices"), parts, strict=True):
        lines = [f'  "{key}": {_line(rows[key])}' for key in sorted(rows)]
        blocks.append(f' "{name}": {{\n' + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def _line(row: Any) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
