"""Print what reading as a person would costs until the first sound, by CPU time.

    python -m tools.reading_cost BUNDLE... [--rounds 40]

For each text of `edge bench`, and one full of numbers, a round speaks until the first chunk with
reading and without it, now the one first and now the other. Medians; the share is that of reading
in a first sound without it: the rest of the two differs by chance alone, if the words are equal.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from edge import synth
from edge.bench.measure import TEXTS
from edge.bundle import open_bundle
from edge.config import TextKeys
from edge.synth import Style, Synthesizer
from edge.synth.text_reader import make_reader
from edge.text.cleaning import Piece
from edge.text.lexicon import Lexicon
from edge.text.reader import Reader

FULL = "Dr. Lee paid $12.50 on 3/4/2026 at 9:05 for 2.5 kg of apples, 15% off."


def first_sound(voice: Synthesizer, text: str, reader: Reader | None) -> tuple[float, float]:
    """Return the milliseconds of CPU of reading, and of all that comes to the first chunk."""
    begun = time.process_time()
    said = reader.read(Piece(text)).text if reader is not None else text
    read = time.process_time()
    next(chunk for segment in voice.plan(said, Style()) for chunk in voice.speak(segment))
    return 1000 * (read - begun), 1000 * (time.process_time() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    print("| voice | text | first sound as written, ms | read, ms | of that reading | share |")
    print("|---|---|---|---|---|---|")
    for path in options.bundle:
        bundle = open_bundle(path, None)
        voice = synth.load(bundle, bundle.manifest.variants[0].name)
        reader = make_reader(bundle, TextKeys(), Lexicon())
        for name, text in {**TEXTS, "numbers": FULL}.items():
            without, with_, reading = [], [], []
            for number in range(options.rounds + 1):
                for one in (reader, None) if number % 2 else (None, reader):
                    read, whole = first_sound(voice, text, one)
                    if number and one is None:
                        without.append(whole)
                    elif number:
                        with_.append(whole)
                        reading.append(read)
            plain, full, read = map(statistics.median, (without, with_, reading))
            print(
                f"| {bundle.voice.name} | {name} | {plain:.1f} | {full:.1f} | {read:.2f} "
                f"| {read / plain:.1%} |"
            )


if __name__ == "__main__":
    main()
