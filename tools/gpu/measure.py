"""Measure a Jetson bundle on this machine's NVIDIA GPU beside its CPU, and print the table.

    python -m tools.gpu.measure BUNDLE [--out FOLDER]

BUNDLE is what `edge build en_US-joe-medium --profile jetson-orin-nano` made; it holds the variants
fp32 and fp16-gpu-fp32. Needs onnxruntime-gpu with its CUDA provider, and piper-tts. Each row runs
in a process of its own; the sentences alternate in length, and each row's sound is compared with
the first's. With --out, table.json is written there.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from edge import synth
from edge.bench.tune import TEXTS
from edge.bundle import Bundle, open_bundle
from edge.bundler.metrics import log_mel_distance_db, snr_db
from edge.profile import Provider, Stages
from edge.synth import Segment, Style
from edge.synth.gpu.windows import SIZES
from edge.synth.piper.synthesizer import PiperSynthesizer
from edge.synth.session import available_providers, versions

REPEATS = 7
ROWS = {
    "CPU, 4 threads, streaming fp32": "cpu",
    "CUDA windows fp16 (as shipped)": "windows",
}


def with_decoder(bundle: Bundle, *chain: Provider) -> Bundle:
    runtime = bundle.profile.runtime
    stages = Stages(runtime.providers.encoder, chain)
    changed = dataclasses.replace(runtime, providers=stages)
    return dataclasses.replace(
        bundle, profile=dataclasses.replace(bundle.profile, runtime=changed)
    )


def load(bundle: Bundle, row: str) -> PiperSynthesizer:
    """The row's synthesizer; the encoder is float32 on the CPU in each, so the sound agrees."""
    if row == "cpu":
        cpu = Provider("CPUExecutionProvider")
        return PiperSynthesizer(with_decoder(bundle, cpu), bundle.variant("fp32"))
    cuda = dataclasses.replace(_cuda(bundle), require=True)
    return PiperSynthesizer(with_decoder(bundle, cuda), bundle.variant("fp16-gpu-fp32"))


def _cuda(bundle: Bundle) -> Provider:
    chain = bundle.profile.runtime.providers.decoder
    return next(provider for provider in chain if provider.name == "CUDAExecutionProvider")


def measure_row(bundle: Bundle, row: str, sound: Path) -> dict[str, Any]:
    before = _gpu_used_mb()
    began = time.perf_counter()
    voice = load(bundle, row)
    loaded_s = time.perf_counter() - began
    planned = [voice.plan(text, Style()) for text in TEXTS]
    speak = speaker(voice)
    first_ever: list[float] = []
    for segments in planned:
        first_ever.append(_time(speak, segments)[0])
    repeated = [min(_time(speak, s)[0] for _ in range(REPEATS)) for s in planned]
    rounds = [[_time(speak, s) for s in planned] for _ in range(REPEATS)]
    middle = [sorted(r[i][0] for r in rounds)[REPEATS // 2] for i in range(len(planned))]
    worst = [max(r[i][0] for r in rounds) for i in range(len(planned))]
    first = [sorted(r[i][1] for r in rounds)[REPEATS // 2] for i in range(len(planned))]
    samples = [np.concatenate(list(speak(s))) for s in planned]
    seconds = [len(one) / voice.rate for one in samples]
    np.savez(sound, *samples)
    return {
        "load_s": loaded_s,
        "first_ever_ms": [1000 * x for x in first_ever],
        "repeated_ms": [1000 * x for x in repeated],
        "alternating_ms": [1000 * x for x in middle],
        "alternating_worst_ms": [1000 * x for x in worst],
        "first_audio_ms": [1000 * x for x in first],
        "seconds": seconds,
        "rtf": sum(middle) / sum(seconds),
        "peak_rss_mb": _peak_rss_mb(),
        "gpu_mb": _gpu_used_mb() - before,
    }


Speak = Callable[[list[Segment]], Iterator[Any]]


def speaker(voice: PiperSynthesizer) -> Speak:
    def speak(segments: list[Segment]) -> Iterator[Any]:
        chunks = (chunk for segment in segments for chunk in voice.speak(segment))
        return (chunk.samples for chunk in chunks if len(chunk.samples))

    return speak


def _time(speak: Speak, segments: list[Segment]) -> tuple[float, float]:
    began, first = time.perf_counter(), 0.0
    for _ in speak(segments):
        first = first or time.perf_counter() - began
    return time.perf_counter() - began, first


def _gpu_used_mb() -> int:
    """Read the memory in use on the whole GPU, MB; nothing else is to run on it."""
    command = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _peak_rss_mb() -> int:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) >> 10


def _cold_start(bundle: Bundle) -> dict[str, Any]:
    """Measure a beginning like the daemon's: the CPU speaks while CUDA gets ready."""
    began = time.perf_counter()
    cpu = Provider("CPUExecutionProvider")
    voice = synth.load(with_decoder(bundle, _cuda(bundle), cpu), "fp16-gpu-fp32", background=True)
    said: list[tuple[float, str]] = []
    first = 0.0
    while not said or "(" in said[-1][1]:
        for segment in voice.plan(TEXTS[0], Style()):
            for _ in voice.speak(segment):
                first = first or time.perf_counter() - began
        said.append((round(time.perf_counter() - began, 2), voice.provider))
        if len(said) > 2000:
            break
    return {
        "first_audio_s": first,
        "sentences_on_the_cpu": len(said) - 1,
        "changed_over_after_s": said[-1][0],
        "then": said[-1][1],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    parser.add_argument("--sound", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    bundle = open_bundle(given.bundle, None)
    if given.row == "cold":
        print(json.dumps(_cold_start(bundle)))
        return
    if given.row:
        print(json.dumps(measure_row(bundle, given.row, given.sound)))
        return
    print(f"{versions()} {available_providers()} windows {SIZES}, {os.cpu_count()} cores")
    table: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        for title, row in ROWS.items():
            sound = Path(folder) / f"{row}.npz"
            command = [sys.executable, "-m", "tools.gpu.measure", str(given.bundle), "--row", row]
            command += ["--sound", str(sound)]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=150)
            except subprocess.TimeoutExpired as error:
                print(f"{title}: {error}", flush=True)
                continue
            if done.returncode:
                print(f"{title}: failed\n{done.stderr[-1500:]}", flush=True)
                continue
            found = json.loads(done.stdout.splitlines()[-1])
            reference = Path(folder) / "cpu.npz"
            found["agrees"] = _agreement(reference, sound) if reference.exists() else None
            table[title] = found
            _print(title, found)
    cold = [sys.executable, "-m", "tools.gpu.measure", str(given.bundle), "--row", "cold"]
    done = subprocess.run(cold, capture_output=True, text=True, timeout=150)
    print("cold start:", done.stdout.splitlines()[-1] if done.stdout else done.stderr[-1500:])
    if given.out:
        table["cold start"] = done.stdout
        (given.out / "table.json").write_text(json.dumps(table, indent=1))


def _agreement(reference: Path, sound: Path) -> list[list[float]]:
    one, other = np.load(reference), np.load(sound)
    found = []
    for name in one.files:
        a, b = one[name], other[name]
        found.append([snr_db(a, b), log_mel_distance_db(a, b, 22_050)])
    return found


def _print(title: str, found: dict[str, Any]) -> None:
    def three(name: str) -> str:
        return " / ".join(f"{value:.1f}" for value in found[name])

    print(f"{title}: load {found['load_s']:.1f} s; first ever {three('first_ever_ms')} ms")
    print(f"   repeated {three('repeated_ms')} ms; alternating {three('alternating_ms')} ms")
    print(f"   worst {three('alternating_worst_ms')} ms; first audio {three('first_audio_ms')} ms")
    print(
        f"   RTF {found['rtf']:.4f}; RSS {found['peak_rss_mb']} MB; GPU {found['gpu_mb']} MB; "
        f"SNR, log-mel dB {[[round(v, 2) for v in pair] for pair in found['agrees'] or []]}; "
        f"{three('seconds')} s of sound",
        flush=True,
    )


if __name__ == "__main__":
    main()
