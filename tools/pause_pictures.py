"""Spectrograms of a pause in a sentence, decoder beside decoder: where a hiss is seen.

    python -m tools.pause_pictures FP32_BUNDLE INT8_BUNDLE FUSED_BUNDLE FOLDER

On demand. Bundles of one Piper voice, by `edge build VOICE --only fp32` and so on. All decoders
get the latent of the fp32 encoder. Beside the three, onnxruntime's int8 in all layers, which no
build makes. Writes FOLDER/pause-NAME.png and prints the level in the pause.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from edge import kernels, synth
from edge.bundle import open_bundle
from edge.bundler import corpus
from edge.bundler.metrics import MEL_FLOOR_DB, mel_power
from edge.bundler.quantize import Calibration
from edge.bundler.quantize.static import Plan
from edge.bundler.report.png import level_picture
from edge.pcm import Samples
from edge.synth import Style
from edge.synth.piper.synthesizer import PiperSynthesizer
from tests.bundler.test_fused import load, speak

SENTENCE = 34  # of the evaluation sentences: three clauses
SHOWN_S = 1.3
PAUSE_S = 0.15
HOP = 64
BRIGHTEST_DB = -30.0  # of the loudest cell: pauses lie below the floor of other pictures
PIXELS = 2  # for each of the bands
ALL = "int8-all"


def main() -> None:
    fp32, int8, fused, folder = map(Path, sys.argv[1:])
    bundle = open_bundle(fp32, None)
    voice = synth.load(bundle, "fp32")
    assert isinstance(voice, PiperSynthesizer)
    (segment,) = voice.plan(corpus.sentences("evaluation", "en")[SENTENCE], Style())
    latent = voice.encode(segment)
    whole = onnx.load(fp32 / "decoder-fp32.onnx")
    decoders = {
        "fp32": whole,
        "int8-fused": onnx.load(fused / "decoder-int8-fused.onnx"),
        "int8-static": onnx.load(int8 / "decoder-int8-static.onnx"),
        ALL: all_layers(whole, voice),
    }
    library = kernels.library_path()
    assert library, kernels.how_to_build()
    sounds = {
        name: speak(load(model, library), {"latent": latent}) for name, model in decoders.items()
    }
    rate = voice.rate
    pause = quietest(sounds["fp32"], rate)
    middle = (pause.start + pause.stop) // 2
    shown = slice(middle - int(SHOWN_S / 2 * rate), middle + int(SHOWN_S / 2 * rate))
    peak = mel(sounds["fp32"][shown], rate).max()
    print(f"{pause.start / rate:.2f} to {pause.stop / rate:.2f} s of {latent.shape[2]} frames")
    for name, sound in sounds.items():
        level = 10 * np.log10(np.mean(np.square(sound[pause], dtype=np.float64)))
        print(f"{name}: {level:.1f} dBFS in the pause")
        decibels = 10 * np.log10(mel(sound[shown], rate) / peak) - BRIGHTEST_DB
        decibels = np.clip(decibels, -MEL_FLOOR_DB, 0)
        uri = level_picture(np.repeat(decibels, PIXELS, axis=0).astype(np.float32))
        (folder / f"pause-{name}.png").write_bytes(base64.b64decode(uri.partition(",")[2]))


def all_layers(model: onnx.ModelProto, voice: PiperSynthesizer) -> onnx.ModelProto:
    """The decoder with every convolution that onnxruntime can do in int8."""
    texts = corpus.sentences("calibration", "en")[::2]
    learnt = tuple(voice.encode(voice.plan(text, Style())[0]) for text in texts)
    plan = Plan(model, Calibration(learnt, voice.rate), "the fp32 decoder")
    return plan.quantized(tuple(plan.work))


def mel(sound: Samples, rate: int) -> Samples:
    return mel_power(sound, rate, mels=128, hop=HOP).astype(np.float32)


def quietest(sound: Samples, rate: int) -> slice:
    """The PAUSE_S with the least energy, not near an end of the sentence."""
    size, margin = int(PAUSE_S * rate), int(SHOWN_S * rate)
    energy = np.cumsum(np.square(sound, dtype=np.float64))
    inside = (energy[size:] - energy[:-size])[margin:-margin]
    begin = margin + int(np.argmin(inside))
    return slice(begin, begin + size)


if __name__ == "__main__":
    onnxruntime.set_default_logger_severity(3)
    main()
