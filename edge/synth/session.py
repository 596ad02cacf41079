"""The one owner of onnxruntime on the board: sessions with the profile's options, checked.

onnxruntime drops a provider that it cannot load with no more than a printed line. So the chain of
a profile is gone through here, one provider at a time, and what was asked for is compared with
what was given.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge import kernels
from edge.bundle import Bundle
from edge.errors import EdgeError, MissingPackage, ModelFailed, ProviderMissing
from edge.jetpack import onnxruntime_packages
from edge.machine import available_memory_mb
from edge.profile import Provider
from edge.synth.binding import Bound, Place, empty_place, fill_part, new_place, run_options
from edge.synth.gpu import nvidia
from edge.synth.gpu.engines import (
    CONTEXT,
    EngineCache,
    Key,
    build_options,
    engine_cache,
    load_options,
    log_progress,
    shape_profile,
)

try:
    import onnxruntime
except ImportError as error:
    raise MissingPackage(
        f"onnxruntime cannot be imported: {error}",
        "In the clone: python -m pip install '.[cpu]' (a Jetson: see docs/install/jetson.md)",
    ) from None

log = logging.getLogger(__name__)

Array = npt.NDArray[Any]

CPU, CUDA, TENSORRT = (
    "CPUExecutionProvider",
    "CUDAExecutionProvider",
    "TensorrtExecutionProvider",
)
_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}


class _Unusable(Exception):
    """A provider of the chain cannot be had; the text says why."""


class Session:
    """One graph of a bundle, loaded with the first provider of the chain that can be had.

    `lengths`: the frames that a graph without states will be run with, and no others. `records`:
    runs of it may be bound as recorded. Raises ProviderMissing if a provider that the profile
    requires cannot be had, or none can.
    """

    def __init__(
        self,
        bundle: Bundle,
        graph: str,
        providers: tuple[Provider, ...],
        lengths: tuple[int, ...] = (),
        records: bool = False,
    ) -> None:
        self._bundle, self._graph, self._lengths = bundle, graph, lengths
        self._records = records or bool(lengths)
        self._recordings = 0
        self._recorded: dict[tuple[object, ...], _Recorded] = {}
        self.passed_over: list[str] = []
        """Why each provider before `provider` was not taken."""
        for place, provider in enumerate(providers):
            try:
                self._session = self._open(provider, providers[place + 1 :])
                break
            except _Unusable as why:
                if provider.require:
                    raise ProviderMissing(
                        f"the profile demands {provider.name} for {graph}: {why}",
                        "Install the onnxruntime build for this board (edge doctor names it), "
                        "or set require: false in the profile.",
                    ) from None
                log.warning("%s: not %s: %s", graph, provider.name, why)
                self.passed_over.append(f"not {provider.name}: {why}")
        else:
            raise ProviderMissing(
                f"{graph}: " + "; ".join(self.passed_over),
                "Run edge doctor: it names the onnxruntime build for this board.",
            )
        self.provider = provider.name
        """The execution provider that onnxruntime really put first."""
        self._session.disable_fallback()
        self.device = "cuda" if self.provider == CUDA else "cpu"
        """Where its places are."""
        self.inputs = {item.name: item.shape for item in self._session.get_inputs()}
        self.types = {
            i.name: _TYPES[i.type] for i in self._session.get_inputs() if i.type in _TYPES
        }
        self.output_shapes = {item.name: item.shape for item in self._session.get_outputs()}
        self.outputs = list(self.output_shapes)
        self.optional: dict[str, Array] = {
            item.name: np.zeros(
                [n if isinstance(n, int) else 0 for n in item.shape], _TYPES[item.type]
            )
            for item in self._session.get_overridable_initializers()
            if item.type in _TYPES
        }
        """Inputs that a run may leave out: an array of each one's type and shape, 0 for a free
        size."""
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def run(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """Run the graph: named arrays in, named arrays out. Raises ModelFailed."""
        try:
            values = self._session.run(self.outputs, inputs, run_options())
        except Exception as error:
            raise self.failed(error) from None
        return dict(zip(self.outputs, values, strict=True))

    def run_fixed(
        self, inputs: dict[str, Array], shapes: Mapping[str, tuple[int, ...]]
    ) -> dict[str, Array]:
        """Run a graph that sees few lengths: on CUDA each is recorded once, as a CUDA graph, and
        played back. `shapes` are the outputs', float32. Raises ModelFailed."""
        if self.provider != CUDA or not self._lengths:
            return self.run(inputs)
        key = tuple((name, array.shape) for name, array in inputs.items())
        if key not in self._recorded:
            self._recorded[key] = _Recorded(self, inputs, shapes)
        return self._recorded[key].run(inputs)

    def place(self, array: Array) -> Place:
        """Make a place with these values where the session's runs are."""
        return new_place(array, self.device)

    def room(self, shape: tuple[int, ...], type_: npt.DTypeLike = np.float32) -> Place:
        """Make a place where the session's runs are; on the CPU it takes memory as it is filled,
        with zeros first."""
        if self.device == "cpu":
            return new_place(np.zeros(shape, type_), "cpu")
        return empty_place(shape, type_, self.device)

    def fill_part(self, place: Place, start: int, array: Array) -> None:
        """Copy an array into a part of a place, `start` bytes from its beginning. Raises
        ModelFailed."""
        try:
            fill_part(place, start, np.ascontiguousarray(array))
        except OSError as error:
            raise self.failed(error) from None

    def bind(
        self, inputs: Mapping[str, Place], outputs: Mapping[str, Place], recorded: bool = False
    ) -> Bound:
        """Bind runs to places; `recorded` where this session records, and all of them stay."""
        self._recordings += recorded
        numbers = (self._recordings,) if recorded and self._records else ()
        return Bound(self._session, inputs, outputs, *numbers)

    def run_bound(self, bound: Bound) -> None:
        """Run between places. Raises ModelFailed."""
        try:
            bound.run()
        except Exception as error:
            raise self.failed(error) from None

    def hold(self, arrays: Mapping[str, Array], states: Mapping[str, Array]) -> Held:
        """Make a run of this graph, on a CPU, that goes on from these arrays (float32)."""
        return Held(self._session, arrays, states, self.failed)

    def failed(self, error: Exception) -> ModelFailed:
        """Make the failure of a run, to be raised."""
        return ModelFailed(
            f"{self._graph} failed while running: {_first_line(error)}",
            "The daemon goes on. If it happens again: edge doctor",
        )

    def _open(self, provider: Provider, rest: tuple[Provider, ...]) -> Any:
        """Make an InferenceSession on this provider. Raises _Unusable, ModelFailed."""
        offered = available_providers()
        if provider.name not in offered:
            packages = onnxruntime_packages()
            two = f" ({' and '.join(packages)} are both installed)" if len(packages) > 1 else ""
            raise _Unusable(f"this onnxruntime offers {', '.join(offered)}{two}")
        options = dict(provider.options)
        if provider.name == CPU:
            return self._load(self._bundle.graph(self._graph), [(CPU, options)])
        needed, free = self._bundle.profile.budget.gpu_memory_mb, available_memory_mb()
        if free is not None and free < needed:
            raise _Unusable(f"{free} MB of memory are free and the GPU needs {needed} MB")
        # What TensorRT does not take, CUDA does.
        others: list[tuple[str, dict[str, str]]] = [
            (p.name, dict(p.options)) for p in rest if p.name == CUDA and CUDA in offered
        ]
        if provider.name == TENSORRT:
            if not self._lengths:
                raise _Unusable("an engine would be built for every length of this graph")
            return self._with_engine(provider, others)
        if self._records:
            options["enable_cuda_graph"] = "1"
        return self._load(self._bundle.graph(self._graph), [(provider.name, options), *others])

    def _with_engine(self, provider: Provider, others: list[tuple[str, dict[str, str]]]) -> Any:
        """Use TensorRT with an engine that is kept: the first time takes minutes."""
        version, capability = nvidia.tensorrt_version(), nvidia.compute_capability()
        if version is None or capability is None:
            missing = "TensorRT's library" if version is None else "an NVIDIA driver with a GPU"
            raise _Unusable(f"{missing} cannot be loaded")
        key = Key(
            self._bundle.id,
            self._graph,
            version,
            capability,
            str(onnxruntime.__version__),
            self._lengths,
            provider.options,
        )
        cache = EngineCache(engine_cache())
        with cache.locked():
            if engine := cache.find(key):
                folder = cache.folder(key)
                compiled = next((n for n in engine.files if n.endswith(CONTEXT)), None)
                source = folder / compiled if compiled else self._bundle.graph(self._graph)
                options = {**provider.options, **engine.shapes, **load_options(folder)}
                try:
                    return self._load(source, [(TENSORRT, options), *others])
                except _Unusable as why:
                    log.warning("%s: its engine is built anew: %s", self._graph, why)
                    cache.discard(key)
            expected = cache.estimate_s(provider.build_s)
            folder = cache.begin(key)
            began = time.monotonic()
            try:
                shapes = self._shape_profile()
                options = {**provider.options, **shapes, **build_options(folder, self._graph)}
                with log_progress(
                    f"building the TensorRT engine of {self._graph}, once", expected
                ):
                    session = self._load(
                        self._bundle.graph(self._graph), [(TENSORRT, options), *others]
                    )
            except BaseException:
                cache.discard(key)
                raise
            seconds = time.monotonic() - began
            cache.seal(key, shapes, seconds)
            log.info("built the TensorRT engine of %s in %.0f s", self._graph, seconds)
            return session

    def _shape_profile(self) -> dict[str, str]:
        """Give least, usual and most of every input's shape, states included, as the graph has
        them: one that is left out would mean a new engine for every length."""
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        graph = onnxruntime.InferenceSession(
            str(self._bundle.graph(self._graph)), options, providers=[CPU]
        )
        inputs = {item.name: item.shape for item in graph.get_inputs()}
        return shape_profile(inputs, self._lengths)

    def _load(self, source: Path, chain: list[tuple[str, dict[str, str]]]) -> Any:
        runtime = self._bundle.profile.runtime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = runtime.threads
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = runtime.memory_pattern
        options.enable_cpu_mem_arena = runtime.arena
        options.log_severity_level = 3  # its warnings are noise to a person: "no GPU" on a Pi
        spinning = "1" if runtime.spinning else "0"
        options.add_session_config_entry("session.intra_op.allow_spinning", spinning)
        # Weights that are int8 in storage alone become floats once, at the load. onnxruntime 1.32
        # would do it anew in each run, or make of it a MatMulNBits that rounds activations to 8
        # bits on some CPUs: 1.2 to 1.5 times the work, and another sound on another CPU.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        asked = chain[0][0]
        try:
            if library := kernels.library_path():
                options.register_custom_ops_library(str(library))
            session = onnxruntime.InferenceSession(
                str(source),
                options,
                providers=chain if asked == CPU else [*chain, CPU],
                enable_fallback=0,  # it would try others by itself, and print
            )
        except Exception as error:
            if asked != CPU:
                raise _Unusable(_first_line(error)) from None
            raise ModelFailed(
                f"onnxruntime cannot load {self._graph}: {_first_line(error)}",
                "Run edge inspect on the bundle; if it is whole, build it again: edge build",
            ) from None
        given = str(session.get_providers()[0])
        if given != asked:
            raise _Unusable(f"onnxruntime gave {given} instead")
        return session


class Held:
    """A graph and arrays that it changes: what it reads as NAME it gives as next_NAME.

    Those of `arrays` are one piece of memory, so a cache of many MB costs no copy; a node of the
    graph must write only what it does not read. Those of `states`, which are small, are written
    beside and copied back.
    """

    def __init__(
        self,
        session: Any,
        arrays: Mapping[str, Array],
        states: Mapping[str, Array],
        failed: Callable[[Exception], EdgeError],
    ) -> None:
        self._session, self._failed = session, failed
        self._binding = session.io_binding()
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._made: dict[str, Array] = {}
        self._arrays = dict(arrays)  # onnxruntime keeps only where they are
        self._states = [(array, np.empty_like(array)) for array in states.values()]
        pairs = {name: (array, array) for name, array in arrays.items()}
        pairs |= dict(zip(states, self._states, strict=True))
        for name, (before, after) in pairs.items():
            place = onnxruntime.OrtValue.ortvalue_from_numpy
            self._binding.bind_ortvalue_input(name, place(before))
            self._binding.bind_ortvalue_output(f"next_{name}", place(after))

    def run(
        self, inputs: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]
    ) -> dict[str, Array]:
        """Run once: `shapes` are those of the outputs, float32, which the next run overwrites.
        Raises ModelFailed."""
        for name, shape in shapes.items():
            if self._lengths.get(name) != shape:
                self._lengths[name], self._made[name] = shape, np.empty(shape, np.float32)
                place = onnxruntime.OrtValue.ortvalue_from_numpy(self._made[name])
                self._binding.bind_ortvalue_output(name, place)
        try:
            for name, array in inputs.items():
                self._binding.bind_cpu_input(name, array)
            self._session.run_with_iobinding(self._binding)
        except Exception as error:
            raise self._failed(error) from None
        for before, after in self._states:
            np.copyto(before, after)
        return self._made


class _Recorded:
    """A CUDA graph: inputs and outputs of one shape, at one place of the GPU's memory."""

    def __init__(
        self,
        session: Session,
        inputs: Mapping[str, Array],
        shapes: Mapping[str, tuple[int, ...]],
    ) -> None:
        self._session = session
        self._inputs = {name: session.place(array) for name, array in inputs.items()}
        self._outputs = {name: session.room(shape) for name, shape in shapes.items()}
        self._bound = session.bind(self._inputs, self._outputs, recorded=True)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        for name, array in inputs.items():
            self._inputs[name].update_inplace(array)
        self._session.run_bound(self._bound)
        return {name: place.numpy() for name, place in self._outputs.items()}


def versions() -> dict[str, str]:
    return {"onnxruntime": str(onnxruntime.__version__), "numpy": np.__version__}


def available_providers() -> list[str]:
    return list(onnxruntime.get_available_providers())


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else repr(error)
