"""How long `edge http` listens to who says nothing: uvicorn itself would wait for ever.

Without it 64 connections of any program on the machine, without a token, shut all others out.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_S = 10.0
"""Seconds from a connection, or from an answer's end, to a whole request, its body included."""


class Patient(H11Protocol):
    """Hangs up where no whole request comes in time; an answer may take as long as it takes."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_a_request()

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
        cycle = self.cycle
        if cycle is None or cycle.response_complete or cycle.more_body:
            self.transport.abort()
