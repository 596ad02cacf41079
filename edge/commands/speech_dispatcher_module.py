"""Speak for speech-dispatcher, which starts this by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.commands.options import argument, socket_option

EXAMPLE = "edge speech-dispatcher-module --socket ~/edge-voice.sock"


@dataclass(frozen=True)
class Options:
    config: str | None = argument("FILE", "what speech-dispatcher gives; it is not read", None)
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.adapters.speech_dispatcher import run_module
    from edge.client import socket_path

    return run_module(options.socket or socket_path())
