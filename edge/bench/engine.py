"""One engine in a process of its own: `python -m edge.bench.engine SPEC`, driven over a pipe.

It answers with one JSON line when it is loaded and one for each text that it is told to speak.
Its memory and its import time are its own: nothing but the standard library is here before them.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

ENOUGH_S = 0.25
"""Sound that a player would want before it starts, whatever an engine's first block holds."""

Hear = Callable[[int], None]


class Engine(Protocol):
    """A loaded voice. `settings` says what is not the engine's own default."""

    rate: int
    settings: str

    def speak(self, text: str, hear: Hear) -> None:
        """Call `hear` with the number of frames of each block as it comes."""
        ...


ENGINES = {
    "edge": "edge.bench.ours",
    "piper-tts": "edge.bench.peers",
    "sherpa-onnx": "edge.bench.peers",
    "streaming-vits": "edge.bench.peers",
}


def main(spec: Mapping[str, Any]) -> None:
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what engines print is not an answer

    def answer(data: Mapping[str, Any]) -> None:
        replies.write(json.dumps(data) + "\n")
        replies.flush()

    try:
        clock = _Clock()
        for name in spec["modules"]:
            importlib.import_module(name)
        imported = clock.read()
        maker = importlib.import_module(ENGINES[spec["engine"]])
        clock = _Clock()
        engine: Engine = maker.make(spec)
        answer({"import": imported, "load": clock.read(), "settings": engine.settings, **_rss()})
        for line in sys.stdin:
            answer(_timed(engine, json.loads(line)))
    except Exception as error:
        answer({"error": getattr(error, "message", f"{type(error).__name__}: {error}")})


class _Clock:
    """Seconds since it was made: `wall`, and `cpu` of this process and of programs it ran."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), _cpu()

    def read(self) -> dict[str, float]:
        return {"wall": time.perf_counter() - self._wall, "cpu": _cpu() - self._cpu}


def _timed(engine: Engine, text: str) -> dict[str, Any]:
    first: dict[str, float] = {}
    enough: dict[str, float] = {}
    frames = block = 0
    clock = _Clock()

    def hear(count: int) -> None:
        nonlocal frames, block, first, enough
        frames += count
        if not first and count:
            first, block = clock.read(), count
        if not enough and frames >= ENOUGH_S * engine.rate:
            enough = clock.read()

    engine.speak(text, hear)
    whole = clock.read()
    return {
        "first": first or whole,
        "enough": enough or whole,
        "whole": whole,
        "block_s": block / engine.rate,
        "seconds": frames / engine.rate,
        **_rss(),
    }


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _rss() -> dict[str, int]:
    """Bytes now and at most; getrusage would count what the parent held when it forked."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    status = dict(line.split(":", 1) for line in lines if line.startswith("Vm"))
    return {
        "rest_bytes": int(status["VmRSS"].split()[0]) * 1024,
        "peak_bytes": int(status["VmHWM"].split()[0]) * 1024,
    }


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
