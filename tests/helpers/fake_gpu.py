"""An onnxruntime that claims a GPU, for machines without one.

TensorRT cannot be had on a build machine, nor can CUDA on most. What is faked is only what they
would do around the numbers: which providers are offered, which of them fail, when TensorRT writes
an engine. The numbers are the real CPU provider's.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from edge.synth.gpu import nvidia
from edge.synth.gpu.engines import CONTEXT
from edge.synth.session import CPU, CUDA, TENSORRT
from tests.helpers.fakes import DEADLINE_S

Chain = Sequence[Any]


class FakeOnnxruntime:
    """`offered`: providers of this onnxruntime. `raising`: those that fail when they are asked
    for. `silent`: those in whose place the CPU is given without a word. `without_code`: those that
    load and cannot run on this GPU. `may_build`: cleared, a TensorRT build waits."""

    def __init__(self, *offered: str) -> None:
        self.offered = [*offered, CPU]
        self.raising: dict[str, str] = {}
        self.silent: set[str] = set()
        self.without_code: set[str] = set()
        self.builds: list[dict[str, str]] = []
        self.sessions: list[tuple[str, dict[str, str]]] = []
        self.recorded: list[tuple[int, ...]] = []
        self.may_build, self.building = threading.Event(), threading.Event()
        self.may_build.set()

    def use(self, patch: pytest.MonkeyPatch, tensorrt: str | None = "10.3.0") -> None:
        fake = self

        class Session(FakeSession):
            runtime = fake

        class Runtime:
            SessionOptions = onnxruntime.SessionOptions
            GraphOptimizationLevel = onnxruntime.GraphOptimizationLevel
            RunOptions = onnxruntime.RunOptions
            InferenceSession = Session
            OrtValue = OnGpu
            __version__ = onnxruntime.__version__

            @staticmethod
            def get_available_providers() -> list[str]:
                return list(fake.offered)

        for owner in ("session", "binding"):
            patch.setattr(f"edge.synth.{owner}.onnxruntime", Runtime)
        patch.setattr(nvidia, "tensorrt_version", lambda: tensorrt)
        patch.setattr(nvidia, "compute_capability", lambda: "8.7")
        patch.setattr("edge.synth.session.available_memory_mb", lambda: 100_000)

    def build(self, options: dict[str, str], folder: Path) -> None:
        self.building.set()
        assert self.may_build.wait(DEADLINE_S)
        self.builds.append(options)
        folder.mkdir(exist_ok=True)
        (folder / f"{len(self.builds)}.engine").write_text("engine")


class FakeSession:
    runtime: FakeOnnxruntime

    def __init__(
        self, path: str, options: Any, providers: Chain, enable_fallback: int = 1
    ) -> None:
        chain = [(p, {}) if isinstance(p, str) else p for p in providers]
        name, given = chain[0]
        assert name == CPU or enable_fallback == 0
        assert "trt" not in str(given) or name == TENSORRT
        if why := self.runtime.raising.get(name):
            raise RuntimeError(why)
        self._providers = [p for p, _ in chain if p not in self.runtime.silent]
        self._given, self._folder = given, Path(path).parent
        if name == TENSORRT:
            self.runtime.sessions.append((path, given))
            path = self._engine(Path(path))
        self._real = onnxruntime.InferenceSession(path, options, providers=[CPU])

    def _engine(self, path: Path) -> str:
        """Load what a context model names, or build: the model then names the graph."""
        if path.name.endswith(CONTEXT):
            graph = path.read_text()
            if not graph.endswith(".onnx"):
                raise RuntimeError("the engine was built by another TensorRT")
            return graph
        context = Path(self._given["trt_ep_context_file_path"])
        assert not Path(self._given["trt_engine_cache_path"]).is_absolute()
        self._folder = context.parent / self._given["trt_engine_cache_path"]
        self.runtime.build(self._given, self._folder)
        context.write_text(str(path))
        return str(path)

    def get_providers(self) -> list[str]:
        return self._providers

    def disable_fallback(self) -> None:
        pass

    def run(self, outputs: list[str], inputs: dict[str, Any], options: Any = None) -> list[Any]:
        self._has_code()
        if self._providers[0] == TENSORRT:
            for name, value in inputs.items():
                self._within(name, value.shape)
        return self._real.run(outputs, inputs, options)  # type: ignore[no-any-return]

    def _has_code(self) -> None:
        if self._providers[0] in self.runtime.without_code:
            raise RuntimeError("cudaErrorNoKernelImageForDevice")

    def _within(self, name: str, shape: tuple[int, ...]) -> None:
        """As TensorRT does: a shape outside the profile means a new engine."""
        for option, beyond in (("min", np.less), ("max", np.greater)):
            shapes = dict(
                part.split(":") for part in self._given[f"trt_profile_{option}_shapes"].split(",")
            )
            limit = [int(size) for size in shapes[name].split("x")]
            if len(limit) != len(shape) or np.any(beyond(shape, limit)):
                self.runtime.build(self._given, self._folder)

    def io_binding(self) -> Binding:
        return Binding()

    def run_with_iobinding(self, binding: Binding, options: Any) -> None:
        self._has_code()
        inputs = {name: value.array for name, value in binding.inputs.items()}
        self.runtime.recorded.append(tuple(inputs["latent"].shape))
        names = list(binding.outputs)
        for name, array in zip(names, self._real.run(names, inputs), strict=True):
            binding.outputs[name].array[...] = array

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class OnGpu:
    """onnxruntime.OrtValue: an array at one place of the GPU's memory."""

    def __init__(self, array: Any) -> None:
        self.array = array

    @staticmethod
    def ortvalue_from_numpy(array: Any, device: str, number: int) -> OnGpu:
        assert device == "cuda"
        return OnGpu(array.copy())

    @staticmethod
    def ortvalue_from_shape_and_type(
        shape: list[int], dtype: Any, device: str, number: int
    ) -> OnGpu:
        assert device == "cuda"
        return OnGpu(np.zeros(shape, dtype))

    def update_inplace(self, array: Any) -> None:
        assert array.shape == self.array.shape
        self.array[...] = array

    def numpy(self) -> Any:
        return self.array.copy()


class Binding:
    def __init__(self) -> None:
        self.inputs: dict[str, OnGpu] = {}
        self.outputs: dict[str, OnGpu] = {}

    def bind_ortvalue_input(self, name: str, value: OnGpu) -> None:
        self.inputs[name] = value

    def bind_ortvalue_output(self, name: str, value: OnGpu) -> None:
        self.outputs[name] = value


__all__ = ["CPU", "CUDA", "TENSORRT", "FakeOnnxruntime"]
