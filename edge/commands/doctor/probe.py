"""Questions that `edge doctor` asks in a process of its own, since the answer may be its end.

    python -m edge.commands.doctor.probe NAME [ARGUMENT]

A wheel may hold instructions that this CPU lacks, a sound server may hang. A probe is a function
of texts; `ask()` calls it in a child, which prints what it returns as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from edge import child
from edge.errors import EdgeError

T = TypeVar("T")

TIMEOUT_S = 60
PREPARE_S = 20
"""How long a GPU is waited for: its libraries take seconds, a TensorRT engine takes minutes."""
_TOLD = 3  # exit status of a child whose last two lines are an EdgeError's message and remedy


class ProbeDied(EdgeError):
    """A child ended without an answer; `status` is negative if a signal killed it."""

    def __init__(self, status: int, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.status = status


def ask(probe: Callable[..., T], *arguments: str, died: str = "edge doctor --verbose") -> T:
    """Call a probe of this module in a process of its own; a tuple comes back as a list.

    Raises EdgeError with the message and remedy of the one that the probe raised, and ProbeDied
    with the remedy `died`.
    """
    command = child.command(__name__, probe.__name__, *arguments)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise ProbeDied(1, f"no answer within {TIMEOUT_S} s", died) from None
    words = done.stderr.strip().splitlines()
    if done.returncode == _TOLD:
        raise EdgeError(words[-2], words[-1])
    if done.returncode:
        said = words[-1] if words else f"exit status {done.returncode}"
        raise ProbeDied(done.returncode, said, died)
    answer: T = json.loads(done.stdout.splitlines()[-1])
    return answer


def onnxruntime() -> tuple[str, Sequence[str]]:
    """Return its version, and the providers that it offers."""
    import onnxruntime

    return onnxruntime.__version__, onnxruntime.get_available_providers()


def kernels() -> tuple[str, Sequence[str]]:
    """Return why our operators cannot run, or nothing, and the instruction sets they use."""
    from edge import kernels
    from edge.synth.variants import no_kernels

    library = kernels.library_path()
    why = no_kernels()
    return why, () if why or library is None else kernels.paths(library)


def speed() -> None:
    from edge.synth.time_stretch import check_speed
    from edge.text import MAX_SPEED

    check_speed(MAX_SPEED)


def sound() -> Sequence[str]:
    """Return the names of the sound devices."""
    from edge.sound.devices import list_devices

    return [d.name + (" (default)" if d.default else "") for d in list_devices()]


def tone() -> str:
    """Play a second of 440 Hz; return the name of the device."""
    import numpy as np

    from edge.config import load_config
    from edge.sound.portaudio import PortAudioSink
    from edge.sound.settings import Output

    device = load_config().config.audio.device
    sink = PortAudioSink(Output(None if device == "default" else device, wake_ms=0), 22050)
    t = np.arange(22050, dtype=np.float32) / 22050
    envelope = np.minimum(1, 20 * np.minimum(t, 1 - t))
    sink.write((0.1 * np.sin(2 * np.pi * 440 * t) * envelope).astype(np.float32))
    sink.finish()
    sink.close()
    return sink.name


def modules(*names: str) -> None:
    """Import everything that a family needs."""
    for name in names:
        importlib.import_module(name)


def provider(folder: str) -> tuple[str, str]:
    """Load a bundle; return the provider that it runs on, and the one its profile prefers."""
    from edge import synth
    from edge.bundle import open_bundle

    bundle = open_bundle(Path(folder), None)
    voice = synth.load(bundle, background=True)
    getattr(voice, "wait", lambda seconds: None)(PREPARE_S)
    voice.plan("a", synth.trial_style(bundle))  # changes over, if there is something to change to
    return voice.provider, bundle.profile.runtime.providers.decoder[0].name


PROBES = (onnxruntime, kernels, speed, sound, tone, modules, provider)


def answer(name: str, *arguments: str) -> int:
    """Print what a probe returns, or what an EdgeError tells; return the exit status."""
    probes: dict[str, Callable[..., object]] = {probe.__name__: probe for probe in PROBES}
    try:
        print(json.dumps(probes[name](*arguments)), flush=True)
    except EdgeError as error:
        print(error.message, error.remedy, sep="\n", file=sys.stderr, flush=True)
        return _TOLD
    return 0


if __name__ == "__main__":
    os._exit(answer(*sys.argv[1:]))  # an engine may be half built: nobody is to wait for it
