"""How long `edge http` listens to who says nothing: uvicorn itself would wait for ever.

Without it a crowd of connections of any program on the machine, without a token, shuts all others
out. How many requests with a token run is the daemon's to limit: `access.clients_per_user`.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_S = 10.0
"""Seconds from a connection, or from an answer's end, to a whole request, its body included."""
MAX_CONNECTIONS = 256
"""Connections at a time. Past it the one that has waited longest for its request gives way, so
whoever comes with a request gets in, however many come without."""


class Patient(H11Protocol):
    """Hangs up where no whole request comes in time, or where it is so long in coming that others
    need the place; an answer may take as long as it takes."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_a_request()
        if len(self.connections) > MAX_CONNECTIONS:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._set(None)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._expect_a_request()
        super().on_response_complete()

    def _expect_a_request(self) -> None:
        self._set(asyncio.get_running_loop().call_later(REQUEST_S, self._look))

    def _set(self, deadline: asyncio.TimerHandle | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = deadline

    def _look(self) -> None:
        if self._waits():
            self.transport.abort()

    def _waits(self) -> bool:
        """True while no whole request is there that is not answered yet."""
        cycle = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body

    def _make_room(self) -> None:
        """Hang up on the one that has waited longest for its request; there is one, for this one
        has just come."""
        others = [other for other in self.connections if isinstance(other, Patient)]
        longest = min((other for other in others if other._waits()), key=Patient._until)
        self.connections.discard(longest)
        longest.transport.abort()

    def _until(self) -> float:
        return math.inf if self._deadline is None else self._deadline.when()
