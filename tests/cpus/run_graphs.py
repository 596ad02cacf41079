"""Runs small graphs on whatever CPU this is, and keeps what they gave.

`python -m tests.cpus.run_graphs FOLDER TARGET.npz`: each N.onnx of FOLDER with the input in N.npy.
It imports no more than it must, for an emulated CPU is slow.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnxruntime


def run(folder: Path, target: Path) -> None:
    """Write the first output of every graph under the graph's name."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    given = {}
    for graph in sorted(folder.glob("*.onnx")):
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        [first] = session.get_inputs()
        given[graph.stem] = session.run(None, {first.name: np.load(graph.with_suffix(".npy"))})[0]
    np.savez(target, **given)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
