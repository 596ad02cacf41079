"""Allocations and calls on a disk that fail in a running daemon: failing_calls.c, preloaded."""

from __future__ import annotations

import contextlib
import mmap
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

_NUMBERS = struct.Struct("=5Q")


class FailingCalls:
    """Compiled into `folder`; the daemon is started with `environment`."""

    def __init__(self, folder: Path) -> None:
        library, controls = folder / "failing_calls.so", folder / "failing_calls.controls"
        source = Path(__file__).with_suffix(".c")
        command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-o", library, source, "-ldl"]
        subprocess.run(command, check=True)
        controls.write_bytes(bytes(_NUMBERS.size))
        with controls.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _NUMBERS.size)
        self.environment = {"LD_PRELOAD": str(library), "EDGE_CHAOS_CONTROLS": str(controls)}

    @property
    def failed(self) -> int:
        """Number of calls that have failed so far."""
        return int(_NUMBERS.unpack(self._map)[4])

    @contextlib.contextmanager
    def allocations(self, one_in: int, from_bytes: int) -> Iterator[None]:
        """Let one in so many fail, of those that ask for `from_bytes` or more."""
        with self._told(one_in, from_bytes, 0, 0):
            yield

    @contextlib.contextmanager
    def disk(self, one_in: int, folder: Path) -> Iterator[None]:
        """Let one in so many reads, writes and fsyncs on the disk of `folder` fail with EIO."""
        with self._told(0, 0, one_in, folder.stat().st_dev):
            yield

    @contextlib.contextmanager
    def _told(self, *numbers: int) -> Iterator[None]:
        self._map[:32] = struct.pack("=4Q", *numbers)
        try:
            yield
        finally:
            self._map[:32] = bytes(32)
