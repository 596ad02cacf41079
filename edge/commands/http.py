"""Offer OpenAI's speech interface to programs on this machine, and a page to
try the voices in a browser (docs/use/page.md)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.commands.options import option, socket_option

EXAMPLE = "edge http --token-file ~/.config/edge-voice/http-token"


@dataclass(frozen=True)
class Options:
    listen: str = option(
        "127.0.0.1:8880", "PLACE", "HOST:PORT of loopback, or a path with a slash: a Unix socket"
    )
    token_file: Path | None = option(
        None, "FILE", "let in who sends the token in FILE as the api_key; a TCP port needs one"
    )
    alias: tuple[str, ...] = option((), "NAME=VOICE", "give a voice another name, such as alloy")
    socket: Path | None = socket_option()


def run(options: Options) -> int:
    from edge.adapters.http_listener import serve

    return serve(options.listen, options.token_file, options.alias, options.socket)
