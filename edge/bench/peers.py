"""Other engines with the same Piper voice, used as their own pages show, but for the threads.

`python -m edge.bench.peers FOLDER MODEL CONFIG TEXTS` makes what they need beside the model, in a
process of its own, so that the package onnx is in none of the measured ones.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.bench.engine import Engine, Hear

PEERS = {
    "piper-tts": ("piper",),
    "sherpa-onnx": ("sherpa_onnx",),
    "streaming-vits": ("streaming_vits.engine",),
}
"""Distribution -> what a program that uses it imports."""

MODEL, SHERPA_MODEL, TOKENS, PHONEMES = "voice.onnx", "sherpa.onnx", "tokens.txt", "phonemes.json"


class Piper:
    settings = "intra_op_num_threads; else as PiperVoice.load; gives whole sentences"

    def __init__(self, folder: Path, threads: int) -> None:
        import onnxruntime
        from piper import PiperVoice
        from piper.config import PiperConfig

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        config = json.loads((folder / f"{MODEL}.json").read_text(encoding="utf-8"))
        self._voice = PiperVoice(
            config=PiperConfig.from_dict(config),
            session=onnxruntime.InferenceSession(
                str(folder / MODEL), options, providers=["CPUExecutionProvider"]
            ),
        )
        self.rate: int = self._voice.config.sample_rate

    def speak(self, text: str, hear: Hear) -> None:
        for chunk in self._voice.synthesize(text):
            hear(len(chunk.audio_float_array))


class Sherpa:
    settings = "num_threads; phonemes made beforehand, not timed; gives whole sentences"

    def __init__(self, folder: Path, threads: int) -> None:
        import sherpa_onnx

        vits = sherpa_onnx.OfflineTtsVitsModelConfig(
            model=str(folder / SHERPA_MODEL), tokens=str(folder / TOKENS)
        )
        model = sherpa_onnx.OfflineTtsModelConfig(vits=vits, num_threads=threads)
        self._tts = sherpa_onnx.OfflineTts(sherpa_onnx.OfflineTtsConfig(model=model))
        self._config = sherpa_onnx.GenerationConfig
        self._phonemes = json.loads((folder / PHONEMES).read_text(encoding="utf-8"))
        self.rate: int = self._tts.sample_rate

    def speak(self, text: str, hear: Hear) -> None:
        config = self._config()
        config.phoneme_codepoints = self._phonemes[text]

        def on_block(samples: Any, _progress: float) -> int:
            hear(len(samples))
            return 1  # go on

        self._tts.generate(text, config, on_block)


class StreamingVits:
    settings = "threads; schedule not calibrated, as after installing; espeak-ng as a program"

    def __init__(self, folder: Path, threads: int) -> None:
        from streaming_vits.engine import StreamingTTS

        self._tts = StreamingTTS(
            folder / MODEL, config_path=folder / f"{MODEL}.json", threads=threads, verbose=False
        )
        self.rate: int = self._tts.sample_rate

    def speak(self, text: str, hear: Hear) -> None:
        for chunk in self._tts.stream(text):
            hear(len(chunk.audio))


_MAKERS: Mapping[str, Any] = {
    "piper-tts": Piper,
    "sherpa-onnx": Sherpa,
    "streaming-vits": StreamingVits,
}


def make(spec: Mapping[str, Any]) -> Engine:
    engine: Engine = _MAKERS[spec["engine"]](Path(spec["folder"]), spec["threads"])
    return engine


def prepare(folder: Path, model: Path, config: Path, texts: list[str]) -> None:
    """Lay the voice into `folder` as each peer wants it."""
    import onnx
    from piper.phonemize_espeak import EspeakPhonemizer

    shutil.copyfile(model, folder / MODEL)
    shutil.copyfile(config, folder / f"{MODEL}.json")
    described = json.loads(config.read_text(encoding="utf-8"))
    voice = described["espeak"]["voice"]
    graph = onnx.load(model)
    for key, value in {  # what sherpa-onnx's own script for Piper voices adds
        "model_type": "vits",
        "comment": "piper",
        "language": "English",
        "voice": voice,
        "has_espeak": 1,
        "n_speakers": described["num_speakers"],
        "sample_rate": described["audio"]["sample_rate"],
    }.items():
        graph.metadata_props.add(key=key, value=str(value))
    onnx.save(graph, folder / SHERPA_MODEL)
    tokens = [f"{k} {v[0]}\n" for k, v in described["phoneme_id_map"].items() if k != "\n"]
    (folder / TOKENS).write_text("".join(tokens), encoding="utf-8")
    espeak = EspeakPhonemizer()
    phonemes = {
        text: [[ord(p) for p in sentence] for sentence in espeak.phonemize(voice, text)]
        for text in texts
    }
    (folder / PHONEMES).write_text(json.dumps(phonemes), encoding="utf-8")


if __name__ == "__main__":
    prepare(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4]))
