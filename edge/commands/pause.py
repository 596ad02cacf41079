"""Hold back all but urgent speech.

What sounds stops within some 20 ms, and what the sound device already holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.commands.answers import print_playback
from edge.commands.options import socket_option

EXAMPLE = "edge pause"


@dataclass(frozen=True)
class Options:
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.client import Client

    with Client(options.socket) as client:
        print_playback(client.pause())
    return 0
