"""On the emulated board, under count.c: mark each measured stretch, and say what it was:
`python -m tests.system.arm64.counted BUNDLE ORIGINAL.onnx WHAT VARIANT ...`. One thread, no
garbage collection."""

from __future__ import annotations

import ctypes
import dataclasses
import gc
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnxruntime
from piper import PiperVoice
from piper.config import PiperConfig

from edge import kernels, synth
from edge.bundle import Bundle, open_bundle
from edge.synth.session import Array, Session

MARK = 5000  # as in count.c
FRAMES = 48  # of a chunk as edge.synth.schedule makes them
TEXT = "The kettle is on."
ORIGINAL = "piper-tts"
_system_call = ctypes.CDLL(None).syscall


@contextmanager
def counted() -> Iterator[None]:
    _system_call(ctypes.c_long(MARK), ctypes.c_long(1))
    yield
    _system_call(ctypes.c_long(MARK), ctypes.c_long(0))


def report(name: str, what: str, seconds: float) -> None:
    print(name, what, f"{seconds:.6f}", sep="\t", flush=True)


def count_decoder(bundle: Bundle, name: str) -> None:
    """One chunk from the middle of a sentence, as long as those of a real schedule."""
    providers = bundle.profile.runtime.providers.decoder
    decoder = Session(bundle, bundle.variant(name).graphs["decoder"], providers)
    hop = int(decoder.metadata["hop"])
    state = {
        name: np.zeros(shape, np.float32)
        for name, shape in decoder.inputs.items()
        if name.startswith("state_")
    }
    channels = decoder.inputs["latent"][1]  # 192, but for the smallest voices
    latent = np.random.default_rng(1).standard_normal((1, channels, 2 * FRAMES), np.float32)

    def decode(number: int) -> dict[str, Array]:
        chunk = latent[:, :, number * FRAMES : (number + 1) * FRAMES]
        flags = {"first": np.array([number == 0]), "last": np.array([False])}
        return decoder.run({"latent": chunk, **flags, **state})

    outputs = decode(0)
    state = {name: outputs[f"next_{name}"] for name in state}
    with counted():
        decode(1)
    report(name, "decoder", FRAMES * hop / bundle.manifest.rate)


def count_voice(bundle: Bundle, name: str) -> None:
    """A sentence from text to sound: phonemes, encoder, expansion, decoder, our own Python."""
    synthesizer = synth.load(bundle, name)

    def say(text: str) -> int:
        segments = synthesizer.plan(text, synth.Style())
        return sum(len(c.samples) for s in segments for c in synthesizer.speak(s))

    synthesizer.plan(TEXT, synth.Style())  # espeak-ng reads its data
    with counted():
        frames = say(TEXT)
    report(name, "voice", frames / synthesizer.rate)


def count_original(bundle: Bundle, model: Path) -> None:
    """The same sentence by piper-tts with the voice's own graph."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    config = json.loads(bundle.file("config.json").read_text(encoding="utf-8"))
    voice = PiperVoice(session=session, config=PiperConfig.from_dict(config))

    def say(text: str) -> int:
        return sum(len(chunk.audio_int16_array) for chunk in voice.synthesize(text))

    voice.phonemize(TEXT)
    with counted():
        frames = say(TEXT)
    report(ORIGINAL, "voice", frames / voice.config.sample_rate)


def main() -> None:
    bundle = open_bundle(Path(sys.argv[1]), machine=None)
    runtime = dataclasses.replace(bundle.profile.runtime, threads=1)
    bundle = dataclasses.replace(
        bundle, profile=dataclasses.replace(bundle.profile, runtime=runtime)
    )
    assert kernels.library_path()
    gc.disable()
    for name in sys.argv[4:]:
        if sys.argv[3] == "decoder":
            count_decoder(bundle, name)
        elif name == ORIGINAL:
            count_original(bundle, Path(sys.argv[2]))
        else:
            count_voice(bundle, name)


if __name__ == "__main__":
    main()
