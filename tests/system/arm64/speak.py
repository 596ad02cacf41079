"""On the emulated board: speak a text with each variant of a bundle, and keep what the decoder got
and gave: `python -m tests.system.arm64.speak BUNDLE FOLDER TEXT`, an .npz for each variant."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge import synth
from edge.bundle import open_bundle
from edge.pcm import Samples
from edge.synth.piper.synthesizer import Latent, PiperSynthesizer
from edge.synth.schedule import plan_runs


def decode(synthesizer: PiperSynthesizer, segment: synth.Segment, latent: Samples) -> Samples:
    """As speak does it, in the runs that the profile gives: latent [1, C, frames] to sound."""
    once = [1] * latent.shape[2]
    exactly = Latent(latent, np.zeros_like(latent), once, np.random.default_rng())
    chunks = synthesizer._decode(
        segment, exactly, lambda n: plan_runs(n, synthesizer.decoder, synthesizer._safety)
    )
    return np.concatenate([chunk.samples for chunk in chunks])


def spoken(bundle: Path, text: str) -> Iterator[tuple[str, Samples, Samples]]:
    """The name of each variant, its latent and its sound; the text is one segment."""
    opened = open_bundle(bundle, machine=None)
    for variant in opened.manifest.variants:
        synthesizer = synth.load(opened, variant.name)
        assert isinstance(synthesizer, PiperSynthesizer)
        (segment,) = synthesizer.plan(text, synth.Style())
        latent = synthesizer.encode(segment)
        yield variant.name, latent, decode(synthesizer, segment, latent)


if __name__ == "__main__":
    for name, latent, samples in spoken(Path(sys.argv[1]), sys.argv[3]):
        np.savez(Path(sys.argv[2]) / f"{name}.npz", latent=latent, samples=samples)
        print(name, flush=True)
