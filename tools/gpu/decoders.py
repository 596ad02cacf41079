"""Other ways to run a decoder on a GPU, to be measured beside the one that is shipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from edge.pcm import Samples
from edge.synth.gpu.windows import Window
from edge.synth.schedule import Plan
from edge.synth.session import Array, _Recorded

RUN = 48
FIRST = 64


def even_runs(frames: int) -> Plan:
    """Runs of one length: the first, which also waits for the look-ahead, and the last apart."""
    lengths = [min(FIRST, frames)]
    while sum(lengths) < frames:
        lengths.append(min(RUN, frames - sum(lengths)))
    return Plan(tuple(lengths), 1)


class Plain:
    """onnxruntime's CUDA provider with numpy in and out, whatever the lengths."""

    def __init__(self, path: Path, options: dict[str, str]) -> None:
        so = onnxruntime.SessionOptions()
        so.log_severity_level = 3
        so.intra_op_num_threads = 4
        chain = [("CUDAExecutionProvider", options), "CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(
            str(path), so, providers=chain, enable_fallback=0
        )
        assert self.session.get_providers()[0] == "CUDAExecutionProvider"
        self.inputs = {item.name: item.shape for item in self.session.get_inputs()}
        self.output_shapes = {item.name: item.shape for item in self.session.get_outputs()}
        self.outputs = list(self.output_shapes)
        self.metadata = self.session.get_modelmeta().custom_metadata_map

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Any]:
        return dict(zip(self.outputs, self.session.run(self.outputs, inputs), strict=True))

    def run_fixed(self, inputs: Mapping[str, Array], shapes: Any) -> dict[str, Any]:
        return self.run(inputs)


class Graphs(Plain):
    """Each length as a CUDA graph."""

    def __init__(self, path: Path, options: dict[str, str]) -> None:
        super().__init__(path, {**options, "enable_cuda_graph": "1"})
        self._recorded: dict[Any, _Recorded] = {}

    def run_fixed(self, inputs: Mapping[str, Array], shapes: Any) -> dict[str, Any]:
        key = tuple(array.shape for array in inputs.values())
        if key not in self._recorded:
            number = len(self._recorded) + 1
            self._recorded[key] = _Recorded(self.session, inputs, shapes, number)
        return self._recorded[key].run(inputs)


class StatesOnGpu(Plain):
    """The streaming decoder whose states never leave the GPU: outputs are bound as next inputs."""

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        binding = self.session.io_binding()
        for name, value in inputs.items():
            if isinstance(value, np.ndarray):
                if name.startswith("state_"):
                    value = onnxruntime.OrtValue.ortvalue_from_numpy(value, "cuda", 0)
                    binding.bind_ortvalue_input(name, value)
                else:
                    binding.bind_cpu_input(name, np.ascontiguousarray(value))
            else:
                binding.bind_ortvalue_input(name, value)
        for name in self.outputs:
            binding.bind_output(name, "cpu" if name == "audio" else "cuda")
        self.session.run_with_iobinding(binding)
        found: dict[str, Any] = dict(zip(self.outputs, binding.get_outputs(), strict=True))
        found["audio"] = found["audio"].numpy()
        return found


class WholeSentence(Plain):
    """The decoder without state, each sentence at its own length."""

    def __init__(self, path: Path, options: dict[str, str]) -> None:
        super().__init__(path, options)
        self.hop = int(self.metadata["hop"])
        self.provider = "CUDAExecutionProvider"

    def warm_up(self, extra: Mapping[str, Array]) -> None:
        pass

    def decode(
        self, frames: Mapping[str, Samples], extra: Mapping[str, Array]
    ) -> Iterator[tuple[Window, dict[str, Array]]]:
        count = next(iter(frames.values())).shape[2]
        mask = np.ones((1, 1, 1, count), np.float32)
        yield Window(0, count, 0, count), self.run({**frames, "mask": mask, **extra})
