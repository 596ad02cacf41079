"""Build an engine for compute capability 8.6 and say of what: a process of its own, as TensorRT's
library takes down the one that it is in if it fails.

    python -m tools.tensorrt_rtx_build GRAPH.onnx '{"trt_profile_min_shapes": ..., ...}'
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import tensorrt_rtx as trt


def shapes(option: str) -> list[tuple[str, tuple[int, ...]]]:
    """Parse shapes as onnxruntime does: latent:1x192x64,mask:1x1x1x64."""
    found = []
    for part in option.split(","):
        name, sizes = part.split(":")
        found.append((name, tuple(int(size) for size in sizes.split("x"))))
    return found


def main() -> None:
    path, options = sys.argv[1], json.loads(sys.argv[2])
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    empty = builder.create_network(0)
    judge = trt.OnnxParser(empty, logger)
    whole = judge.supports_model_v2(Path(path).read_bytes(), path)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(path):  # the weights may lie in a file beside it
        sys.exit(str(parser.get_error(0)))
    profile = builder.create_optimization_profile()
    least, usual, most = (shapes(options[f"trt_profile_{name}_shapes"]) for name in ORDER)
    for place, (name, shape) in enumerate(least):
        profile.set_shape(name, shape, usual[place][1], most[place][1])
    config = builder.create_builder_config()
    config.add_optimization_profile(profile)
    config.num_compute_capabilities = 1
    config.set_compute_capability(trt.ComputeCapability.SM86, 0)
    engine = builder.build_serialized_network(network, config)
    answer = {"whole": whole, "subgraphs": judge.num_subgraphs, "bytes": engine and engine.nbytes}
    print(json.dumps(answer), flush=True)


ORDER = ("min", "opt", "max")

if __name__ == "__main__":
    main()
