"""Speaks a sentence from a bundle on whatever CPU this is.

`python -m tests.cpus.speak BUNDLE FOLDER`: FOLDER holds `text` and `durations.npy`, its rhythm,
and gets `samples.npy`. Prints as JSON which variant spoke, and why others were passed over.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np

from edge import synth
from edge.bundle import open_bundle
from edge.machine import read_machine
from edge.synth.variants import runnable


def speak(path: Path, folder: Path) -> None:
    """Speak with the variant that the bundle's own profile gives this CPU."""
    bundle = open_bundle(path, machine=None)
    _, passed_over = runnable(bundle, read_machine())
    voice = synth.load(bundle, synth.choose(bundle).name)
    [segment] = voice.plan((folder / "text").read_text(encoding="utf-8"), synth.Style())
    durations = tuple(int(n) for n in np.load(folder / "durations.npy"))
    chunks = voice.speak(dataclasses.replace(segment, durations=durations))
    np.save(folder / "samples.npy", np.concatenate([chunk.samples for chunk in chunks]))
    print(json.dumps({"variant": voice.variant, "passed_over": passed_over}))


if __name__ == "__main__":
    speak(Path(sys.argv[1]), Path(sys.argv[2]))
