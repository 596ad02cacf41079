"""`edge http` as a process, and what asks it."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import openai

from tests.helpers.daemon_under_test import ROOT
from tests.helpers.fakes import DEADLINE_S

TOKEN = "0123456789abcdef0123456789abcdef"
TEXT = "The kettle is on. And the tea is in the pot, where it belongs."


class Http:
    """The adapter as a user runs it, on a port that the system chose or on a Unix socket."""

    def __init__(self, daemon: Path, folder: Path, *options: str) -> None:
        file = folder / "token"
        file.write_text(TOKEN + "\n")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "edge",
                "http",
                "--socket",
                str(daemon),
                "--token-file",
                file,
                *(options or ("--listen", "127.0.0.1:0")),
            ],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        ready = self.process.stderr.readline()
        assert ready.startswith("edge: ready on "), ready + self.process.stderr.read()
        self.url = ready.split()[-1]
        self._clients: list[openai.OpenAI] = []

    def openai(self, token: str = TOKEN) -> openai.OpenAI:
        client = openai.OpenAI(base_url=self.url, api_key=token, max_retries=0, timeout=DEADLINE_S)
        self._clients.append(client)  # each keeps a connection until it is closed
        return client

    def connect(self) -> http.client.HTTPConnection:
        [(host, port)] = re.findall(r"http://(.*):(\d+)/v1", self.url)
        return http.client.HTTPConnection(host, int(port), timeout=DEADLINE_S)

    def ask(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> tuple[int, Any]:
        connection = self.connect()
        sent = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        connection.request(method, path, sent, {"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        received = answer.read()
        connection.close()
        return answer.status, json.loads(received)

    def refused(self, **changes: Any) -> dict[str, Any]:
        """The error of a speech request with these changes."""
        body = {"model": "edge-voice", "input": TEXT, "response_format": "wav"} | changes
        status, answer = self.ask("POST", "/v1/audio/speech", body)
        [error] = answer.values()
        assert set(error) == {"message", "type", "param", "code"} and error["message"]
        return error | {"status": status}

    def stop(self) -> str:
        for client in self._clients:
            client.close()
        self.process.terminate()
        return self.process.communicate(timeout=DEADLINE_S)[1]
