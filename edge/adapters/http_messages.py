"""The socket's messages over HTTP: one request's data in, its answers as lines of JSON out.

What a browser's page asks the daemon with; docs/reference/protocol.md tells what each says.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator
from pathlib import Path

from edge.adapters.conversation import conversation
from edge.adapters.http_streaming import Streamed
from edge.errors import BadMessage, EdgeError
from edge.protocol import (
    AudioStop,
    Describe,
    ErrorReply,
    Explain,
    Explained,
    Info,
    Pause,
    Ping,
    Playback,
    Pong,
    Pronounced,
    Pronunciations,
    Reply,
    Request,
    RequestDecoder,
    Resume,
    Speak,
    SpeakCancelled,
    SpeakFinished,
    Status,
    StatusReport,
    Stop,
    Stopped,
    Synthesize,
    Volume,
    to_frame,
)

LAST: dict[type[Request], tuple[type[Reply], ...]] = {
    Describe: (Info,),
    Ping: (Pong,),
    Synthesize: (AudioStop,),
    Speak: (SpeakFinished, SpeakCancelled),
    Stop: (Stopped,),
    Pause: (Playback,),
    Resume: (Playback,),
    Volume: (Playback,),
    Status: (StatusReport,),
    Explain: (Explained,),
    Pronunciations: (Pronounced,),
}
"""Request -> the answer that is its last. What is not here is not carried: a text in pieces needs
a connection of its own, and `reload` is for who may touch the daemon's files."""


class Answers(Streamed):
    """The daemon's answers to one request, a line each; what it asked for ends with the client."""

    def __init__(self, daemon: Path, request: Request) -> None:
        super().__init__("application/x-ndjson")
        self._daemon, self._request = daemon, request

    async def parts(self) -> AsyncGenerator[bytes, None]:
        last = LAST[type(self._request)]
        async with conversation(self._daemon) as connection:
            connection.send(self._request)
            first = True
            while True:
                try:
                    reply = await connection.receive()
                except EdgeError as error:
                    if first:  # an HTTP status says it
                        raise
                    yield _line(ErrorReply.of(error))
                    return
                first = False
                yield _line(reply)
                if isinstance(reply, last):
                    return


def read_request(kind: str, body: bytes) -> Request:
    """Read a request by the daemon's own decoder: `body` is the data of a frame of this type.

    Raises BadFrame, BadMessage, TextTooLong, BadStyle.
    """
    header = json.dumps({"type": kind, "data_length": len(body)}).encode()
    [message] = RequestDecoder().messages(header + b"\n" + body)
    if isinstance(message, ErrorReply):
        raise message.error()
    if type(message) not in LAST:
        raise BadMessage(
            f"{message.TYPE} is not carried over HTTP",
            f"Send it on the daemon's socket. Carried: {', '.join(r.TYPE for r in LAST)}",
        )
    return message


def _line(reply: Reply) -> bytes:
    frame = to_frame(reply)
    line = {"type": frame.type, "data": frame.data}
    if frame.payload:
        line["payload"] = base64.b64encode(frame.payload).decode()
    return json.dumps(line).encode() + b"\n"
