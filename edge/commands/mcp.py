"""Offer speech as tools to language models: Model Context Protocol on stdin and
stdout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.commands.options import socket_option

EXAMPLE = "edge mcp"


@dataclass(frozen=True)
class Options:
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.adapters.mcp_server import serve

    return serve(options.socket)
