"""Have the daemon read its configuration and bundles again.

What sounds or waits goes on as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.commands.options import socket_option
from edge.errors import NoDaemon

EXAMPLE = "edge reload"


@dataclass(frozen=True)
class Options:
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.client import Client

    with Client(options.socket) as client:
        changed = client.reload()
    print("\n".join(changed) or "nothing has changed")
    return 0


def tell_daemon(socket: Path | None) -> None:
    """Have the daemon speak with a bundle that was just exchanged, if a daemon runs."""
    from edge.client import Client

    try:
        with Client(socket) as client:
            changed = client.reload()
    except NoDaemon:
        print("no daemon runs; the next one speaks with it")
    else:
        print("the daemon: " + ("; ".join(changed) or "nothing has changed for it"))
