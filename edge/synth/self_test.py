"""Try a bundle in a process of its own: it is loaded, and speaks a sentence.

What takes the process down (an instruction that this CPU lacks, no memory) takes down only it. The
bundle may be a stranger's, so the process has no terminal, no way to more rights, and limits.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge import child, records
from edge.bundle import Bundle, open_bundle
from edge.errors import EdgeError, ModelFailed
from edge.machine import read_machine
from edge.synth import load_at_once, trial_style

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
"""Bytes of a file that it may write on a CPU, where it has no reason to write any but logs."""
ENGINE_BYTES = 64 << 20
"""Bytes of what TensorRT writes beside the weights of a graph: code, and timings. The whole engine
of a Piper decoder has 38 MB."""
WIDENED = 4
"""TensorRT may keep as float32 what a graph has as int8."""
SLOWER = 2
"""Times what the profile expects of a compiler: users report 9.5 minutes where 5 are expected."""
_NO_NEW_PRIVILEGES = 38
"""PR_SET_NO_NEW_PRIVS of linux/prctl.h."""
_PREFIX = "the bundle failed its self-test: "
_TOLD = 3  # exit status: the last two lines are what and what to do
_LAST = 4096  # bytes that are read of what it said


@dataclass(frozen=True)
class Limits:
    """Bounds of the process of a self-test."""

    memory: int
    """Bytes."""
    file: int
    """Bytes of each file that it writes."""
    seconds: int
    """Seconds until it must be over, s."""
    cpu_s: int
    """CPU time of all its threads together, s."""


def limits_of(bundle: Bundle) -> Limits:
    """Say what a bundle's self-test may take here: a profile with a GPU lets it compile."""
    stages = bundle.profile.runtime.providers
    gpus = [p for p in (*stages.encoder, *stages.decoder) if p.name != "CPUExecutionProvider"]
    memory = read_machine().memory_mb  # None where Linux does not say
    seconds = TIMEOUT_S + SLOWER * max((provider.build_s for provider in gpus), default=0)
    return Limits(
        memory=int(MEMORY_SHARE * (memory or sys.maxsize >> 20)) << 20,
        file=ENGINE_BYTES + WIDENED * bundle.bytes if gpus else MAX_WRITTEN,
        seconds=seconds,
        cpu_s=seconds * (os.cpu_count() or 1),
    )


def try_in_child(folder: Path, limits: Limits | None = None) -> None:
    """Try a bundle in a child process. Raises ModelFailed, saying what went wrong, and what
    open_bundle does."""
    limits = limits or limits_of(open_bundle(folder, None))
    command = child.command(
        "edge.synth.self_test", str(folder.resolve()), records.dump_json(limits)
    )
    with tempfile.TemporaryFile() as said:  # no pipe: nobody need read what a stranger says
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            cwd="/",
            start_new_session=True,  # no terminal, into which it could type for whoever called
        )
        try:
            status = process.wait(limits.seconds)
        except subprocess.TimeoutExpired:
            raise _failed(f"it has not spoken within {limits.seconds} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it started ends with it
            process.wait()
        size = said.seek(0, os.SEEK_END)
        said.seek(max(0, size - _LAST))
        lines = said.read().decode(errors="replace").strip().splitlines()
    if size >= limits.file:
        raise _failed(f"it said more than {limits.file:,} bytes")
    if status == _TOLD and len(lines) > 1:
        raise ModelFailed(f"{_PREFIX}{lines[-2]}", lines[-1])
    if status:
        raise _failed(_ending(status, limits) or (lines or [f"it ended with {status}"])[-1])


def _ending(status: int, limits: Limits) -> str:
    """Say what a signal tells of the end of the process; empty if it ended by itself."""
    if status == -signal.SIGXCPU:
        return f"it took more than {limits.cpu_s} s of CPU time"
    return f"it was ended by {signal.Signals(-status).name}" if status < 0 else ""


def speak(folder: Path) -> None:
    """Speak, and raise ModelFailed unless the sound can be one of speech."""
    bundle = open_bundle(folder, None)
    synthesizer = load_at_once(bundle)
    segments = synthesizer.plan(TEXT, trial_style(bundle))
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


def confine(limits: Limits) -> None:
    """Take from this process what a sentence does not need: memory without end, core files, large
    files, new rights."""
    # Not RLIMIT_AS: CUDA reserves more addresses than any machine has memory.
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))
    # SIGXCPU says why; a second later SIGKILL ends who does not listen.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file, limits.file))
    if ctypes.CDLL(None, use_errno=True).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def _try(folder: Path, limits: Limits) -> None:
    """Speak within the limits. Raises EdgeError."""
    confine(limits)
    try:
        speak(folder)
    except MemoryError:
        raise _failed(f"it asked for more than {limits.memory >> 20:,} MB of memory") from None
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        raise _failed(f"it wrote a file of more than {limits.file:,} bytes") from None


def _failed(why: str) -> ModelFailed:
    return ModelFailed(f"{_PREFIX}{why}", "Build it again for this board: edge build VOICE")


if __name__ == "__main__":
    try:
        _try(Path(sys.argv[1]), records.parse_json(sys.argv[2], Limits, "limits"))
    except EdgeError as error:
        print(error.message.removeprefix(_PREFIX), error.remedy, sep="\n", file=sys.stderr)
        sys.exit(_TOLD)
