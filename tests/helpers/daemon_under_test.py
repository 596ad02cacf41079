"""A daemon to talk to: in a thread with a fake sound card, or a whole process; a raw client."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from edge.bundle import Bundle
from edge.config import Config
from edge.daemon.reloading import Reread
from edge.daemon.server import Server
from edge.pcm import Samples
from edge.protocol import (
    FROM_DAEMON,
    AudioChunk,
    AudioStart,
    AudioStop,
    Decoder,
    ErrorReply,
    Ping,
    Pong,
    Reply,
    Request,
    encode,
    parse_reply,
    to_frame,
)
from tests.helpers.fakes import DEADLINE_S, FakeCard

ROOT = Path(__file__).parents[2]


class Wire:
    """One connection: sends messages or any bytes, receives replies one by one."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(DEADLINE_S)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self._decoder = Decoder(FROM_DAEMON)
        self._received: deque[Reply] = deque()

    def send(self, *messages: Request | bytes) -> None:
        self.socket.sendall(
            b"".join(m if isinstance(m, bytes) else encode(to_frame(m)) for m in messages)
        )

    def receive(self) -> Reply | None:
        """The next reply; None when the daemon has hung up."""
        while not self._received:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._received += [parse_reply(frame) for frame in self._decoder.feed(data)]
        return self._received.popleft()

    def until(self, *kinds: type[Reply]) -> list[Reply]:
        """Replies up to and including the first of these kinds, an error or the hang-up."""
        replies: list[Reply] = []
        while (reply := self.receive()) is not None:
            replies.append(reply)
            if isinstance(reply, (*kinds, ErrorReply)):
                break
        return replies

    def sound(self) -> Samples:
        """One whole answer to `synthesize`, as int16."""
        replies = self.until(AudioStop)
        start, *chunks, stop = replies
        assert isinstance(start, AudioStart) and isinstance(stop, AudioStop), replies
        assert all(isinstance(c, AudioChunk) and c.rate == start.rate for c in chunks)
        return np.frombuffer(b"".join(c.payload for c in chunks), "<i2")  # type: ignore[union-attr]

    def ping(self) -> None:
        self.send(Ping())
        assert self.receive() == Pong()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class ThreadDaemon:
    """The real server in a thread of this process; `loop` is its event loop."""

    def __init__(
        self,
        path: Path,
        bundles: Sequence[Bundle],
        reread: Reread | None = None,
        config: Config | None = None,
    ) -> None:
        self.path, self.card, self._reread = path, FakeCard(), reread
        self._config = config or Config()
        self._ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run(bundles)))
        self.thread.start()
        assert self._ready.wait(DEADLINE_S), "the daemon did not start"

    async def _run(self, bundles: Sequence[Bundle]) -> None:
        self.loop = asyncio.get_running_loop()
        self.server = Server(bundles, self.card.open, config=self._config, reread=self._reread)
        await self.server.run(self.path, self._ready.set)

    def connect(self) -> Wire:
        return Wire(self.path)

    def wait_until_idle(self) -> None:
        """Wait until no utterance is live."""
        deadline = time.monotonic() + DEADLINE_S
        while self.server.synthesis.live():
            assert time.monotonic() < deadline, "an utterance did not end"
            time.sleep(0.01)

    def stop(self) -> None:
        if self.thread.is_alive():
            self.card.give_room()
            self.loop.call_soon_threadsafe(self.server.stop)
            self.thread.join(DEADLINE_S)
        assert not self.thread.is_alive(), "the daemon did not stop"


class ProcessDaemon:
    """`edge serve` as a user runs it; without a bundle, with those that are installed."""

    def __init__(
        self,
        path: Path,
        bundle: Path | None,
        prefix: Sequence[str] = (),
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        ready: str = "ready on",
    ) -> None:
        self.path = path
        self.process = subprocess.Popen(
            [*prefix, *serve_command(path, bundle), *options],
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment or os.environ | {"PYTHONPATH": str(ROOT)},
        )
        self.said: list[str] = []
        self.wait_for(ready)

    def connect(self) -> Wire:
        return Wire(self.path)

    def wait_for(self, words: str) -> None:
        """Until they are in its log."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if words in line:
                return
        raise AssertionError(f"the daemon did not say {words!r}:\n" + "".join(self.said))

    def wait(self) -> int:
        self.said.append(self.process.communicate(timeout=DEADLINE_S)[1])
        return self.process.returncode

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.wait()
            raise


def serve_command(path: Path, bundle: Path | None) -> list[str]:
    named = ["--bundle", str(bundle)] if bundle else []
    return [
        sys.executable, "-m", "edge", "serve", "--any-board", "--socket", str(path), *named
    ]  # fmt: skip
