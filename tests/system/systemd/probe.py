"""Runs in the service's sandbox: tries what must be forbidden, and what must not be."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path


def attempt(what: Callable[[], object]) -> str:
    try:
        what()
    except OSError as error:
        return f"{type(error).__name__}: {error.strerror}"
    return "allowed"


def writable_code() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    both = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    if libc.mmap(None, mmap.PAGESIZE, both, flags, -1, 0) == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def main(answers: Path) -> None:
    found = {
        "internet": attempt(lambda: socket.socket(socket.AF_INET)),
        "netlink": attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
        "local": attempt(lambda: socket.socket(socket.AF_UNIX).close()),
        "etc": attempt(lambda: Path("/etc/edge-probe").write_text("x", encoding="utf-8")),
        "run": attempt(lambda: Path("/run/edge-voice/probe").write_text("x", encoding="utf-8")),
        "root": attempt(lambda: list(Path("/root").iterdir())),
        "code": attempt(writable_code),
        "become root": attempt(lambda: os.setuid(0)),
        "state": attempt(
            lambda: Path("/var/lib/edge-voice/probe").write_text("x", encoding="utf-8")
        ),
        "cache": attempt(
            lambda: Path("/var/cache/edge-voice/probe").write_text("x", encoding="utf-8")
        ),
        "user": str(os.geteuid()),
        "interfaces": ",".join(sorted(p.name for p in Path("/sys/class/net").iterdir())),
        "telemetry": os.environ.get("ORT_DISABLE_TELEMETRY", ""),
    }
    answers.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
