"""Memory and time against the length of a text and the number of utterances; on demand.

    python -m tools.growth BUNDLE [DATE-growth.json]

One process speaks texts of 10 to 10,000 characters, then 2,000 texts of varied lengths, and reads
its own resident memory from /proc. Time is CPU time. The file is what tools/plots.py draws from.
"""

from __future__ import annotations

import datetime
import json
import random
import shlex
import sys
import time
from importlib.metadata import version
from itertools import cycle, islice
from pathlib import Path

from edge import synth
from edge.bench.measure import describe_machine
from edge.bundle import open_bundle
from edge.bundler import corpus
from edge.synth import Style, Synthesizer

LENGTHS = (10, 30, 100, 300, 1_000, 3_000, 10_000)
UTTERANCES = 2_000
EVERY = 100
PACKAGES = ("edge-voice", "onnxruntime", "numpy", "piper-tts")


def main() -> None:
    loaded = synth.load(open_bundle(Path(sys.argv[1]), None))
    sentences = corpus.sentences("evaluation", "en") + corpus.sentences("calibration", "en")
    speak(loaded, sentences[0])
    print("characters  speech s  CPU s  CPU s per speech s  resident MiB")
    lengths, grown = [], []
    for length in LENGTHS:
        text = " ".join(islice(cycle(sentences), length // 20 + 2))[:length]
        began = time.process_time()
        seconds = speak(loaded, text)
        spent = time.process_time() - began
        memory, per_second = resident(), spent / seconds
        lengths.append((length, memory))
        print(f"{length:10,}  {seconds:8.1f}  {spent:5.2f}  {per_second:18.4f}  {memory:12.1f}")
    chance = random.Random(1)
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
        kept = {
            "date": datetime.date.today().isoformat(),
            "command": shlex.join(["python", "-m", "tools.growth", *sys.argv[1:]]),
            "machine": describe_machine(),
            "versions": {name: version(name) for name in PACKAGES},
            "bundle": sys.argv[1],
            "by_characters": lengths,
            "by_utterances": grown,
        }
        Path(sys.argv[2]).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def speak(loaded: Synthesizer, text: str) -> float:
    """Seconds of sound; nothing of it is kept."""
    return sum(c.seconds for s in loaded.plan(text, Style()) for c in loaded.speak(s))


def resident() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
