"""Speak with a voice on one thread, and print the peak of memory, MiB:
python -m tools.voice_peak BUNDLE VARIANT

A program of its own, because whatever else a process imports would be counted.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from edge import synth
from edge.bundle import open_bundle

TEXTS = ("the train leaves at nine and so do we with all", "the others and what they carry")


def main() -> None:
    bundle = open_bundle(Path(sys.argv[1]), machine=None)
    runtime = dataclasses.replace(bundle.profile.runtime, threads=1)
    profile = dataclasses.replace(bundle.profile, runtime=runtime)
    voice = synth.load(dataclasses.replace(bundle, profile=profile), sys.argv[2])
    for text in TEXTS:
        for segment in voice.plan(text, synth.Style()):
            for _ in voice.speak(segment):
                pass
    # Not getrusage's: that begins with the peak of the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    [peak] = [line.split()[1] for line in status if line.startswith("VmHWM")]
    print(int(peak) // 1024)


if __name__ == "__main__":
    main()
