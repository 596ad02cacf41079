"""Tools for language models and their agents: the Model Context Protocol on stdin and stdout.

A thin client of the daemon's socket: each call is one connection. Source of the protocol:
https://modelcontextprotocol.io; the package is its official SDK.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

from edge import __version__
from edge.adapters.conversation import conversation
from edge.client import Client, socket_path
from edge.errors import EdgeError
from edge.protocol import Speak, SpeakCancelled, SpeakFinished

_T = TypeVar("_T")

INSTRUCTIONS = """Speaks through the loudspeaker of this machine, without a network. People in the
room hear it: be brief, write sentences as they are said, and use no tables or code."""
_LOOKS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_ACTS = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)


def serve(socket: Path | None) -> int:
    """Answer until standard input ends; returns the exit status."""
    tools(socket or socket_path()).run("stdio")
    return 0


def tools(path: Path) -> MCPServer[Any]:
    """Make a server whose tools talk to the daemon at `path`."""
    server: MCPServer[Any] = MCPServer(
        "edge-voice", title="Edge Voice", instructions=INSTRUCTIONS, version=__version__
    )

    async def asked(question: Callable[[Client], _T]) -> _T:
        """Ask the daemon, in a thread. Raises ToolError with what to do."""

        def ask() -> _T:
            with Client(path) as client:
                return question(client)

        with _explained():
            return await asyncio.to_thread(ask)

    @server.tool(annotations=_ACTS)
    async def speak(
        text: str,
        voice: str | None = None,
        speed: float = 1.0,
        priority: Literal["urgent", "normal", "background"] = "normal",
        wait: bool = False,
    ) -> dict[str, Any]:
        """Say a text aloud, at most 10,000 characters.

        Returns its id once it waits in the queue; with `wait`, once it was heard, and then a call
        that is cancelled ends the speech. `voice`: a name that the tool voices gives, else the
        default voice. `speed`: 0.5 to 3. `priority`: urgent cuts in; background waits for silence.
        """
        with _explained():
            request = Speak(text, voice=voice, speed=speed, priority=priority)
            if wait:
                return await _heard(path, request)
        accepted = await asked(lambda client: list(client.speak(request, wait=False)))
        return {"id": getattr(accepted[0], "id", None), "state": "queued"}

    @server.tool(annotations=_ACTS)
    async def stop(id: str | None = None) -> dict[str, Any]:
        """Be silent at once: about the utterance with this id, else about all that is spoken or
        waits. Returns the ids of what was stopped."""
        return {"stopped": list(await asked(lambda client: client.stop(id)))}

    @server.tool(annotations=_LOOKS)
    async def voices() -> dict[str, Any]:
        """List the voices that the tool speak can use, with their languages and speakers."""
        info = await asked(Client.describe)
        return {
            "voices": [
                {
                    "name": voice.name,
                    "description": voice.description,
                    "languages": list(voice.languages),
                    "speakers": [speaker.name for speaker in voice.speakers or ()],
                }
                for program in info.tts
                for voice in program.voices
            ]
        }

    @server.tool(annotations=_LOOKS)
    async def status() -> dict[str, Any]:
        """Tell how the speech service does: its version, its voices, and counts of what was spoken
        and waits."""
        return dataclasses.asdict(await asked(Client.status))

    return server


async def _heard(path: Path, request: Speak) -> dict[str, Any]:
    """Speak, and wait until it was heard or stopped; the speech ends if the wait is cancelled."""
    async with conversation(path) as connection:
        connection.send(request)
        while True:
            message = await connection.receive()
            if isinstance(message, SpeakFinished):
                return {"id": message.id, "state": "heard", "seconds": message.seconds}
            if isinstance(message, SpeakCancelled):
                state = {"id": message.id, "state": "stopped", "reason": message.reason}
                return {**state, "seconds": message.seconds}


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Have errors reach the model with what to do about them."""
    try:
        yield
    except EdgeError as error:
        raise ToolError(f"{error.message}. {error.remedy}") from None
