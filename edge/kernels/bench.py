"""Measure the operators beside onnxruntime's convolutions, float and int8, layer by layer of a
Piper decoder, and whole decoders if a bundle is named.

Run `python -m edge.kernels.bench [BUNDLE [ORIGINAL.onnx]]`: runs interleaved, medians of CPU time,
on one thread unless a column says otherwise. ORIGINAL.onnx is the voice as Piper ships it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from edge import kernels
from edge.kernels.bench_decoders import print_decoders

FRAMES = 48  # a chunk of streaming
CALLS = 5  # in a row, so that memory is as warm as inside a graph
ROUNDS = 30
# out, in, kernel, dilation, stride, positions per frame, tile; medium Piper voices, 22,050 Hz
LAYERS = [
    (384, 192, 5, 1, 0, 1, 16),
    (384, 192, 1, 1, 0, 1, 16),
    (256, 192, 7, 1, 0, 1, 16),
    (128, 256, 16, 1, 8, 1, 16),
    (128, 128, 3, 1, 0, 8, 128),
    (128, 128, 5, 2, 0, 8, 128),
    (128, 128, 7, 12, 0, 8, 128),
    (64, 128, 16, 1, 8, 8, 128),
    (64, 64, 3, 2, 0, 64, 192),
    (64, 64, 7, 3, 0, 64, 192),
    (32, 64, 8, 1, 4, 64, 192),
    (32, 32, 3, 1, 0, 256, 192),
    (32, 32, 5, 6, 0, 256, 192),
    (32, 32, 7, 12, 0, 256, 192),
]


def session(
    nodes: list[Any],
    inputs: list[int | None],
    constants: dict[str, Any],
    library: Path | None,
    kind: int = TensorProto.FLOAT,
) -> onnxruntime.InferenceSession:
    """A graph of `nodes` from x to y, on one thread."""
    graph = helper.make_graph(
        nodes,
        "layer",
        [helper.make_tensor_value_info("x", kind, inputs)],
        [helper.make_tensor_value_info("y", kind, None)],
        [numpy_helper.from_array(np.asarray(a), n) for n, a in constants.items()],
    )
    domains = (kernels.DOMAIN, kernels.DOMAIN_2)
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(d, 1) for d in domains)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if library:
        options.register_custom_ops_library(str(library))
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _ours(
    layer: tuple[int, ...], w: Any, bias: Any, library: Path, path: str
) -> onnxruntime.InferenceSession:
    _, c, _, dilation, stride, _, tile = layer
    packed, scales = kernels.pack(w, 7 if path.endswith("7bit") else 8)
    constants = {"weights": packed, "scales": scales, "bias": bias}
    op = "QConvTranspose1d" if stride else "QConv1d"
    how: dict[str, Any] = {"stride": stride} if stride else {"dilation": dilation}
    node = helper.make_node(
        op, ["x", *constants], ["y"], domain=kernels.DOMAIN, tile=tile, slope=0.1, **how
    )
    os.environ["EDGE_KERNELS_PATH"] = path
    try:
        return session([node], [1, c, None], constants, library)
    finally:
        del os.environ["EDGE_KERNELS_PATH"]


def _float(layer: tuple[int, ...], w: Any, bias: Any, flat: bool) -> onnxruntime.InferenceSession:
    """The stock operator, 1-D or as a height-1 2-D convolution; no LeakyReLU, no residual."""
    _, c, k, dilation, stride, _, _ = layer
    pad = (k - stride) // 2 if stride else (k - 1) * dilation // 2
    w = w.transpose(1, 0, 2) if stride else w
    kind, how = ("ConvTranspose", "strides") if stride else ("Conv", "dilations")
    step = stride or dilation
    attributes: dict[str, Any] = (
        {"pads": [0, pad, 0, pad], how: [1, step]} if flat else {"pads": [pad, pad], how: [step]}
    )
    node = helper.make_node(kind, ["x", "w", "b"], ["y"], **attributes)
    w = np.ascontiguousarray(w[:, :, None] if flat else w)
    return session([node], [1, c, 1, None] if flat else [1, c, None], {"w": w, "b": bias}, None)


def _qlinear(layer: tuple[int, ...], w: Any) -> onnxruntime.InferenceSession | None:
    """The stock int8 convolution: codes in, codes out, nothing quantized on the way; None where
    there is none (transposed convolutions)."""
    _, c, k, dilation, stride, _, _ = layer
    if stride:
        return None
    packed, scales = kernels.pack(w)
    constants = {
        "x_scale": np.float32(0.02),
        "x_zero": np.uint8(128),
        "w": packed,
        "w_scale": scales,
        "w_zero": np.zeros(len(scales), np.int8),
        "y_scale": np.float32(0.5),
        "y_zero": np.uint8(128),
    }
    pad = (k - 1) * dilation // 2
    node = helper.make_node(
        "QLinearConv", ["x", *constants], ["y"], pads=[pad, pad], dilations=[dilation]
    )
    return session([node], [1, c, None], constants, None, TensorProto.UINT8)


def bound(one: onnxruntime.InferenceSession, x: Any) -> Callable[[], object]:
    """A run into memory that is already there, as inside a larger graph."""
    binding = one.io_binding()
    binding.bind_cpu_input("x", x)
    y = onnxruntime.OrtValue.ortvalue_from_numpy(one.run(None, {"x": x})[0])
    binding.bind_ortvalue_output("y", y)
    return lambda: one.run_with_iobinding(binding)


def measure(runs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median CPU seconds of each run, one after the other in every round."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for i in range(ROUNDS + 2):
        for name, run in runs.items():
            start = time.thread_time()
            for _ in range(CALLS):
                run()
            if i >= 2:
                times[name].append((time.thread_time() - start) / CALLS)
    return {name: float(np.median(t)) for name, t in times.items()}


def print_layers(library: Path) -> None:
    paths = [p for p in kernels.paths(library) if p != "scalar"]
    names = [*paths, "float 1-D", "float 2-D", "QLinearConv"]
    print("GOP/s        " + "".join(f"{n:>12}" for n in names))
    rng = np.random.default_rng(0)
    for layer in LAYERS:
        o, c, k, dilation, stride, rate, _ = layer
        w = rng.normal(size=(o, c, k)).astype(np.float32)
        bias = rng.normal(size=o).astype(np.float32)
        x = rng.normal(size=(1, c, FRAMES * rate)).astype(np.float32)
        sessions = {p: _ours(layer, w, bias, library, p) for p in paths}
        sessions |= {"float 1-D": _float(layer, w, bias, False)}
        sessions |= {"float 2-D": _float(layer, w, bias, True)}
        runs = {n: bound(s, x[:, :, None] if "2-D" in n else x) for n, s in sessions.items()}
        if codes := _qlinear(layer, w):
            runs["QLinearConv"] = bound(codes, (x * 40 + 128).clip(0, 255).astype(np.uint8))
        operations = 2 * o * c * k * x.shape[2]
        times = measure(runs)
        cells = [f"{operations / times[n] / 1e9:.0f}" if n in times else "-" for n in names]
        name = f"{o}x{c}x{k} {'up' if stride else 'd'}{stride or dilation}"
        print(name.ljust(13) + "".join(f"{cell:>12}" for cell in cells), flush=True)


def main() -> None:
    library = kernels.library_path()
    if library is None:
        sys.exit(f"edge: the operator library is not built: {kernels.how_to_build()}")
    print_layers(library)
    if len(sys.argv) > 1:
        print()
        original = Path(sys.argv[2]) if len(sys.argv) > 2 else None
        print_decoders(Path(sys.argv[1]), original, library)


if __name__ == "__main__":
    main()
