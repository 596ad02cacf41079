"""Memory and time against the length of a text and the number of utterances; on demand.

    python -m tests.growth BUNDLE [PICTURE.svg]

One process speaks texts of 10 to 10,000 characters, then 2,000 texts of varied lengths, and reads
its own resident memory from /proc. Time is CPU time.
"""

from __future__ import annotations

import random
import sys
import time
from itertools import cycle, islice
from pathlib import Path

from edge import synth
from edge.build import corpus
from edge.bundle import open_bundle
from edge.synth import Style, Synthesizer

LENGTHS = (10, 30, 100, 300, 1_000, 3_000, 10_000)
UTTERANCES = 2_000
EVERY = 100


def main() -> None:
    loaded = synth.load(open_bundle(Path(sys.argv[1]), None))
    sentences = corpus.sentences("evaluation", "en") + corpus.sentences("calibration", "en")
    speak(loaded, sentences[0])
    print("characters  speech s  CPU s  CPU s per speech s  resident MiB")
    for length in LENGTHS:
        text = " ".join(islice(cycle(sentences), length // 20 + 2))[:length]
        began = time.process_time()
        seconds = speak(loaded, text)
        spent = time.process_time() - began
        per_second = spent / seconds
        print(
            f"{length:10,}  {seconds:8.1f}  {spent:5.2f}  {per_second:18.4f}  {resident():12.1f}"
        )
    chance = random.Random(1)
    grown = []
    for number in range(UTTERANCES + 1):
        if number % EVERY == 0:
            grown.append((number, resident()))
        picked = " ".join(chance.choices(sentences, k=chance.choice((1, 1, 1, 2, 5))))
        speak(loaded, picked[: chance.randint(1, len(picked))] + " one.")
    first, last = grown[len(grown) // 5][1], grown[-1][1]
    print(
        f"after {UTTERANCES // 5} utterances {first:.1f} MiB, after {UTTERANCES:,} {last:.1f} MiB"
    )
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(picture(grown), encoding="utf-8")


def speak(loaded: Synthesizer, text: str) -> float:
    """Seconds of sound; nothing of it is kept."""
    return sum(c.seconds for s in loaded.plan(text, Style()) for c in loaded.speak(s))


def resident() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def picture(grown: list[tuple[int, float]]) -> str:
    """Resident memory over utterances, from zero, so that a slope looks as large as it is."""
    width, height, left, base = 640, 240, 60, 200
    top = 1.25 * max(value for _, value in grown)
    points = " ".join(
        f"{left + 560 * number / UTTERANCES:.1f},{base - 180 * value / top:.1f}"
        for number, value in grown
    )
    ticks = "".join(
        f'<text x="{left - 8}" y="{base - 180 * part + 4:.0f}" text-anchor="end">'
        f"{top * part:.0f}</text>"
        for part in (0, 0.5, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12" fill="#555">'
        f'<path d="M{left} 20V{base}H620" fill="none" stroke="#999"/>'
        f'<polyline points="{points}" fill="none" stroke="#0b7a55" stroke-width="2"/>{ticks}'
        f'<text x="{left}" y="14">resident MiB</text>'
        f'<text x="620" y="{base + 18}" text-anchor="end">{UTTERANCES:,} utterances</text></svg>\n'
    )


if __name__ == "__main__":
    main()
