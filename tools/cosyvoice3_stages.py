"""CPU time and memory of each stage of a CosyVoice3 bundle, tiny or real:

python -m tools.cosyvoice3_stages BUNDLE [CLIP.wav TRANSCRIPT]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from edge import synth
from edge.bundle import Bundle, open_bundle
from edge.pcm import PcmChunk
from edge.synth import Style
from edge.synth.binding import Bound
from edge.synth.clip_file import read_clip
from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer
from edge.synth.session import Session
from edge.synth.voice_print import FORMAT, Label, checkpoint_of, save_print
from tests.synth.test_clip import voice as hum

TEXT = "The train to Oxford leaves at nine, from platform four."
T = TypeVar("T")


def resident_mb() -> float:
    """Read what is in memory now; the peak would hide what was let go of."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def measure(bundle: Bundle, clip: PcmChunk, transcript: str) -> None:
    spent: defaultdict[str, float] = defaultdict(float)
    runs: defaultdict[str, int] = defaultdict(int)
    held: defaultdict[str, float] = defaultdict(float)
    make, run, run_bound = Session.__init__, Session.run, Session.run_bound

    def made(self: Session, bundle: Bundle, graph: str, *rest: Any, **named: Any) -> None:
        before = resident_mb()
        make(self, bundle, graph, *rest, **named)
        held[graph] += resident_mb() - before

    def timed_bound(self: Session, bound: Bound) -> None:
        began = time.process_time()
        run_bound(self, bound)
        spent[self._graph] += time.process_time() - began
        runs[self._graph] += 1

    def timed(self: Session, inputs: Any) -> Any:
        began = time.process_time()
        outputs = run(self, inputs)
        spent[self._graph] += time.process_time() - began
        runs[self._graph] += 1
        return outputs

    def step(name: str, work: Callable[[], T]) -> T:
        began, before = time.process_time(), resident_mb()
        done = work()
        seconds, grown = time.process_time() - began, resident_mb() - before
        print(f"{name:28} {1000 * seconds:9.1f} ms {grown:+9.1f} MB  now {resident_mb():.0f} MB")
        return done

    folder = tempfile.TemporaryDirectory()
    environment = mock.patch.dict("os.environ", {"STATE_DIRECTORY": folder.name})
    making = mock.patch.object(Session, "__init__", made)
    running = mock.patch.object(Session, "run", timed)
    binding = mock.patch.object(Session, "run_bound", timed_bound)
    with folder, environment, making, running, binding:
        step("the interpreter and numpy", lambda: None)
        made_print = step("enrol", lambda: synth.enroll(bundle, clip, transcript))
        told = (bundle.voice.name, checkpoint_of(bundle), "en", "", "")
        path = save_print(made_print, Label(FORMAT, "anna", made_print.family, *told))
        print("  " + step("keep the state", lambda: synth.keep_state(bundle, path)))
        voice = step("load", lambda: synth.load(bundle))
        assert isinstance(voice, CosyVoice3Synthesizer)
        for streams in (False, True):
            voice.streams = streams
            style = Style(seed=1, speaker="anna")
            segments = step("plan", lambda: voice.plan(TEXT, style))  # noqa: B023
            name = "speak, streaming" if streams else "speak, one run"
            sound = step(name, lambda: [c for s in segments for c in voice.speak(s)])  # noqa: B023
            seconds = sum(chunk.seconds for chunk in sound)
            print(f"  {seconds:.2f} s of sound, {len(sound)} places to stop at")
    for graph in spent:
        each = 1000 * spent[graph] / runs[graph]
        print(f"{graph:28} {runs[graph]:5} x {each:8.2f} ms {held[graph]:+9.1f} MB loaded")


if __name__ == "__main__":
    opened = open_bundle(Path(sys.argv[1]), None)
    if len(sys.argv) > 3:
        measure(opened, read_clip(Path(sys.argv[2])), sys.argv[3])
    else:
        measure(opened, PcmChunk(hum(3.0), 24_000), "Hello there.")
