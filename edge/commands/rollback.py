"""Exchange a voice's bundle with its previous one; typed twice, it is as before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.commands.options import argument, socket_option, system_option
from edge.commands.reload import tell_daemon

EXAMPLE = "edge rollback en_US-heart"


@dataclass(frozen=True)
class Options:
    voice: str = argument("VOICE", "the name of the voice")
    system: bool = system_option()
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.bundle.store import bundles_of, roll_back
    from edge.owner import make_system_state

    if options.system:
        make_system_state()
    print(f"current is {roll_back(bundles_of(options.system), options.voice)}")
    tell_daemon(options.socket)
    return 0
