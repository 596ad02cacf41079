"""On the emulated board, under count.c: what a voice of Pocket TTS does before its first frame and
for a second of sound: `python -m tests.system.arm64.pocket_counted BUNDLE VARIANT`."""

from __future__ import annotations

import dataclasses
import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge import kernels, synth
from edge.bundle import open_bundle
from edge.pcm import PcmChunk
from edge.synth.pocket.segments import SpokenSegment
from edge.synth.pocket.speaker import Speaker
from edge.synth.pocket.synthesizer import PocketSynthesizer
from tests.system.arm64.counted import counted

TEXT = "The next train to Oxford leaves from platform two in about ten minutes."
VOICE_FRAMES = 63  # of a clip of 5 s
RUNS = 3  # of four frames: 0.96 s


def main() -> None:
    bundle = open_bundle(Path(sys.argv[1]), machine=None)
    runtime = dataclasses.replace(bundle.profile.runtime, threads=1)
    profile = dataclasses.replace(bundle.profile, runtime=runtime)
    voice = synth.load(dataclasses.replace(bundle, profile=profile), sys.argv[2])
    assert isinstance(voice, PocketSynthesizer) and kernels.library_path()
    voice.pace.seconds = 0.0  # under emulation it would hold all sound back
    [planned] = voice.plan(TEXT, synth.trial_style(bundle))
    assert isinstance(planned, SpokenSegment) and planned.voice is not None
    shape = VOICE_FRAMES, planned.voice.latents.shape[1]
    latents = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    somebody = Speaker(latents, "somebody")
    segment = dataclasses.replace(planned, voice=somebody)
    gc.disable()
    next(voice.speak(segment))  # keeps the voice
    speech = voice.speak(segment)
    with counted():
        sounding(speech)
    print("first", 1, sep="\t")
    sounding(speech)  # two frames
    with counted():
        samples = sum(len(sounding(speech).samples) for _ in range(RUNS))
    print("second", samples / voice.rate, sep="\t")


def sounding(speech: Iterator[PcmChunk]) -> PcmChunk:
    return next(chunk for chunk in speech if len(chunk.samples))


if __name__ == "__main__":
    main()
