"""OpenAI's speech interface over HTTP, for clients that know no other: docs/use/integrations.md.

POST /v1/audio/speech, POST /dev/captioned_speech, GET /v1/models, GET /v1/audio/voices. Each
request is one connection to the daemon's socket. Where it listens is the affair of
edge/adapters/http_listener.py.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from edge.adapters.captioned_sound import CaptionedSound, Captions
from edge.adapters.conversation import Conversation, conversation
from edge.adapters.sound_formats import MEDIA_TYPES, Encoder, sound_format
from edge.errors import BadMessage, EdgeError, EmptyText
from edge.protocol import (
    FROM_CLIENT,
    MAX_SPEED,
    MIN_SPEED,
    AudioChunk,
    AudioStop,
    AudioWord,
    Describe,
    Info,
    Synthesize,
    TextFormat,
    VoiceChoice,
)

MAX_BODY = FROM_CLIENT.data
"""Bytes: the longest text fits, every character of it escaped."""
MODEL = "edge-voice"
MODELS = (MODEL, "tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Names that a request may call the model: ours, and the names that OpenAI's clients send unasked.
They all mean the same; it is the voice that differs."""
DEFAULT_VOICE = "default"
_STATUS = {
    "bad-message": 400,
    "bad-ssml": 400,
    "bad-style": 400,
    "empty-text": 400,
    "text-too-long": 400,
    "unknown-voice": 400,
    "missing-package": 400,
    "not-allowed": 403,
    "cancelled": 409,
    "busy": 429,
    "no-bundle": 503,  # the service waits for one
    "no-daemon": 503,
    "connection-lost": 503,
}
"""Error code -> HTTP status; 500 if it is not here."""
_TYPE = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wish:
    """A request's body that makes sense."""

    request: Synthesize
    format: str
    captions: Captions | None = None
    """How the times of words are to come with the sound; None without them."""


def application(daemon: Path, token: str | None, aliases: Mapping[str, str]) -> Starlette:
    """`daemon`: its socket. `token`: what every request must carry; None where the permissions of
    a Unix socket decide. `aliases`: other names of voices, as `alloy`."""

    async def speech(request: Request) -> Response:
        _authorize(request, token)
        return Speech(daemon, _wish(await _body(request), aliases))

    async def captioned(request: Request) -> Response:
        _authorize(request, token)
        return Speech(daemon, _wish(await _body(request), aliases, captioned=True))

    async def models(request: Request) -> Response:
        _authorize(request, token)
        return JSONResponse({"object": "list", "data": [_model(name) for name in MODELS]})

    async def model(request: Request) -> Response:
        _authorize(request, token)
        return JSONResponse(_model(_known_model(request.path_params["name"])))

    async def voices(request: Request) -> Response:
        _authorize(request, token)
        async with conversation(daemon) as connection:
            return JSONResponse({"voices": await _voices(connection, aliases)})

    return Starlette(
        routes=[
            Route("/v1/audio/speech", speech, methods=["POST"]),
            Route("/dev/captioned_speech", captioned, methods=["POST"]),
            Route("/v1/audio/voices", voices),
            Route("/v1/models", models),
            Route("/v1/models/{name}", model),
        ],
        exception_handlers={EdgeError: _explain, HTTPException: _refuse},
    )


class Speech(Response):
    """The sound, chunk by chunk as the daemon makes it; given up when the client goes."""

    def __init__(self, daemon: Path, wish: Wish) -> None:
        super().__init__()
        self._daemon, self._wish = daemon, wish

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
            async with conversation(self._daemon) as connection:
                connection.send(self._wish.request)
                words: list[AudioWord] = []
                chunk = await _next_chunk(connection, words)
                if chunk is None:
                    raise EmptyText("input has nothing to speak", "Give words.")
                encoder = self._encoder(chunk.rate, words)
                await send(_head(self._wish))
                begun = True
                while chunk is not None:
                    if data := encoder.feed(chunk.payload):
                        await send({"type": _BODY, "body": data, "more_body": True})
                    chunk = await _next_chunk(connection, words)
                await send({"type": _BODY, "body": encoder.finish()})
        except EdgeError as error:
            if not begun:
                await _failure(error)(scope, receive, send)
                return
            # Returning before the last body breaks the connection, so that nobody takes half a
            # sentence for the whole.
            log.warning("the sound broke off: %s", error.message)

    def _encoder(self, rate: int, words: list[AudioWord]) -> Encoder:
        """`words` grows as they come; a captioned sound takes them out."""
        wish = self._wish
        encoder = sound_format(wish.format, rate)
        if wish.captions is None:
            return encoder
        return CaptionedSound(
            encoder, MEDIA_TYPES[wish.format], wish.captions, wish.request, words
        )


_BODY = "http.response.body"


def _head(wish: Wish) -> dict[str, Any]:
    kind = "application/json" if wish.captions else MEDIA_TYPES[wish.format]
    headers = [(b"content-type", kind.encode())]
    return {"type": "http.response.start", "status": 200, "headers": headers}


async def _next_chunk(connection: Conversation, words: list[AudioWord]) -> AudioChunk | None:
    """Return the next stretch of sound, None at its end; put the words before it into `words`."""
    while not isinstance(message := await connection.receive(), AudioStop):
        if isinstance(message, AudioWord):
            words.append(message)
        if isinstance(message, AudioChunk):
            return message
    return None


# What a request says


def _authorize(request: Request, token: str | None) -> None:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token is not None and not hmac.compare_digest(given.encode(), token.encode()):
        raise HTTPException(
            401,
            "the token is missing or wrong: send the one of `edge http --token-file FILE` as "
            "api_key, or as Authorization: Bearer TOKEN",
            {"WWW-Authenticate": "Bearer"},
        )


async def _body(request: Request) -> bytes:
    """At most MAX_BODY bytes are kept."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                raise HTTPException(413, f"the body is longer than {MAX_BODY:,} bytes")
    except ClientDisconnect:
        raise HTTPException(400, "the client left within its body") from None
    return bytes(body)


def _wish(body: bytes, aliases: Mapping[str, str], captioned: bool = False) -> Wish:
    """Raises BadMessage, TextTooLong, BadStyle."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise BadMessage("the body is not JSON", _EXAMPLE) from None
    if not isinstance(fields, dict):
        raise BadMessage("the body is not a JSON object", _EXAMPLE)
    text = _text(fields, "input")
    _known_model(_text(fields, "model"))
    if _text(fields, "stream_format", "audio") != "audio":
        raise BadMessage("stream_format is not audio", "Leave it out: the sound is streamed.")
    format = _text(fields, "response_format", "mp3")
    if format not in MEDIA_TYPES:
        raise BadMessage(
            "response_format is not known here", f"Choose one of: {', '.join(MEDIA_TYPES)}"
        )
    speed = fields.get("speed", 1.0)
    if isinstance(speed, bool) or not isinstance(speed, (int, float)):
        raise BadMessage(
            "speed is not a number", f"Leave it out, or send {MIN_SPEED:g} to {MAX_SPEED:g}."
        )
    try:
        speed = float(speed)
    except OverflowError:
        raise BadMessage(
            "speed is too large", f"Leave it out, or send {MIN_SPEED:g} to {MAX_SPEED:g}."
        ) from None
    name = _text(fields, "voice", DEFAULT_VOICE)
    voice = None if name == DEFAULT_VOICE else aliases.get(name, name)
    speaker = _text(fields, "speaker", "") or None
    choice = VoiceChoice(voice, speaker=speaker) if voice or speaker else None
    captions: Captions | None = None
    if captioned:
        captions = "whole" if fields.get("stream") is False else "lines"
    how = _text(fields, "instructions", "").strip() or None
    kind = _text_format(fields, text)
    return Wish(Synthesize(text, choice, kind, speed, words=captioned, how=how), format, captions)


def _text_format(fields: Mapping[str, Any], text: str) -> TextFormat:
    """Return what the request says, else that a whole document of SSML is SSML."""
    said = _text(fields, "text_format", "")
    if not said:
        stripped = text.strip()
        whole = stripped.startswith("<speak") and stripped.endswith("</speak>")
        return "ssml" if whole else "auto"
    for known in get_args(TextFormat):
        if said == known:
            return cast("TextFormat", known)
    raise BadMessage(
        "text_format is not known here", f"Choose one of: {', '.join(get_args(TextFormat))}"
    )


_EXAMPLE = 'Send {"model": "edge-voice", "voice": "default", "input": "Hello."}'


def _text(fields: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = fields.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise BadMessage(f"{name} is {'missing' if value is None else 'not text'}", _EXAMPLE)
    return value


def _known_model(name: str) -> str:
    if name not in MODELS:
        raise HTTPException(404, f"there is no such model; known: {', '.join(MODELS)}")
    return name


# What is answered


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": MODEL}


async def _voices(connection: Conversation, aliases: Mapping[str, str]) -> list[dict[str, Any]]:
    connection.send(Describe())
    info = await connection.receive()
    assert isinstance(info, Info)
    named = {voice.name: voice for program in info.tts for voice in program.voices}
    named |= {alias: named[name] for alias, name in aliases.items() if name in named}
    return [
        {"id": id, "name": voice.description or voice.name, "languages": voice.languages}
        for id, voice in named.items()
    ]


def _failure(error: EdgeError) -> JSONResponse:
    return _error(_STATUS.get(error.code, 500), f"{error.message}. {error.remedy}", error.code)


async def _explain(request: Request, error: Exception) -> Response:
    assert isinstance(error, EdgeError)
    return _failure(error)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = _error(error.status_code, error.detail, _CODE.get(error.status_code))
    response.headers.update(error.headers or {})
    return response


_CODE = {401: "invalid_api_key", 404: "not_found", 405: "method_not_allowed", 413: "too_long"}


def _error(status: int, message: str, code: str | None) -> JSONResponse:
    """In OpenAI's form."""
    kind = _TYPE.get(status, "server_error" if status >= 500 else "invalid_request_error")
    body = {"message": message, "type": kind, "param": None, "code": code}
    return JSONResponse({"error": body}, status)
