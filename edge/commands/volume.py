"""Set how loud the sound card speaks, until the daemon stops."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.commands.answers import print_playback
from edge.commands.options import argument, socket_option

EXAMPLE = "edge volume 60"


@dataclass(frozen=True)
class Options:
    percent: int = argument("N", "0 to 100 percent of a voice's own amplitude")
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.client import Client

    with Client(options.socket) as client:
        print_playback(client.set_volume(options.percent))
    return 0
