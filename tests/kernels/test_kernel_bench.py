"""The benchmark of the kernels compares what it says it compares (2 s)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from edge.bundler.export.original import read_original
from edge.bundler.export.piper.decoder import write_decoder
from edge.bundler.export.piper.reader import read_weights
from edge.kernels.bench_decoders import cut_decoder
from tests.helpers.piper_original import session
from tests.helpers.random_voices import VOICES, write_voice


def test_the_original_is_cut_at_its_latent(tmp_path: Path) -> None:
    """It speaks the latent that the rebuilt decoder speaks, to the same sound."""
    original = write_voice(VOICES["medium"], tmp_path)[0]
    weights = read_weights(read_original(original))
    cut = onnxruntime.InferenceSession(cut_decoder(original))
    latent = np.random.default_rng(0).normal(size=(1, weights.channels, 60)).astype(np.float32)
    first, mask = (value.name for value in cut.get_inputs())
    sound = cut.run(None, {first: latent, mask: np.ones((1, 1, 60), np.float32)})[0]
    wanted = session(write_decoder(weights).SerializeToString()).run(None, {"latent": latent})[0]
    np.testing.assert_allclose(sound.reshape(-1), wanted.reshape(-1), atol=1e-5)
