"""An answer of `edge http` that is sent while it is made, and given up when the client goes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import abstractmethod
from collections.abc import AsyncGenerator
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from edge.adapters.http_errors import failure
from edge.errors import EdgeError

log = logging.getLogger(__name__)


class Streamed(Response):
    """Sends the parts that `parts` yields; an EdgeError before the first one is a whole answer."""

    def __init__(self, media_type: str) -> None:
        super().__init__()
        self._media_type = media_type

    @abstractmethod
    def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield at least one. May raise EdgeError."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        work = asyncio.create_task(self._answer(scope, receive, send))
        watch = asyncio.create_task(gone())
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watch.cancel()
            work.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)
        if not work.cancelled():
            work.result()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False
        try:
            async with contextlib.aclosing(self.parts()) as parts:
                async for part in parts:
                    if not begun:
                        await send(self._head())
                        begun = True
                    if part:
                        await send({"type": _BODY, "body": part, "more_body": True})
            await send({"type": _BODY, "body": b""})
        except EdgeError as error:
            if not begun:
                await failure(error)(scope, receive, send)
                return
            # Returning before the last body breaks the connection, so that nobody takes half a
            # sentence for the whole.
            log.warning("the sound broke off: %s", error.message)

    def _head(self) -> dict[str, Any]:
        headers = {"content-type": self._media_type, "cache-control": "no-store"}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        return {"type": "http.response.start", "status": 200, "headers": raw}


_BODY = "http.response.body"
