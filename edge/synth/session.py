"""The one owner of onnxruntime on the board: sessions with the profile's options, checked.

onnxruntime drops a provider that it cannot load with no more than a printed line, so what was
asked for is compared with what was given.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge import kernels
from edge.bundle import Bundle
from edge.errors import MissingPackage, ModelFailed, ProviderMissing
from edge.profile import Provider

try:
    import onnxruntime
except ImportError as error:
    raise MissingPackage(
        f"onnxruntime cannot be imported: {error}",
        "python -m pip install 'edge-voice[cpu]' (on a Jetson: see docs/install-jetson.md)",
    ) from None

log = logging.getLogger(__name__)

Array = npt.NDArray[Any]


class Session:
    """One graph of a bundle, loaded. `provider` is the one that onnxruntime really put first."""

    def __init__(self, bundle: Bundle, graph: str, providers: tuple[Provider, ...]) -> None:
        runtime = bundle.profile.runtime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = runtime.threads
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = runtime.memory_pattern
        options.enable_cpu_mem_arena = runtime.arena
        options.log_severity_level = 3  # its warnings are noise to a person: "no GPU" on a Pi
        spinning = "1" if runtime.spinning else "0"
        options.add_session_config_entry("session.intra_op.allow_spinning", spinning)
        chain = _offered(providers, graph)
        path = bundle.graph(graph)
        try:
            if library := kernels.library_path():
                options.register_custom_ops_library(str(library))
            self._session = onnxruntime.InferenceSession(
                str(path),
                options,
                providers=[(p.name, p.filled(engine_cache(), bundle.id)) for p in chain],
            )
        except Exception as error:
            raise ModelFailed(
                f"onnxruntime cannot load {graph}: {_first_line(error)}",
                "Run edge inspect on the bundle; if it is whole, build it again: edge build",
            ) from None
        self._session.disable_fallback()
        self._graph = graph
        self.provider = str(self._session.get_providers()[0])
        asked = chain[0]
        if self.provider != asked.name:
            if asked.require:
                raise ProviderMissing(
                    f"{asked.name} was asked for {graph} and {self.provider} was given",
                    "Run edge doctor to see why; or set require: false in the profile.",
                )
            log.warning("%s: %s instead of %s", graph, self.provider, asked.name)
        self.inputs = {item.name: item.shape for item in self._session.get_inputs()}
        self.outputs = [item.name for item in self._session.get_outputs()]
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def run(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """Named arrays in, named arrays out. Raises ModelFailed."""
        try:
            values = self._session.run(self.outputs, inputs)
        except Exception as error:
            raise ModelFailed(
                f"{self._graph} failed while running: {_first_line(error)}",
                "The daemon goes on. If it happens again: edge doctor",
            ) from None
        return dict(zip(self.outputs, values, strict=True))


def versions() -> dict[str, str]:
    return {"onnxruntime": str(onnxruntime.__version__), "numpy": np.__version__}


def available_providers() -> list[str]:
    return list(onnxruntime.get_available_providers())


def engine_cache() -> Path:
    """Where a provider keeps what it compiled on this board; systemd names it for the service."""
    if given := os.environ.get("CACHE_DIRECTORY"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "edge-voice"


def _offered(providers: tuple[Provider, ...], graph: str) -> list[Provider]:
    """The chain without what this onnxruntime was not built with; said aloud, never silent."""
    available = available_providers()
    chain = []
    for provider in providers:
        if provider.name in available:
            chain.append(provider)
        elif provider.require:
            raise ProviderMissing(
                f"the profile demands {provider.name} for {graph}; this onnxruntime offers "
                + ", ".join(available),
                "Install the onnxruntime build for this board (edge doctor names it), "
                "or set require: false in the profile.",
            )
        else:
            log.warning("%s: %s is not in this onnxruntime", graph, provider.name)
    return chain or [Provider("CPUExecutionProvider")]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else repr(error)
