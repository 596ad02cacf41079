"""A private PulseAudio with one null sink, and a recorder on its monitor.

The null sink has a real clock, so pacing and underruns are real; what is written is captured
sample for sample (`norewinds=1` matters: without it 6-10 ms at each stream's head are missing).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.sound import devices
from tests.helpers.fakes import DEADLINE_S

APT = "sudo apt-get install -y --no-install-recommends " + (
    "libportaudio2 libasound2-plugins pulseaudio pulseaudio-utils"
)


@contextlib.contextmanager
def private_server(rate: int) -> Iterator[SoundServer]:
    """A server that this process and its children use instead of the machine's own."""
    with tempfile.TemporaryDirectory(prefix="edge-", dir="/tmp") as folder:  # sockets: 108 bytes
        server = SoundServer(Path(folder), rate)
        before = {name: os.environ.get(name) for name in server.environment}
        os.environ.update(server.environment)
        try:
            devices.refresh()
            yield server
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
            server.kill()


class SoundServer:
    def __init__(self, folder: Path, rate: int) -> None:
        for program in ("pulseaudio", "parec", "pactl"):
            assert shutil.which(program), f"{program} is not installed: {APT}"
        self.rate = rate
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._socket = folder / "native"
        self.address = f"unix:{self._socket}"
        self.environment = {
            "PULSE_SERVER": self.address,
            "PULSE_COOKIE": str(folder / "cookie"),
            "PULSE_RUNTIME_PATH": str(folder / "run"),
            "XDG_RUNTIME_DIR": str(folder),
            "HOME": str(folder),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        assert self._process is None
        self._socket.unlink(missing_ok=True)
        command = [
            "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
            "--realtime=no", "--high-priority=no", "--disable-shm=yes",
            "-L", f"module-null-sink sink_name=ci rate={self.rate} channels=1 format=s16le "
            "norewinds=1",
            # The last module: when its socket answers, the sink is there too.
            "-L", f"module-native-protocol-unix socket={self._socket} auth-anonymous=1",
        ]  # fmt: skip
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        deadline = time.monotonic() + DEADLINE_S
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < deadline, "the sound server does not answer"
            time.sleep(0.01)  # between two looks, not instead of one

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self._socket)) == 0

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(DEADLINE_S)
            self._process = None

    def remove_sink(self) -> None:
        self.pactl("unload-module", "module-null-sink")

    def add_sink(self, name: str) -> None:
        self.pactl("load-module", "module-null-sink", f"sink_name={name}", f"rate={self.rate}",
                   "channels=1", "format=s16le", "norewinds=1")  # fmt: skip

    def pactl(self, *arguments: str) -> None:
        subprocess.run(
            ["pactl", *arguments],
            env={**os.environ, **self.environment}, check=True, timeout=DEADLINE_S,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def capture(self, sink: str = "ci") -> Capture:
        return Capture(self, sink)


class Capture:
    """What the sink has played since `__enter__`, as int16 at the sink's rate."""

    def __init__(self, server: SoundServer, sink: str) -> None:
        self._server, self._sink, self.rate = server, sink, server.rate
        self._bytes = bytearray()
        self._changed = threading.Condition()

    def __enter__(self) -> Capture:
        self._process = subprocess.Popen(
            ["parec", "--raw", "-d", f"{self._sink}.monitor", "--format=s16le", "--channels=1",
             f"--rate={self._server.rate}", "--latency-msec=10"],
            env={**os.environ, **self._server.environment}, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._read, name="capture")
        self._thread.start()
        self.wait_for(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._thread.join(DEADLINE_S)
        self._process.wait(DEADLINE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while data := os.read(descriptor, 65536):
            with self._changed:
                self._bytes += data
                self._changed.notify_all()

    @property
    def count(self) -> int:
        with self._changed:
            return len(self._bytes) // 2

    def wait_for(self, count: int) -> None:
        """Until `count` samples in all have been captured."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self._bytes) >= 2 * count, DEADLINE_S)
        assert arrived, f"captured {self.count} of {count} samples"

    def wait_for_sound(self, start: int = 0) -> None:
        """Until a sample other than 0 has been captured, from `start` on."""
        with self._changed:
            heard = self._changed.wait_for(
                lambda: any(memoryview(self._bytes)[2 * start :]), DEADLINE_S
            )
        assert heard, "nothing but silence"

    def wait_for_end(self) -> None:
        """Until the server has hung up."""
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()

    def peek(self) -> npt.NDArray[np.int16]:
        """What has arrived."""
        with self._changed:
            return np.frombuffer(bytes(self._bytes[: len(self._bytes) // 2 * 2]), np.int16)

    def samples(self) -> npt.NDArray[np.int16]:
        """All of it, after 100 ms more, so that what has been played has also arrived."""
        self.wait_for(self.count + self._server.rate // 10)
        return self.peek()

    def heard(self) -> npt.NDArray[np.int16]:
        """From the first sample that is not 0 to the last."""
        samples = self.samples()
        sounding = np.flatnonzero(samples)
        return samples[sounding[0] : sounding[-1] + 1] if len(sounding) else samples[:0]
