"""CosyVoice3's exported graphs, kept as test data, so that its run side is tested without torch.

The exporter made them from the tiny random checkpoint of tests/helpers/tiny_cosyvoice3.py.
`python -m tests.helpers.kept_cosyvoice3` makes them anew, with the extra `cosyvoice3`.
tests/bundler/test_export_cosyvoice3.py tells where they no longer are what the exporter writes.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from edge import synth
from edge.bundle import Bundle
from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer
from tests.helpers.packed import pack

KEPT = Path(__file__).parents[1] / "data/exported" / "cosyvoice3.zip"
VOICE = "cosyvoice3-0.5b"
RATE = 24_000
"""Samples per second, Hz."""
STAGES = ("llm", "flow_front", "flow_step", "f0", "vocoder")
BUILT = ("manifest.json", "manifest.sha256", "profile.yaml", "voice.yaml", "stages.json")
"""Files that are made anew around the kept ones."""
NOISE = "noise.npy"
"""The fixed noise, float32 (80, 2000): as large as all the rest, and any noise will do."""


def unpack(folder: Path, least: str = "released") -> Bundle:
    """Make a bundle of the kept graphs in `folder`: it clones, and says noise.

    With `least="enforced"` a sentence has as many tokens as its text should have at the least.
    """
    with zipfile.ZipFile(KEPT) as archive:
        archive.extractall(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["sampling"]["least"] = least
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    drawn = np.random.default_rng(0).standard_normal((80, 2000)).astype(np.float32)
    np.save(folder / NOISE, drawn)
    graphs = {stage: f"{stage}-fp32.onnx" for stage in STAGES}
    return pack(folder, "cosyvoice3", RATE, graphs, VOICE)


def loaded(bundle: Bundle) -> CosyVoice3Synthesizer:
    """Load the voice of such a bundle."""
    voice = synth.load(bundle)
    assert isinstance(voice, CosyVoice3Synthesizer)
    return voice


def keep(bundle: Path, archive: Path) -> None:
    """Keep what the exporter wrote of a bundle; the same files give the same bytes."""
    with zipfile.ZipFile(archive, "w") as opened:
        for file in sorted(bundle.iterdir()):
            if file.name not in (*BUILT, NOISE):
                entry = zipfile.ZipInfo(file.name)  # of 1980, so that no clock is in it
                entry.compress_type = zipfile.ZIP_DEFLATED
                opened.writestr(entry, file.read_bytes(), compresslevel=9)


def main() -> None:
    from edge.bundler.pipeline import Wish, build_bundle
    from tests.helpers.packed import BOARD
    from tests.helpers.tiny_cosyvoice3 import write_checkpoint

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wish = Wish(VOICE, BOARD, "fp32", checkpoint=write_checkpoint(folder / "checkpoint"))
        bundle = build_bundle(wish, folder / "bundle", folder / "cache", lambda *_: None)
        keep(bundle.path, KEPT)
    print(f"{KEPT}: {KEPT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
