"""Signs of life for systemd, sent only while every thread of the daemon comes round.

The sockets' thread sends them, so its own standstill shows by itself. A thread in the middle of a
long run, as of a whole sentence on a slow board, is late but alive: WatchdogSec= must be longer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from edge import systemd

log = logging.getLogger(__name__)

CHECKS = 6
"""Checks in each WatchdogSec, so that one late answer is not fatal."""


class Loop(Protocol):
    """A thread that runs one loop. `turns` grows each time round; nudge() makes it come round."""

    name: str

    @property
    def turns(self) -> float: ...

    def nudge(self) -> None: ...


async def keep_alive(threads: Sequence[Loop]) -> None:
    """Send signs of life until cancelled; return at once where nobody waits for them."""
    if (limit := systemd.watchdog_s()) is None:
        return
    systemd.notify("WATCHDOG=1")
    seen = [thread.turns for thread in threads]
    while True:
        for thread in threads:
            thread.nudge()
        await asyncio.sleep(limit / CHECKS)
        still = [t.name for t, before in zip(threads, seen, strict=True) if t.turns == before]
        if still:
            log.warning("no sign of life from %s for %.0f s", ", ".join(still), limit / CHECKS)
            continue  # compared again with what was seen last, until it moves or systemd kills us
        seen = [thread.turns for thread in threads]
        systemd.notify("WATCHDOG=1")
