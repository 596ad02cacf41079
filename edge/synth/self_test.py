"""Try a bundle in a process of its own: it is loaded, and speaks a sentence.

    python -m edge.synth.self_test BUNDLE

What takes the process down (an instruction that this CPU lacks, no memory) takes down only it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from edge.bundle import open_bundle
from edge.errors import EdgeError, ModelFailed
from edge.synth import Style, load_at_once

TEXT = "One, two, three."
TIMEOUT_S = 300
"""A Zero 2 W that reads its card for the first time."""
MIN_PEAK, MIN_S, MAX_S = 0.01, 0.1, 30.0
"""Least peak, and least and most seconds, of a sentence of three words, without the voice's
gain."""
_PREFIX = "the bundle failed its self-test: "
_TOLD = 3  # exit status: the last two lines are what and what to do


def try_in_child(folder: Path) -> None:
    """Try a bundle in a child process. Raises ModelFailed, saying what went wrong."""
    command = [sys.executable, "-m", "edge.synth.self_test", str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise _failed(f"it has not spoken within {TIMEOUT_S} s") from None
    said = done.stderr.strip().splitlines()
    if done.returncode == _TOLD:
        raise ModelFailed(f"{_PREFIX}{said[-2]}", said[-1])
    if done.returncode:
        died = f"it ended with status {done.returncode}"
        raise _failed(said[-1] if done.returncode > 0 and said else died)


def speak(folder: Path) -> None:
    """Speak, and raise ModelFailed unless the sound can be one of speech."""
    synthesizer = load_at_once(open_bundle(folder, None))
    segments = synthesizer.plan(TEXT, Style())
    parts = [chunk.samples for segment in segments for chunk in synthesizer.speak(segment)]
    sound = np.concatenate([np.zeros(0, np.float32), *parts])
    seconds = len(sound) / synthesizer.rate
    if not np.isfinite(sound).all():
        raise _failed("its sound has values that are no numbers")
    if not MIN_S <= seconds <= MAX_S:
        raise _failed(f"three words last {seconds:.2f} s; {MIN_S} to {MAX_S:.0f} expected")
    if np.abs(sound).max() < MIN_PEAK:
        raise _failed("it is silent")


def _failed(why: str) -> ModelFailed:
    return ModelFailed(f"{_PREFIX}{why}", "Build it again for this board: edge build VOICE")


if __name__ == "__main__":
    try:
        speak(Path(sys.argv[1]))
    except EdgeError as error:
        print(error.message.removeprefix(_PREFIX), error.remedy, sep="\n", file=sys.stderr)
        sys.exit(_TOLD)
