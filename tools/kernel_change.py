"""How much faster is one build of our int8 operators than another, and does it give the same bits?

    python -m tools.kernel_change GRAPH.onnx BEFORE.so AFTER.so [PATH ...]

On demand. GRAPH is one of int8-fused, as a bundle holds it; it gets noise, of 48 frames. Both
libraries run it in one process, one thread, in turns, on each PATH (those of x86-64), and the
table says the CPU time of a run.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

PATHS = ("avx512vnni", "avx512", "avx2", "sse4.1")
FRAMES = 48
ROUNDS = 100


def load(graph: Path, library: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.register_custom_ops_library(library)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def noise(session: onnxruntime.InferenceSession) -> dict[str, Any]:
    """Make what goes in, with both flags false: a chunk from the middle of a sentence."""
    random = np.random.default_rng(0)
    given: dict[str, Any] = {}
    for wanted in session.get_inputs():
        shape = [1 if axis < 2 else FRAMES for axis in range(len(wanted.shape))]
        sized = zip(wanted.shape, shape, strict=True)
        shape = [size if isinstance(size, int) else other for size, other in sized]
        kind = np.bool_ if wanted.type == "tensor(bool)" else np.float32
        given[wanted.name] = (random.standard_normal(shape) * (kind is np.float32)).astype(kind)
    return given


def main() -> None:
    graph, libraries = Path(sys.argv[1]), sys.argv[2:4]
    print("| path | before, ms | after, ms | least to least | first quartiles |")
    print("|---" * 5 + "|")
    for path in sys.argv[4:] or PATHS:
        os.environ["EDGE_KERNELS_PATH"] = path
        sessions = [load(graph, library) for library in libraries]
        given = noise(sessions[0])
        one, other = (session.run(None, given) for session in sessions)
        if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True)):
            sys.exit(f"{path}: not the same bits")
        spent: tuple[list[float], list[float]] = ([], [])
        for number in range(ROUNDS):
            for which in (0, 1) if number % 2 else (1, 0):
                begun = time.thread_time()
                sessions[which].run(None, given)
                spent[which].append(1e3 * (time.thread_time() - begun))
        (before, quarter), (after, later) = ((min(s), np.percentile(s, 25)) for s in spent)
        print(
            f"| {path} | {before:.2f} | {after:.2f} | {after / before:.3f} "
            f"| {later / quarter:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
