"""Who asks `edge http` gets in, however many connections say nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from edge import synth
from edge.adapters.http_patience import MAX_CONNECTIONS, Patient
from edge.bundle import Bundle
from edge.config import Access
from tests.daemon.test_daemon import put_in
from tests.helpers.daemon_under_test import ThreadDaemon
from tests.helpers.fakes import DEADLINE_S, FakeVoice, Gate
from tests.helpers.http_under_test import TOKEN, Http


@pytest.fixture
def adapter(daemon: ThreadDaemon, tmp_path: Path) -> Iterator[Http]:
    running = Http(daemon.path, tmp_path)
    yield running
    said = running.stop()
    assert "kettle" not in said and "Traceback" not in said, said


@pytest.mark.parametrize("first", [b"", b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX: "])
def test_a_crowd_that_asks_nothing_shuts_nobody_out(adapter: Http, first: bytes) -> None:
    """Without a token, silent or with half a header: more than there are places."""
    [(host, port)] = re.findall(r"http://(.*):(\d+)/v1", adapter.url)
    with contextlib.ExitStack() as stack:
        crowd = []
        for _ in range(MAX_CONNECTIONS + 10):
            crowd.append(
                stack.enter_context(socket.create_connection((host, int(port)), DEADLINE_S))
            )
            crowd[-1].sendall(first)
        assert adapter.ask("GET", "/v1/models")[0] == 200
        with contextlib.suppress(ConnectionResetError):
            assert crowd[0].recv(1) == b"", "the one that waited longest gave way"


def test_the_65th_request_is_told_what_to_do(
    adapter: Http, daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    """And those that came before it are answered."""
    gate, places = Gate(0), Access().clients_per_user
    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), gate))
    body = json.dumps({"model": "edge-voice", "input": "Hello.", "response_format": "wav"})
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(contextlib.closing(adapter.connect())) for _ in range(places)
        ]
        for connection in running:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            connection.request("POST", "/v1/audio/speech", body, headers)
        while len(daemon.server.synthesis.live()) < places:
            time.sleep(0.01)  # between two looks
        refused = adapter.refused()
        gate.open()
        answers = [connection.getresponse() for connection in running]
        assert all(a.status == 200 and a.read(4) == b"RIFF" and a.read() for a in answers)
    assert (refused["status"], refused["code"]) == (429, "busy")
    assert f"{places} clients" in refused["message"]
    assert "access.clients_per_user" in refused["message"], "the remedy"


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"]
)
def test_who_says_nothing_is_hung_up_on(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a slow body keep its place; a whole request is answered however long it takes."""
    monkeypatch.setattr("edge.adapters.http_patience.REQUEST_S", 0.1)

    hung_up = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            await hung_up.wait()
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})
        while (await receive())["type"] != "http.disconnect":
            pass

    async def both() -> tuple[bytes, bytes]:
        config = uvicorn.Config(slow, http=Patient, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            config.load()
            server.lifespan = config.lifespan_class(config)
            await server.startup(sockets=[listener])
            whole, asks = await asyncio.open_connection(*listener.getsockname())
            asks.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            part, says_little = await asyncio.open_connection(*listener.getsockname())
            says_little.write(sent)
            nothing = await asyncio.wait_for(part.read(), DEADLINE_S)
            hung_up.set()
            answer = await asyncio.wait_for(whole.readline(), DEADLINE_S)
            for writer in (asks, says_little):
                writer.close()
            await server.shutdown(sockets=[listener])
        return nothing, answer

    nothing, answer = asyncio.run(both())
    assert nothing == b"" and answer.startswith(b"HTTP/1.1 204")
