"""Messages that wait for a client to read them, and how many bytes they are. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

MAX_MESSAGES = 2048
"""Short ones: sound waits in the synthesis thread."""
MAX_BYTES = 2 << 20
"""20 s of sound at 24 kHz, which a client may be behind (schedule.py), are 1 MB; a stretch of 10 s
that is made at once is half of that."""
FULL_BYTES = 256 << 10
"""Bytes of answers past which requests are not read: whoever asks on without reading waits, and
loses nothing."""

OnSent = Callable[[], None]


class Outbox:
    """Counts the bytes of what it holds."""

    def __init__(self, max_bytes: int = MAX_BYTES, max_messages: int = MAX_MESSAGES) -> None:
        self._max_bytes, self._max_messages = max_bytes, max_messages
        self._messages: deque[tuple[bytes, OnSent | None]] = deque()
        self.bytes = 0
        self._answers = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, data: bytes, on_sent: OnSent | None = None) -> bool:
        """Add a message; False if there is no room, and then it is not added."""
        if len(self) >= self._max_messages or self.bytes + len(data) > self._max_bytes:
            return False
        self._messages.append((data, on_sent))
        self.bytes += len(data)
        self._answers += 0 if on_sent else len(data)
        return True

    def take(self) -> tuple[bytes, OnSent | None]:
        """Remove and return the oldest; there must be one."""
        data, on_sent = self._messages.popleft()
        self.bytes -= len(data)
        self._answers -= 0 if on_sent else len(data)
        return data, on_sent

    @property
    def is_full(self) -> bool:
        """True if no more requests should be read. Sound does not count: it comes by itself."""
        return self._answers > FULL_BYTES or len(self) > self._max_messages // 2
