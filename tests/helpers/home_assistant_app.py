"""The Home Assistant app as its container starts it, with a stand-in for the Supervisor."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from tests.helpers.daemon_under_test import ROOT
from tests.helpers.fakes import DEADLINE_S

APP = ROOT / "contrib/home-assistant"


class Supervisor:
    """Takes the discovery as Home Assistant's Supervisor does: POST /discovery, with the token."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str | None, Any]] = []
        self.changed = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.told.append((self.path, self.headers["Authorization"], body))
                self.send_response(200)
                self.end_headers()
                outer.changed.set()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class App:
    """The app's own program; `said` is its log, once it has ended."""

    def __init__(self, folder: Path, bundles: Path, options: dict[str, Any]) -> None:
        assert shutil.which("socat"), "the app's port needs socat: apt install socat"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.supervisor = Supervisor()
        self.bundles = bundles
        self.socket = folder / "state/edge-voice.sock"
        self.said = ""
        (folder / "options.json").write_text(json.dumps(options))
        (folder / "trial.py").write_text(
            "import sys; from edge.cli import run\n"
            f"more = ['--any-board', '--bundle', {str(bundles)!r}]\n"
            "words = sys.argv[1:]\n"
            "sys.exit(run(words + (more if words[0] == 'serve' else [])))\n"
        )
        environment = {
            "DATA": str(folder),
            "EDGE": f"{sys.executable} {folder / 'trial.py'}",
            "PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
            "SUPERVISOR": self.supervisor.url,
            "SUPERVISOR_TOKEN": "secret",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-u", str(APP / "run.py")],
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def send(self, lines: str) -> None:
        """Write to its standard input, as the action `hassio.app_stdin` does."""
        assert self.process.stdin is not None
        self.process.stdin.write(lines)
        self.process.stdin.flush()

    def stop(self) -> None:
        self.process.terminate()
        self.said = self.process.communicate(timeout=DEADLINE_S)[1]
        print(self.said)  # for whoever reads why a test failed
        self.supervisor.stop()


@contextmanager
def running_app(folder: Path, bundles: Path, options: dict[str, Any]) -> Iterator[App]:
    """Run the app with its data in `folder` and what lies in `bundles`, once it was announced."""
    app = App(folder, bundles, options)
    try:
        while not app.supervisor.changed.wait(1):
            assert app.process.poll() is None, "it ended before it was ready"
        yield app
    finally:
        app.stop()
