"""Make models/catalogue.json: python -m tools.catalogue [--voices LIST] [--hibari LIST]

LIST is a file or an https address. Left out, Piper's list is fetched from the hub at the revision
that known.yaml names, and hibari's is the one of the installed package.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.metadata
import sys
import urllib.request
from pathlib import Path

import yaml

from edge.voice import is_secure, models_dir
from tools.catalogue import KNOWN, LICENCES, REPOSITORY, Lists, WrongList, make

COLLECTION = '"collection":'


def read(place: str) -> str:
    if "://" in place:
        if not is_secure(place):
            raise SystemExit(f"{place} is not https")
        with urllib.request.urlopen(place, timeout=60) as answer:
            raw: bytes = answer.read()
    else:
        raw = Path(place).read_bytes()
    return (gzip.decompress(raw) if place.endswith(".gz") else raw).decode("utf-8")


def main() -> None:
    known = KNOWN.read_text(encoding="utf-8")
    revision = yaml.safe_load(known)["revision"]
    hub = f"https://huggingface.co/{REPOSITORY}/resolve/{revision}/voices.json"
    package = importlib.metadata.distribution("hibari-tts")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", default=hub)
    parser.add_argument("--hibari", default=str(package.locate_file("hibari/assets/voices.json")))
    parser.add_argument("--out", type=Path, default=models_dir() / "catalogue.json")
    options = parser.parse_args()
    lists = Lists(
        read(options.voices), LICENCES.read_text(encoding="utf-8"), read(options.hibari), known
    )
    try:
        text = make(lists)
    except WrongList as wrong:
        sys.exit(f"{wrong}")
    options.out.write_text(text, encoding="utf-8")
    print(f"{options.out}: {len(text.encode())} bytes, {text.count(COLLECTION)} voices")


if __name__ == "__main__":
    main()
