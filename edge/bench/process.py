"""The other end of edge.bench.engine: start one, tell it what to speak, read what it measured."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from edge import child
from edge.bench.report import Loaded
from edge.errors import ModelFailed

Sample = Mapping[str, Any]
INSTALL = "In the clone of Edge Voice: python -m pip install '.[bench]'"


@dataclass(frozen=True)
class Contender:
    """One thing to measure: a variant of the bundle, or a peer, with its intra-op threads."""

    name: str
    threads: int
    spec: Mapping[str, Any]


class Process:
    """One engine's process. Raises ModelFailed in the engine's own words."""

    def __init__(self, contender: Contender) -> None:
        self._contender = contender
        self._child = subprocess.Popen(
            child.command("edge.bench.engine", json.dumps(contender.spec)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._hello: Sample = {}
        self._last: Sample = {}

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._child.kill()
        self._child.communicate()  # closes its standard input, which ends it

    def hello(self) -> None:
        """Wait until it is loaded."""
        self._hello = self._last = self._read()

    def speak(self, text: str) -> Sample:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(json.dumps(text) + "\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            raise self._failed("its process ended") from None
        self._last = self._read()
        return self._last

    @property
    def loaded(self) -> Loaded:
        hello = self._hello
        return Loaded(
            engine=self._contender.name,
            threads=self._contender.threads,
            settings=hello["settings"],
            import_wall_s=hello["import"]["wall"],
            import_cpu_s=hello["import"]["cpu"],
            load_wall_s=hello["load"]["wall"],
            load_cpu_s=hello["load"]["cpu"],
            rest_bytes=self._last["rest_bytes"],
            peak_bytes=self._last["peak_bytes"],
        )

    def _read(self) -> Sample:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        reply: Sample = json.loads(line) if line else {"error": "its process ended"}
        if "error" in reply:
            raise self._failed(reply["error"])
        return reply

    def _failed(self, why: str) -> ModelFailed:
        return ModelFailed(f"{self._contender.name}: {why}", f"Is it installed? {INSTALL}")
