"""Try a bundle in a process of its own: it is loaded, and speaks a sentence.

What takes the process down (an instruction that this CPU lacks, no memory) takes down only it. The
bundle may be a stranger's, so the process has no terminal, no way to more rights, and limits.
"""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from edge import child
from edge.bundle import open_bundle
from edge.errors import EdgeError, ModelFailed
from edge.machine import read_machine
from edge.synth import Style, load_at_once

TEXT = "One, two, three."
TIMEOUT_S = 300
"""A Zero 2 W that reads its card for the first time."""
MIN_PEAK, MIN_S, MAX_S = 0.01, 0.1, 30.0
"""Bounds of a sentence of three words, with the gain of the voice."""
MAX_LOUDNESS = 0.5
"""Root mean square of the clipped sound, of 1 at full scale: speech has 0.05 to 0.2, and a voice
that is clipped to a square wave nearly 1."""
MEMORY_SHARE = 0.75
"""Share of the machine's memory that the child may fill: the system needs the rest."""
MAX_WRITTEN = 16 << 20
"""Bytes of a file that it may write: it has no reason to write any but logs."""
_NO_NEW_PRIVILEGES = 38
"""PR_SET_NO_NEW_PRIVS of linux/prctl.h."""
_PREFIX = "the bundle failed its self-test: "
_TOLD = 3  # exit status: the last two lines are what and what to do


def try_in_child(folder: Path) -> None:
    """Try a bundle in a child process. Raises ModelFailed, saying what went wrong."""
    try:
        done = subprocess.run(
            child.command("edge.synth.self_test", str(folder.resolve())),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,  # no terminal, into which it could type for whoever called
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
    bundle = open_bundle(folder, None)
    synthesizer = load_at_once(bundle)
    segments = synthesizer.plan(TEXT, Style())
    parts = [chunk.samples for segment in segments for chunk in synthesizer.speak(segment)]
    gain = np.float32(bundle.manifest.gain)
    sound = np.concatenate([np.zeros(0, np.float32), *parts]) * gain
    seconds = len(sound) / synthesizer.rate
    if not np.isfinite(sound).all():
        raise _failed("its sound has values that are no numbers")
    if not MIN_S <= seconds <= MAX_S:
        raise _failed(f"three words last {seconds:.2f} s; {MIN_S} to {MAX_S:.0f} expected")
    if np.abs(sound).max() < MIN_PEAK:
        raise _failed("it is silent")
    loudness = float(np.sqrt(np.mean(np.square(sound.clip(-1, 1), dtype=np.float64))))
    if loudness > MAX_LOUDNESS:
        raise _failed(
            f"it is as loud as no speech: {loudness:.2f} of full scale, with the gain "
            f"{gain:g}; at most {MAX_LOUDNESS:g} expected"
        )


def confine() -> None:
    """Take from this process what a sentence does not need: memory without end, core files, large
    files, new rights."""
    memory = read_machine().memory_mb
    if memory is not None:
        limit = int(memory * MEMORY_SHARE) << 20
        # Not RLIMIT_AS: CUDA reserves more addresses than any machine has memory.
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    cpu_s = TIMEOUT_S * (os.cpu_count() or 1)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_WRITTEN, MAX_WRITTEN))
    if ctypes.CDLL(None, use_errno=True).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def _failed(why: str) -> ModelFailed:
    return ModelFailed(f"{_PREFIX}{why}", "Build it again for this board: edge build VOICE")


if __name__ == "__main__":
    confine()
    try:
        speak(Path(sys.argv[1]))
    except EdgeError as error:
        print(error.message.removeprefix(_PREFIX), error.remedy, sep="\n", file=sys.stderr)
        sys.exit(_TOLD)
