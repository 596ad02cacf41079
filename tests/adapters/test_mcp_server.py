"""`edge mcp` as a process, with the official SDK's client on its pipes."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters, stdio_client

from tests.helpers.command_line import refusal
from tests.helpers.daemon_under_test import ROOT, ThreadDaemon
from tests.helpers.fakes import DEADLINE_S

TEXT = "The kettle is on."


def server(path: Path) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "edge", "mcp", "--socket", str(path)],
        cwd=str(ROOT),
        env={"PYTHONPATH": str(ROOT)},
    )


def called(path: Path, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Return what each tool answered: its object, or the text of its error."""

    async def session() -> list[Any]:
        answers = []
        async with Client(stdio_client(server(path))) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert set(tools) == {"speak", "stop", "voices", "status"}
            assert all(tool.description for tool in tools.values())
            for name, arguments in calls:
                result = await client.call_tool(name, arguments)
                text = getattr(result.content[0], "text", "")
                answers.append(text if result.is_error else result.structured_content)
        return answers

    return asyncio.run(session())


def test_a_model_speaks_looks_and_stops(daemon: ThreadDaemon) -> None:
    heard, status, voices, wrong, empty = called(
        daemon.path,
        ("speak", {"text": TEXT, "wait": True}),
        ("status", {}),
        ("voices", {}),
        ("speak", {"text": TEXT, "voice": "nobody"}),
        ("speak", {"text": TEXT, "speed": 99}),
    )
    assert heard["state"] == "heard" and heard["seconds"] > 0.5
    assert daemon.card.heard().any()
    assert status["counters"]["spoken"] == 1
    assert voices["voices"][0]["name"] == "tone"
    assert "nobody" in wrong and "edge" in wrong  # what is wrong, and what to do
    assert "speed" in empty

    daemon.card.give_room(0)
    queued, stopped, again = called(
        daemon.path, ("speak", {"text": TEXT}), ("stop", {}), ("stop", {})
    )
    assert queued["state"] == "queued" and stopped == {"stopped": [queued["id"]]}
    assert again == {"stopped": []}


def test_a_call_that_is_cancelled_ends_the_speech(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(0)

    async def session() -> None:
        async with Client(stdio_client(server(daemon.path))) as client:
            call = asyncio.create_task(client.call_tool("speak", {"text": TEXT, "wait": True}))
            await asyncio.to_thread(daemon.card.wait_until_held)
            call.cancel()
            await asyncio.wait([call])
            counters = daemon.server.synthesis.counters
            while not counters.cancelled:  # each answer is another turn of the daemon's
                await client.call_tool("status", {})

    asyncio.run(asyncio.wait_for(session(), DEADLINE_S))
    assert daemon.server.synthesis.counters.spoken == 0


def test_without_a_daemon_the_model_is_told_so(tmp_path: Path) -> None:
    [answer] = called(tmp_path / "none", ("speak", {"text": TEXT}))
    assert "no daemon answers" in answer and "edge serve" in answer


def test_without_the_extra_the_command_names_it(tmp_path: Path) -> None:
    (tmp_path / "mcp.py").write_text("raise ModuleNotFoundError(\"no mcp\", name='mcp')\n")
    said = refusal("mcp", PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert "the Python package mcp is not installed" in said and "pip install" in said
