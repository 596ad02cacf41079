"""Times each part of a CosyVoice3 voice on CUDA by itself, and tells how exact its runs are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edge.synth.cosyvoice3 import flow, flow_steps, sampling
from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer


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
