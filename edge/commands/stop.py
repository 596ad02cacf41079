"""Stop what is being spoken and what waits, whoever asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.commands.options import argument, socket_option

EXAMPLE = "edge stop"


@dataclass(frozen=True)
class Options:
    id: str | None = argument("ID", "stop only the utterance with this id", None)
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.client import Client

    with Client(options.socket) as client:
        stopped = client.stop(options.id)
    print(f"stopped {len(stopped)}" if stopped else "nothing was being spoken")
    return 0
