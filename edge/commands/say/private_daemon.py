"""`edge say --local`: a daemon of its own for one call."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from edge import child
from edge.commands.say import Options
from edge.errors import NoDaemon

START_TIMEOUT_S = 60.0
"""Time for a private daemon to load a voice; a Zero 2 W takes some seconds."""


@contextlib.contextmanager
def private_daemon(options: Options) -> Iterator[Path]:
    """Run a daemon until the block ends; yields its socket. Raises NoDaemon."""
    with tempfile.TemporaryDirectory(prefix="edge-voice-") as folder:
        path = Path(folder) / "edge-voice.sock"
        command = child.command("edge", "serve", "--socket", str(path))
        for bundle in options.bundle:
            command += ["--bundle", str(bundle)]
        if options.voice:
            command += ["--voice", options.voice]
        if options.device:
            command += ["--device", options.device]
        if options.any_board:
            command += ["--any-board"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
            reader = threading.Thread(target=_drain, args=(daemon,), daemon=True)
            try:
                _wait_until_ready(daemon)
                reader.start()  # or a pipe full of warnings would stop the daemon
                yield path
            finally:
                daemon.terminate()
                daemon.wait()
                if reader.is_alive():  # it reads to the end before the pipe is closed under it
                    reader.join(START_TIMEOUT_S)


def _drain(daemon: subprocess.Popen[str]) -> None:
    assert daemon.stderr is not None
    for _ in daemon.stderr:
        pass


def _wait_until_ready(daemon: subprocess.Popen[str]) -> None:
    """Block until the daemon logs that it is ready. Raises NoDaemon with its last words."""
    assert daemon.stderr is not None
    said = ["it was not ready in time", "Start it by hand to see why: edge serve"]
    alarm = threading.Timer(START_TIMEOUT_S, daemon.kill)
    alarm.start()
    try:
        for line in daemon.stderr:
            if line.startswith("edge: ready on "):
                return
            said.append(line.strip())
    finally:
        alarm.cancel()
    why, remedy = said[-2:]
    raise NoDaemon(f"the private daemon did not start: {why}", remedy)
