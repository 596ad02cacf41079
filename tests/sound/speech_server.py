"""A private speech-dispatcher with our output module, and a client of it that speaks SSIP.

Source of SSIP: speech-dispatcher 0.11.4, doc/ssip.texi.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.helpers.daemon_under_test import ROOT
from tests.helpers.fakes import DEADLINE_S

SYSTEM_MODULES = Path("/usr/lib/speech-dispatcher-modules")
APT = "sudo apt-get install -y --no-install-recommends speech-dispatcher"


class SpeechServer:
    """In `folder`; `daemon` is the socket of ours. The sound server is the environment's, which is
    given sound `ahead_ms` before it must play it: by itself what edge-voice.conf says."""

    def __init__(
        self,
        folder: Path,
        daemon: Path,
        modules: tuple[str, ...] = (),
        ahead_ms: int | None = None,
    ) -> None:
        assert shutil.which("speech-dispatcher"), f"speech-dispatcher is not installed: {APT}"
        self.folder, self.path = folder, folder / "speechd.sock"
        self.environment = os.environ | {"SPEECHD_ADDRESS": f"unix_socket:{self.path}"}
        own = folder / "modules"
        for name in ("config/clients", "modules", "log"):
            (folder / name).mkdir(parents=True)
        wrapper = own / "sd_edge_voice"
        wrapper.write_text(
            f"#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m edge speech-dispatcher-module "
            f'--socket {daemon} "$@"\n'
        )
        wrapper.chmod(0o755)
        for module in modules:
            (own / f"sd_{module}").symlink_to(SYSTEM_MODULES / f"sd_{module}")
        snippet = (ROOT / "contrib" / "speech-dispatcher" / "edge-voice.conf").read_text()
        if ahead_ms is not None:
            snippet += f"AudioPulseMinLength {ahead_ms}\n"
        (folder / "config" / "speechd.conf").write_text(
            f'LogLevel 4\nLogDir "{folder}/log"\n{snippet}'
        )
        self.process = subprocess.Popen(
            ["speech-dispatcher", "--run-single", "--communication-method", "unix_socket",
             "--socket-path", self.path, "--config-dir", folder / "config",
             "--module-dir", own, "--pid-file", folder / "pid", "--log-dir", folder / "log",
             "--timeout", "0"],
            env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + DEADLINE_S
        while not self._answers():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.01)  # between two looks, not instead of one

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.path)) == 0

    def log(self) -> str:
        return "".join(path.read_text("utf-8", "replace") for path in self.folder.glob("log/*"))

    def spd_say(self, *arguments: str) -> str:
        done = subprocess.run(
            ["spd-say", *arguments], env=self.environment, check=True, capture_output=True,
            text=True, timeout=DEADLINE_S,
        )  # fmt: skip
        return done.stdout

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(DEADLINE_S)


class Ssip:
    """One client. Events are collected in `events` as they come, with the time."""

    def __init__(self, server: SpeechServer) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(server.path))
        self._changed = threading.Condition()
        self._replies: list[list[str]] = []
        self.events: list[tuple[str, float]] = []
        self._thread = threading.Thread(target=self._read, name="ssip")
        self._thread.start()
        self.say("SET self CLIENT_NAME test:test:main")
        self.say("SET self NOTIFICATION ALL ON")

    def _read(self) -> None:
        lines: list[str] = []
        with self._socket.makefile("r", encoding="utf-8", newline="\r\n") as file:
            for line in file:
                line = line.rstrip("\r\n")
                lines.append(line)
                if line[3:4] != "-":
                    with self._changed:
                        if line.startswith("7"):
                            mark = lines[-2][4:] if line.startswith("700") else ""
                            self.events.append((f"{line[4:]} {mark}".strip(), time.monotonic()))
                        else:
                            self._replies.append(lines)
                        self._changed.notify_all()
                    lines = []

    def say(self, command: str) -> list[str]:
        """A command and its answer, which must be a good one."""
        with self._changed:
            had = len(self._replies)
            self._socket.sendall(f"{command}\r\n".encode())
            assert self._changed.wait_for(lambda: len(self._replies) > had, DEADLINE_S), command
            reply = self._replies[-1]
        assert reply[-1].startswith("2"), reply
        return reply

    def speak(self, text: str) -> None:
        self.say("SPEAK")
        self.say(f"{text}\r\n.")

    def wait_for(self, event: str, count: int = 1) -> float:
        """When it came for the `count`th time: BEGIN, END, CANCELED, PAUSED, INDEX MARK x."""

        def times() -> list[float]:
            return [at for name, at in self.events if name.startswith(event)]

        with self._changed:
            came = self._changed.wait_for(lambda: len(times()) >= count, DEADLINE_S)
            assert came, f"no {event} ({count}) among {self.events}"
            return times()[count - 1]

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(DEADLINE_S)
        self._socket.close()

    def __enter__(self) -> Ssip:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
