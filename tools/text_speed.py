"""Print the CPU time of reading: an everyday text, and 10,000 characters made to be slow.

    python -m tools.text_speed [LANGUAGE]

The bars are 1 ms for 100 characters, and 200 ms for any two characters that repeat to 10,000.
"""

from __future__ import annotations

import itertools
import sys
import time

import yaml

from edge.text import MAX_CHARACTERS
from edge.text.claims import How
from edge.text.cleaning import Piece
from edge.text.cutting import LONGEST_PIECE
from edge.text.reader import Reader
from tools.text_accuracy import DATA

SIGNS = "19-.,:/A abvixX$€%&#@*_`|[](){}<>+=~'\"\n°²–−½M^"


def milliseconds(reader: Reader, text: str) -> float:
    begun = time.process_time()
    reader.read(Piece(text))
    return 1000 * (time.process_time() - begun)


def main() -> None:
    language = sys.argv[1] if len(sys.argv) > 1 else "en"
    reader = Reader(language, How(), sounds=lambda given: given.sounds)
    rows = yaml.safe_load((DATA / f"{language}.yaml").read_text(encoding="utf-8"))
    text = " ".join(row[1] for texts in rows.values() for row in texts)[: 6 * 1000]
    parts = [text[at : at + 500] for at in range(0, len(text), 500)]
    reader.read(Piece(text))
    spent = sum(milliseconds(reader, part) for part in parts)
    print(f"{100 * spent / len(text):.2f} ms for 100 characters of the corpus")
    pairs = ["".join(pair) for pair in itertools.product(SIGNS, repeat=2)]
    # Texts are read in stretches, so the slowest stretch is that of the slowest text.
    slowest = sorted(pairs, key=lambda pair: milliseconds(reader, pair * (LONGEST_PIECE // 2)))
    for pair in reversed(slowest[-8:]):
        spent = milliseconds(reader, pair * (MAX_CHARACTERS // 2))
        print(f"{spent:6.0f} ms for {MAX_CHARACTERS:,} characters of {pair!r}")


if __name__ == "__main__":
    main()
