"""Lets a CosyVoice3 voice speak on CUDA with one lever pulled, and measures what that costs.

Each row has a process of its own: what GPU memory it shows is its own peak, for onnxruntime gives
none back, and no row pays for what another one left behind.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from edge import synth
from edge.bundle import open_bundle
from edge.synth import Style
from edge.synth.cosyvoice3 import flow, sampling, vocoder
from edge.synth.cosyvoice3.prompt_state import key_of, make_state, write_state
from edge.synth.cosyvoice3.providers import CPU
from edge.synth.cosyvoice3.segments import SPEECH_PER_TEXT_TOKEN
from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer, SpokenSegment
from edge.synth.session import Session
from edge.synth.voice_print import find_print, state_file
from tools.gpu.cosyvoice3_parts import exactness, parts

SECONDS = (1.0, 8.4, 2.8, 5.0)
"""Sound of each sentence: so many tokens are drawn, for random weights end where chance has it."""
TEXT = "The train to Oxford leaves at nine, from platform four, and not a minute later."
"""Each sentence has as many of its text tokens as people would say in that time."""
TOKEN_RATE = 25
SPEAKER = "anna"


class Measured:
    """A voice on CUDA that says as many tokens as it is told to."""

    def __init__(self, folder: Path, variant: str) -> None:
        began = time.perf_counter()
        loaded = synth.load(open_bundle(folder / "bundle", None), variant)
        assert isinstance(loaded, CosyVoice3Synthesizer)
        if "CUDA" not in loaded.provider:
            raise RuntimeError(f"it speaks on {loaded.provider}")
        self.voice, self.load_s = loaded, time.perf_counter() - began
        self.clip_frames: set[int] = set()
        """Frames of the clip that sentences began with."""

    def speak(self, seconds: float, seed: int) -> tuple[float, float, float]:
        """First sound and all of it, ms; seconds of sound."""
        tokens = int(seconds * TOKEN_RATE)
        segment = self.voice.plan(TEXT, Style(seed=seed, speaker=SPEAKER))[0]
        assert isinstance(segment, SpokenSegment) and segment.voice is not None
        most = len(segment.voice.tokens) + tokens
        # What a state has room for is told by the text, so the text must fit the sound.
        segment = replace(segment, ids=segment.ids[: round(tokens / SPEECH_PER_TEXT_TOKEN)])
        draw, begin, runs = sampling.Sampler.draw, flow.Flow.begin, list[flow.FlowRun]()

        def drawn(self: Any, logits: Any, early: bool) -> int:
            logits = logits.copy()
            logits[self._codes :] = -30.0
            return draw(self, logits, early)

        def begun(*given: Any) -> flow.FlowRun:
            runs.append(begin(*given))
            state = runs[-1]._state
            self.clip_frames.add(state.frames if state is not None else 0)
            return runs[-1]

        longest = mock.patch.object(flow.Flow, "longest", property(lambda self: most))
        never_ends = mock.patch.object(sampling.Sampler, "draw", drawn)
        with longest, never_ends, mock.patch.object(flow.Flow, "begin", begun):
            started, first, samples = time.perf_counter(), 0.0, 0
            for chunk in self.voice.speak(segment):
                if len(chunk.samples):
                    first = first or time.perf_counter() - started
                    samples += len(chunk.samples)
            whole = time.perf_counter() - started
        if any(run.keeps_state != self.voice._flow.keeps for run in runs):
            raise RuntimeError(
                f"{seconds:g} s: the state was to be kept: {self.voice._flow.keeps}, and was not "
                f"so; the budget has room for {self.voice._flow.room} frames"
            )
        return 1000 * first, 1000 * whole, samples / self.voice.rate

    def row(self, name: str, rounds: int) -> dict[str, Any]:
        for seconds in SECONDS:
            self.speak(seconds, 0)
        first: dict[float, list[float]] = {s: [] for s in SECONDS}
        whole: dict[float, list[float]] = {s: [] for s in SECONDS}
        for seed in range(rounds):
            for seconds in SECONDS:
                one, every, spoken = self.speak(seconds, seed + 1)
                first[seconds].append(one)
                whole[seconds].append(every / 1000 / spoken)
        result: dict[str, Any] = {
            "row": name,
            "rounds": rounds,
            "first_ms": {s: round(sorted(v)[len(v) // 2], 1) for s, v in first.items()},
            "first_worst_ms": {s: round(max(v), 1) for s, v in first.items()},
            "rtf": {s: round(sorted(v)[len(v) // 2], 4) for s, v in whole.items()},
            "gpu_mb": gpu_mb(),
            "load_s": round(self.load_s, 1),
            "state_kept": self.voice._flow.keeps,
            "clip_frames_kept": max(self.clip_frames),
        }
        show = [
            f"{s:g} s: first {result['first_ms'][s]:6.1f} "
            f"(worst {result['first_worst_ms'][s]:6.1f}) ms, RTF {result['rtf'][s]:.3f}"
            for s in SECONDS
        ]
        how = f"loaded in {self.load_s:.1f} s; state kept: {self.voice._flow.keeps}"
        print(f"{name}: {how}; GPU {result['gpu_mb']} MB\n  " + "; ".join(show), flush=True)
        return result


def gpu_mb() -> int:
    asked = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    return int(subprocess.run(asked, capture_output=True, text=True).stdout.split()[0])


Load = Callable[[], Measured]


@contextmanager
def as_shipped(load: Load) -> Iterator[Measured]:
    yield load()


@contextmanager
def state_kept(load: Load) -> Iterator[Measured]:
    it = load()
    it.voice._flow.keeps = True
    yield it


@contextmanager
def state_anew(load: Load) -> Iterator[Measured]:
    it = load()
    it.voice._flow.keeps = False
    yield it


@contextmanager
def clip_kept(load: Load) -> Iterator[Measured]:
    """Keep the state, and begin with that of the clip, as `edge clone` keeps it."""
    it = load()
    run = it.voice._flow
    run.keeps = True
    path = find_print(SPEAKER)
    assert path is not None
    speaker = it.voice._print(SPEAKER)
    state = make_state(run, speaker)
    assert state is not None
    write_state(state_file(path), key_of(it.voice._bundle, run.made_by, speaker), state)
    del state
    try:
        yield it
    finally:
        state_file(path).unlink()


@contextmanager
def whole_sort(load: Load) -> Iterator[Measured]:
    def order(chances: np.ndarray, count: int) -> np.ndarray:
        return np.argsort(-chances, kind="stable")[:count]

    with mock.patch.object(sampling, "likeliest", order):
        yield load()


@contextmanager
def any_length(load: Load) -> Iterator[Measured]:
    with mock.patch.object(vocoder, "SIZES", ()):
        yield load()


@contextmanager
def through_arrays(load: Load) -> Iterator[Measured]:
    """Give the flow's steps numpy's arrays, and take x back after each."""
    it = load()
    it.voice._flow._recorded, it.voice._flow.keeps = None, False
    yield it


@contextmanager
def unrecorded(load: Load) -> Iterator[Measured]:
    real = Session.bind

    def bind(self: Session, inputs: Any, outputs: Any, recorded: bool = False) -> Any:
        return real(self, inputs, outputs, recorded=False)

    with mock.patch.object(Session, "bind", bind):
        yield load()


SHIPPED = "as shipped"
LEVERS: Mapping[str, tuple[Callable[[Load], AbstractContextManager[Measured]], int]] = {
    SHIPPED: (as_shipped, 5),
    "the flow's state made anew": (state_anew, 5),
    "the flow's state kept": (state_kept, 5),
    "the flow's state kept, the clip's with the print": (clip_kept, 5),
    "draws by a whole sort": (whole_sort, 5),
    "the flow's steps through arrays": (through_arrays, 2),
    "vocoder windows of any length": (any_length, 2),
    "no recorded graphs": (unrecorded, 2),
}
"""Levers by the name of their row, and its rounds."""


def measure(folder: Path, variant: str, name: str) -> list[dict[str, Any]]:
    """Make one row, in this process; with the row as shipped its parts, and how exact they are."""
    lever, rounds = LEVERS[name]
    with lever(lambda: Measured(folder, variant)) as it:
        rows = [it.row(f"{variant}, {name}", rounds)]
        if name == SHIPPED:
            for part in parts(it.voice):
                rows.append({"variant": variant, **part})
                least = f"{part['ms'][0]:8.2f} ms (worst {part['ms'][1]:.2f})"
                print(f"  {part['part']:40} {least}", flush=True)
            with mock.patch("edge.synth.cosyvoice3.providers.heavy", lambda _: CPU):
                exact = synth.load(open_bundle(folder / "bundle", None), variant)
            assert isinstance(exact, CosyVoice3Synthesizer)
            for part in exactness(it.voice, exact):
                rows.append({"variant": variant, **part})
                print(f"  {part['part']:44} {part['l2']:.1e}", flush=True)
    return rows


def measure_apart(folder: Path, variant: str, name: str) -> list[dict[str, Any]]:
    """Make one row in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (folder, variant, name))
