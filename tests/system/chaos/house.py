"""Where the daemon of a run lives: its folders, its process, its log and its sound card."""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from edge.bundle import Bundle
from edge.bundle.install import install
from edge.bundle.store import CURRENT, linked, switch
from edge.client import Client
from edge.errors import EdgeError
from edge.protocol import StatusReport
from tests.helpers.daemon_under_test import ROOT
from tests.sound.server import SoundServer
from tests.system.chaos.device_tap import read_tap
from tests.system.chaos.ear import Ear
from tests.system.chaos.failing_calls import FailingCalls

READY_S = 600.0
"""A start beside 40 other jobs has taken over 90; how long clients wait is judged elsewhere."""
DISK = "size=24m"
ENDING_S = 5.0
"""Longest wait for a process that does not answer any more to be over."""
CATCH_UP_S = 1.0
TAP_BYTES = 1 << 20
"""More than 20 s of sound: a busy reader must not hold up the device."""
Tapped = tuple[Callable[[float, int, int, int], None], Callable[[float, str], None]]
"""What read_tap() calls."""


class House:
    """`server` plays what is spoken; without one, a pipe does. The state and the phrases lie on a
    small disk of their own, where this machine lets one be mounted."""

    def __init__(
        self,
        folder: Path,
        bundles: tuple[Bundle, Bundle],
        ear: Ear,
        server: SoundServer | None,
        environment: Mapping[str, str] = MappingProxyType({}),
        tapped: Tapped = (lambda *_: None, lambda *_: None),
    ) -> None:
        """`tapped` are told of the words that the daemon gives to a sound server's device, and of
        what else it does to it."""
        self._environment, self._tapped = environment, tapped
        self.folder, self.ear, self.server = folder, ear, server
        folder.chmod(0o710)  # another user's clients come as members of our group
        self.failing = FailingCalls(folder)
        self.socket = folder / "edge.sock"
        self.lost = folder / "lost"
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.mounted = _run("mount", "-t", "tmpfs", "-o", DISK, "none", str(self.disk))
        self.home = self.disk / "bundles" / bundles[0].voice.name
        self._bundles = bundles
        self.put_bundles()
        (folder / "config.yaml").write_text(
            f"bundles: [{self.disk / 'bundles'}]\ncache: {{folder: {self.disk / 'phrases'}, "
            "folder_mb: 4}\n",
            encoding="utf-8",
        )
        self.log: list[str] = []
        self.lives = 0
        self.deaf = [(0.0, 0.0)]  # from and to when nobody recorded, monotonic seconds
        self.deaths: list[float] = []
        """When a daemon was over, monotonic seconds."""
        self.process: subprocess.Popen[bytes] | None = None
        self._threads: list[threading.Thread] = []
        self._ending = threading.Event()
        self._recorded: queue.Queue[bytes] = queue.Queue()
        if server is not None:
            self._read_in_thread(self._record)
            threading.Thread(target=self._listen, name="ear", daemon=True).start()
        self.start()

    def put_bundles(self) -> None:
        """Both of them, whole; the second one is current."""
        for bundle in self._bundles:
            self.put_bundle(bundle)

    def put_bundle(self, bundle: Bundle) -> None:
        install(bundle.path, self.disk / "bundles", None, lambda folder: None)

    @property
    def latest(self) -> Bundle:
        """The bundle that put_bundles leaves as the current one."""
        return self._bundles[1]

    def exchange(self) -> None:
        """Current and previous change places."""
        current = linked(self.home, CURRENT)
        folders = [entry for entry in self.home.iterdir() if entry.is_dir()]
        switch(self.home, next(f for f in folders if f != current and not f.is_symlink()))

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """And return when it answers."""
        reading, writing = os.pipe()
        card = ["--card", str(writing), "--lost", str(self.lost)]
        if self.server:
            card = ["--tap", str(writing)]
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, TAP_BYTES)
        device = ["--device", "pulse"] if self.server else []
        self.lives += 1
        self._log_of_before = len(self.log)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.chaos.daemon", *card, "serve", "--any-board",
             "--socket", str(self.socket), "--config", str(self.folder / "config.yaml"), *device],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **self._environment,
                           **self.failing.environment},
            pass_fds=[writing], stderr=subprocess.PIPE,
        )  # fmt: skip
        os.close(writing)
        assert self.process.stderr is not None
        stderr = self.process.stderr
        self._read_in_thread(lambda: self._read_log(stderr.fileno()))
        if self.server is None:
            self._read_in_thread(lambda: self._read_card(reading))
        else:
            self._read_in_thread(lambda: read_tap(reading, *self._tapped))
        deadline = time.monotonic() + READY_S
        while self.status() is None:
            assert self.process.poll() is None, "it did not start:\n" + "".join(self.log[-20:])
            assert time.monotonic() < deadline, "it was not ready in time"
            time.sleep(0.02)  # between two looks

    @property
    def loaded(self) -> bool:
        """It answers before that."""
        return any("ready on" in line for line in self.log_of_this_life)

    @property
    def log_of_this_life(self) -> list[str]:
        return self.log[self._log_of_before :]

    def status(self) -> StatusReport | None:
        try:
            with Client(self.socket) as client:
                return client.status()
        except EdgeError:
            return None

    def end(self, number: int = signal.SIGKILL) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        returned = self.process.wait(READY_S)
        self.deaths.append(time.monotonic())
        for thread in self._threads:
            if thread.name == "life":
                thread.join(READY_S)
        self._threads = [t for t in self._threads if t.is_alive()]
        assert self.process.stderr is not None
        self.process.stderr.close()
        if self.server is None:
            self.ear.cut()
        return returned

    def ending(self) -> int | None:
        """How the process ended, if it has, or is about to."""
        assert self.process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(ENDING_S)
        return None

    def close(self) -> None:
        self._ending.set()
        if self.process is not None and self.process.poll() is None:
            self.end()
        if self.server is not None:
            self.server.kill()
        if self.mounted:
            _run("umount", str(self.disk))

    def last_words(self) -> str:
        """How it ended, if it has, and the end of its log."""
        assert self.process is not None
        return f"returned {self.process.poll()}\n" + "".join(self.log[-40:])

    def limit(self, what: int, value: int | None) -> None:
        """Of the running daemon; None is no limit."""
        _, hard = resource.prlimit(self.pid, what)
        resource.prlimit(self.pid, what, (hard if value is None else value, hard))

    def read_only(self, on: bool) -> None:
        _run("mount", "-o", f"remount,{'ro' if on else 'rw'}", str(self.disk))

    def fill(self) -> Path:
        """The disk to its last byte, with a file to remove."""
        path = self.disk / "filling"
        with path.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 8, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue
        return path

    def used(self) -> dict[str, int]:
        """Resident memory in kB, file descriptors and threads of the daemon."""
        proc = Path(f"/proc/{self.pid}")
        status = (proc / "status").read_text(encoding="ascii")
        return {
            "kB": int(status.split("VmRSS:")[1].split()[0]),
            "threads": int(status.split("Threads:")[1].split()[0]),
            "descriptors": len(list((proc / "fd").iterdir())),
        }

    def _read_in_thread(self, work: object) -> None:
        assert callable(work)
        name = "record" if work == self._record else "life"
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _read_log(self, descriptor: int) -> None:
        with os.fdopen(os.dup(descriptor), "r", encoding="utf-8", errors="replace") as lines:
            self.log.extend(lines)

    def _read_card(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb", buffering=0) as pipe:
            while data := pipe.read(1 << 16):
                self.ear.feed(data)

    def _listen(self) -> None:
        while True:
            if data := self._recorded.get():
                self.ear.feed(data)
            else:
                self.ear.cut()
            self._recorded.task_done()

    def catch_up(self) -> None:
        """Return when the ear has heard all that was played."""
        if self.server is not None:
            time.sleep(CATCH_UP_S)  # it is on its way to the recorder
            self._recorded.join()

    def _record(self) -> None:
        """What the sound server plays, over its deaths. Listening is another thread's: on a busy
        machine it is seconds behind, and a recorder that waits for it tells of its death so late
        that what nobody recorded meanwhile looks lost."""
        assert self.server is not None
        since = time.monotonic()
        while not self._ending.is_set():
            with subprocess.Popen(
                ["parec", "--raw", "-d", "ci.monitor", "--format=s16le", "--channels=1",
                 f"--rate={self.server.rate}", "--latency-msec=10"],
                env={**os.environ, **self.server.environment},
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            ) as recorder:  # fmt: skip
                assert recorder.stdout is not None
                while data := os.read(recorder.stdout.fileno(), 1 << 16):
                    if since:
                        self.deaf.append((since, time.monotonic()))
                    since = 0.0
                    self._recorded.put(data)
            self._recorded.put(b"")
            since = since or time.monotonic()
            self._ending.wait(0.02)


def _run(*command: str) -> bool:
    program = shutil.which(command[0])
    if program is None:
        return False
    return subprocess.run([program, *command[1:]], capture_output=True).returncode == 0
