"""Speak with one side of tools/pocket_speed.py, and print its times as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

TEXT = "The next train to Oxford leaves from platform two in about ten minutes."
RATE, CLIP_S, REPEATS = 24_000, 10, 2
Speak = Callable[[int], Iterator[int]]
"""A seed to the samples of each chunk."""


def clip() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    at = np.arange(CLIP_S * RATE) / RATE
    buzz = sum(np.sin(2 * np.pi * 120 * k * at) / k for k in range(1, 20))
    return (0.2 * buzz * (np.sin(2 * np.pi * 2 * at) > -0.5)).astype(np.float32)


def ours(place: Path, variant: str) -> tuple[float, Speak]:
    from edge import synth
    from edge.bundle import open_bundle
    from edge.pcm import PcmChunk
    from edge.synth import Style
    from edge.synth.pocket.synthesizer import PocketSynthesizer
    from edge.synth.voice_print import FORMAT, Label, checkpoint_of, save_print

    bundle = open_bundle(place, None)
    began = time.process_time()
    made = synth.enroll(bundle, PcmChunk(clip(), RATE), None)
    enrolled = time.process_time() - began
    told = (bundle.voice.name, checkpoint_of(bundle), "en", "2026-01-01", "made up")
    save_print(made, Label(FORMAT, "anna", made.family, *told))
    voice = synth.load(bundle, variant)

    def speak(seed: int) -> Iterator[int]:
        if isinstance(voice, PocketSynthesizer):
            voice.pace.seconds = 0.0  # whatever else runs here must not make it hold sound back
        for segment in voice.plan(TEXT, Style(speaker="anna", seed=seed)):
            yield from (len(chunk.samples) for chunk in voice.speak(segment))

    return enrolled, speak


def official(place: Path) -> tuple[float, Speak]:
    import tempfile

    import torch
    import yaml
    from pocket_tts.models.tts_model import TTSModel

    torch.set_num_threads(1)
    config = yaml.safe_load((place / "config.yaml").read_text())
    table = config["flow_lm"]["lookup_table"]
    table["tokenizer_path"] = str((place / table["tokenizer_path"]).resolve())
    config["weights_path"] = str((place / "model.safetensors").resolve())
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(config, file)
        file.flush()
        model = TTSModel.load_model(config=file.name)
    began = time.process_time()
    state = model.get_state_for_audio_prompt(torch.from_numpy(clip())[None])
    enrolled = time.process_time() - began

    def speak(seed: int) -> Iterator[int]:
        torch.manual_seed(seed)
        for chunk in model.generate_audio_stream(state, TEXT):
            yield len(chunk)

    return enrolled, speak


def main() -> None:
    side, place, *variant = sys.argv[1:]
    path = Path(place)
    enrolled, speak = official(path) if side == "official" else ours(path, variant[0])
    list(speak(0))  # warms up, and keeps the voice
    rtf, firsts = [], []
    for seed in range(1, 1 + REPEATS):
        began, first, samples = time.process_time(), 0.0, 0
        for count in speak(seed):
            samples += count
            first = first or (time.process_time() - began if count else 0.0)
        rtf.append((time.process_time() - began) / (samples / RATE))
        firsts.append(first)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rtf": min(rtf), "first": min(firsts), "enrol": enrolled, "peak": peak}))


if __name__ == "__main__":
    main()
