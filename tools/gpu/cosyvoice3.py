"""Measures a CosyVoice3 voice at the released sizes, with random weights, on CUDA.

    python -m tools.gpu.cosyvoice3 build FOLDER [--unproved]
    python -m tools.gpu.cosyvoice3 measure FOLDER [--out FOLDER] [--variant NAME]

`build` makes the checkpoint (3.4 GB) and the bundle FOLDER/bundle; it needs torch, onnxscript,
onnx and onnxconverter-common and 12 GB of memory, and nothing is fetched. `measure` needs
onnxruntime-gpu with its CUDA provider, soxr and tokenizers. It speaks through the product's own
synthesizer, sentences of alternating lengths, and prints first sound and real-time factor,
medians and worst of ROUNDS: as
shipped, then with one lever after the other taken back; then the time of each part.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from edge import synth
from edge.bundle import Bundle, open_bundle
from edge.pcm import PcmChunk
from edge.profile import profiles_dir
from edge.synth import Style
from edge.synth.cosyvoice3 import flow, flow_steps, sampling, vocoder
from edge.synth.cosyvoice3.providers import CPU
from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer, SpokenSegment
from edge.synth.session import Session, versions
from edge.synth.voice_print import FORMAT, Label, checkpoint_of, save_print
from tests.synth.test_clip import voice as hum

ROUNDS = 5
SECONDS = (1.0, 8.4, 2.8, 5.0)
"""Sound of each sentence: so many tokens are drawn, for random weights end where chance has it."""
TEXT = "The train to Oxford leaves at nine, from platform four, and not a minute later."
TOKEN_RATE = 25
VARIANTS = """\
variants:
  - {name: fp16, encoder: fp32, decoder: fp32, stages: {llm: fp16, flow_step: fp16}}
  - {name: int4, encoder: fp32, decoder: fp32, stages: {llm: int4-fp16, flow_step: fp16}}
"""


def build(folder: Path, proved: bool) -> None:
    from edge.bundler.evaluate import stage_gate
    from edge.bundler.export.cosyvoice3 import parity
    from edge.bundler.pipeline import Wish, build_bundle
    from tests.helpers.tiny_cosyvoice3 import write_checkpoint

    began = time.monotonic()

    def told(stage: str, done: int, total: int) -> None:
        if done == 0:
            print(f"{time.monotonic() - began:6.1f} s {stage}", flush=True)

    checkpoint = folder / "checkpoint"
    if not checkpoint.exists():
        write_checkpoint(checkpoint, released=True)
    head, _, rest = (profiles_dir() / "jetson-agx-orin.yaml").read_text().partition("variants:\n")
    profile = folder / "jetson-agx-orin.yaml"
    profile.write_text(head + VARIANTS + rest[rest.index("\nestimates:") :])
    wish = Wish("cosyvoice3-0.5b", str(profile), checkpoint=checkpoint)
    with contextlib.ExitStack() as stack:
        if not proved:
            stack.enter_context(mock.patch.object(parity, "prove", lambda *_: []))
            stack.enter_context(mock.patch.object(stage_gate, "measure_stages", lambda *_: []))
        bundle = build_bundle(wish, folder / "bundle", folder / "cache", told)
    told("packed", 0, 0)
    if proved:
        print((bundle.path / "stages.json").read_text())
    for file in sorted(bundle.path.iterdir()):
        print(f"{file.name:40} {file.stat().st_size:14,}")


class Measured:
    """A voice on CUDA that says as many tokens as it is told to."""

    def __init__(self, bundle: Bundle, variant: str) -> None:
        began = time.perf_counter()
        loaded = synth.load(bundle, variant)
        assert isinstance(loaded, CosyVoice3Synthesizer)
        if "CUDA" not in loaded.provider:
            raise SystemExit(f"it speaks on {loaded.provider}")
        self.voice, self.load_s = loaded, time.perf_counter() - began

    def speak(self, seconds: float, seed: int) -> tuple[float, float, float, np.ndarray]:
        """First sound and all of it, ms; seconds of sound; the sound."""
        tokens = int(seconds * TOKEN_RATE)
        segment = self.voice.plan(TEXT, Style(seed=seed, speaker="anna"))[0]
        assert isinstance(segment, SpokenSegment) and segment.voice is not None
        real = sampling.Sampler.draw

        def draw(self: Any, logits: Any, early: bool) -> int:
            logits = logits.copy()
            logits[self._codes :] = -30.0
            return real(self, logits, early)

        most = len(segment.voice.tokens) + tokens
        longest = mock.patch.object(flow.Flow, "longest", property(lambda self: most))
        with longest, mock.patch.object(sampling.Sampler, "draw", draw):
            began, first, parts = time.perf_counter(), 0.0, []
            for chunk in self.voice.speak(segment):
                if len(chunk.samples):
                    first = first or time.perf_counter() - began
                    parts.append(chunk.samples)
            whole = time.perf_counter() - began
        sound = np.concatenate(parts)
        return 1000 * first, 1000 * whole, len(sound) / self.voice.rate, sound

    def row(self, name: str, rounds: int = ROUNDS) -> dict[str, Any]:
        for seconds in SECONDS:
            self.speak(seconds, 0)
        first: dict[float, list[float]] = {s: [] for s in SECONDS}
        whole: dict[float, list[float]] = {s: [] for s in SECONDS}
        for seed in range(rounds):
            for seconds in SECONDS:
                one, every, spoken, _ = self.speak(seconds, seed + 1)
                first[seconds].append(one)
                whole[seconds].append(every / 1000 / spoken)
        result: dict[str, Any] = {
            "row": name,
            "first_ms": {s: sorted(v)[len(v) // 2] for s, v in first.items()},
            "first_worst_ms": {s: max(v) for s, v in first.items()},
            "rtf": {s: sorted(v)[len(v) // 2] for s, v in whole.items()},
            "gpu_mb": gpu_mb(),
            "keeps": self.voice._flow.keeps,
        }
        show = [
            f"{s:g} s: first {result['first_ms'][s]:6.1f} "
            f"(worst {result['first_worst_ms'][s]:6.1f}) ms, RTF {result['rtf'][s]:.3f}"
            for s in SECONDS
        ]
        print(f"{name:34} GPU {result['gpu_mb']} MB; " + "; ".join(show), flush=True)
        return result


def gpu_mb() -> int:
    asked = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    return int(subprocess.run(asked, capture_output=True, text=True).stdout.split()[0])


def timed(work: Callable[[], object], tries: int = 15) -> tuple[float, float]:
    """Median and worst, ms."""
    times = []
    for _ in range(tries + 2):
        began = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - began))
    warm = sorted(times[2:])
    return warm[len(warm) // 2], warm[-1]


def parts(voice: CosyVoice3Synthesizer) -> Iterator[dict[str, Any]]:
    """Time each part by itself."""
    model, run = voice._model._memory(), voice._flow
    random = np.random.default_rng(0)
    rows = random.standard_normal((128, voice._settings.hidden)).astype(np.float32)
    yield {"part": "llm, prompt of 128 rows", "ms": timed(lambda: model.read(rows))}
    for seen in (128, 300, 550):
        name = f"llm, a token after {seen}"
        yield {"part": name, "ms": timed(lambda: model.go_on(rows[0], seen + 1))}  # noqa: B023
    logits = model.go_on(rows[0], 600)[0]
    one = sampling.Sampler(voice._settings.sampling, voice._settings.codes, (0, 0))
    yield {"part": "a draw", "ms": timed(lambda: one.draw(logits, False))}
    mels = voice._settings.flow.mels
    assert run._recorded is not None
    for size in flow_steps.SIZES[:7]:
        begun = run._recorded.run(*flow_steps._zeros(mels, 0, size))
        yield {"part": f"flow, a step of {size} frames anew", "ms": timed(lambda: begun.step(1))}  # noqa: B023
    for before, count in ((0, 200), (150, 50), (300, 50), (600, 50)):
        state = flow_steps.DeviceState(run._step, run.layout, before + count, 1)
        state.frames = before
        given = flow_steps._zeros(mels, before, count)
        kept = flow_steps.DeviceRun(run._step, *given, state, run.grid)
        name = f"flow, a step of {count} after {before} kept"
        yield {"part": name, "ms": timed(lambda: kept.step(0))}  # noqa: B023
    for frames in (47, 79):
        mel = random.standard_normal((mels, frames)).astype(np.float32) - 5
        source = 0.1 * random.standard_normal(480 * frames).astype(np.float32)
        yield {
            "part": f"vocoder, {frames} frames",
            "ms": timed(lambda: voice._vocoder.sound(mel, source)),  # noqa: B023
        }
        yield {"part": f"f0, {frames} frames", "ms": timed(lambda: voice._vocoder.pitch(mel))}  # noqa: B023


def exactness(
    voice: CosyVoice3Synthesizer, exact: CosyVoice3Synthesizer
) -> Iterator[dict[str, Any]]:
    """How far the GPU's runs, recorded ones too, are from the same graphs on the CPU (relative
    L2)."""
    random = np.random.default_rng(1)
    rows = 0.05 * random.standard_normal((133, voice._settings.hidden)).astype(np.float32)
    found = []
    for each in (voice, exact):
        with each._model.memory() as memory:
            logits = [memory.read(rows[:128]).copy()]
            logits += [memory.go_on(rows[i], i + 1).copy() for i in range(128, 133)]
        found.append(np.stack(logits))
    yield {"part": "llm, prompt and five tokens, GPU from CPU", "l2": relative(found[1], found[0])}
    speaker = voice._nobody
    tokens = [int(t) for t in random.integers(0, 6561, 50)]
    mels = []
    for each in (voice, exact):
        run = flow.FlowRun(each._flow, speaker, True, None)
        steps = run.push(tokens, final=True)
        while True:
            try:
                next(steps)
            except StopIteration as done:
                mels.append(done.value)
                break
    yield {"part": "flow, 100 frames, ten steps, GPU from CPU", "l2": relative(mels[1], mels[0])}
    mel = mels[1][:, :47]
    source = 0.1 * random.standard_normal(480 * 47).astype(np.float32)
    wavs = [each._vocoder.sound(mel, source) for each in (voice, exact)]
    yield {"part": "vocoder, 47 frames, GPU from CPU", "l2": relative(wavs[1], wavs[0])}


def relative(wanted: np.ndarray, got: np.ndarray) -> float:
    return float(np.linalg.norm(got - wanted) / np.linalg.norm(wanted))


def whole_order(chances: np.ndarray, count: int) -> np.ndarray:
    return np.argsort(-chances, kind="stable")[:count]


def unrecorded(real: Callable[..., Any]) -> Callable[..., Any]:
    def bind(self: Session, inputs: Any, outputs: Any, recorded: bool = False) -> Any:
        return real(self, inputs, outputs, recorded=False)

    return bind


def measure(folder: Path, variant: str) -> list[dict[str, Any]]:
    bundle = open_bundle(folder / "bundle", None)
    print(versions(), f"GPU before: {gpu_mb()} MB", flush=True)
    os.environ["STATE_DIRECTORY"] = str(folder / "state")
    print_ = synth.enroll(bundle, PcmChunk(hum(3.0), 24_000), "Hello there, this is what I say.")
    told = (bundle.voice.name, checkpoint_of(bundle), "en", "", "")
    save_print(print_, Label(FORMAT, "anna", print_.family, *told))
    rows: list[dict[str, Any]] = []
    for name in (variant, *(v.name for v in bundle.manifest.variants if v.name != variant)):
        it = Measured(bundle, name)
        print(f"{name}: loaded in {it.load_s:.1f} s, keeps {it.voice._flow.keeps}", flush=True)
        rows.append(it.row(f"{name}, as shipped"))
        for part in parts(it.voice):
            print(
                f"  {part['part']:40} {part['ms'][0]:8.2f} ms (worst {part['ms'][1]:.2f})",
                flush=True,
            )
            rows.append({"variant": name, **part})
        if name != variant:
            del it
            gc.collect()
            continue
        it.voice._flow.keeps = not it.voice._flow.keeps
        kept = "kept" if it.voice._flow.keeps else "made anew"
        rows.append(it.row(f"{name}, the flow's state {kept}"))
        it.voice._flow.keeps = not it.voice._flow.keeps
        with mock.patch.object(sampling, "likeliest", whole_order):
            rows.append(it.row(f"{name}, draws by a whole sort"))
        with mock.patch("edge.synth.cosyvoice3.providers.heavy", lambda _: CPU):
            exact = synth.load(bundle, name)
        assert isinstance(exact, CosyVoice3Synthesizer)
        for part in exactness(it.voice, exact):
            print(f"  {part['part']:44} {part['l2']:.1e}", flush=True)
            rows.append({"variant": name, **part})
        del exact, it
        gc.collect()
        plain = mock.patch.object(Session, "bind", unrecorded(Session.bind))
        windows = mock.patch.object(vocoder, "SIZES", ())
        with plain:
            it = Measured(bundle, name)
            rows.append(it.row(f"{name}, no recorded graphs", 2))
            del it
            gc.collect()
        with windows:
            it = Measured(bundle, name)
            rows.append(it.row(f"{name}, vocoder windows of any length", 2))
            del it
            gc.collect()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=("build", "measure"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--unproved", action="store_true")
    parser.add_argument("--variant", default="int4")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.work == "build":
        build(given.folder, not given.unproved)
        return
    rows = measure(given.folder, given.variant)
    if given.out:
        (given.out / "cosyvoice3.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
