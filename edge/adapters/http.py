"""OpenAI's speech interface over HTTP, for clients that know no other: docs/use/integrations.md.

POST /v1/audio/speech, POST /dev/captioned_speech, GET /v1/models, GET /v1/audio/voices. Each
request is one connection to the daemon's socket. Where it listens is the affair of
edge/adapters/http_listener.py.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.adapters.captioned_sound import CaptionedSound, Captions
from edge.adapters.conversation import Conversation, conversation
from edge.adapters.http_admission import authorize, read_body
from edge.adapters.http_errors import explain, refuse
from edge.adapters.http_page import page_routes
from edge.adapters.http_streaming import Streamed
from edge.adapters.sound_formats import MEDIA_TYPES, Encoder, sound_format
from edge.errors import BadMessage, EdgeError, EmptyText
from edge.protocol import (
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

MODEL = "edge-voice"
MODELS = (MODEL, "tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Names that a request may call the model: ours, and the names that OpenAI's clients send unasked.
They all mean the same; it is the voice that differs."""
DEFAULT_VOICE = "default"


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
        authorize(request, token)
        return Speech(daemon, _wish(await read_body(request), aliases))

    async def captioned(request: Request) -> Response:
        authorize(request, token)
        return Speech(daemon, _wish(await read_body(request), aliases, captioned=True))

    async def models(request: Request) -> Response:
        authorize(request, token)
        return JSONResponse({"object": "list", "data": [_model(name) for name in MODELS]})

    async def model(request: Request) -> Response:
        authorize(request, token)
        return JSONResponse(_model(_known_model(request.path_params["name"])))

    async def voices(request: Request) -> Response:
        authorize(request, token)
        async with conversation(daemon) as connection:
            return JSONResponse({"voices": await _voices(connection, aliases)})

    door = Starlette(
        routes=[
            Route("/v1/audio/speech", speech, methods=["POST"]),
            Route("/dev/captioned_speech", captioned, methods=["POST"]),
            Route("/v1/audio/voices", voices),
            Route("/v1/models", models),
            Route("/v1/models/{name}", model),
            *page_routes(daemon, token),
        ],
        exception_handlers={EdgeError: explain, HTTPException: refuse},
    )
    door.router.redirect_slashes = False  # to an address that the client's Host header makes
    return door


class Speech(Streamed):
    """The sound, chunk by chunk as the daemon makes it."""

    def __init__(self, daemon: Path, wish: Wish) -> None:
        super().__init__("application/json" if wish.captions else MEDIA_TYPES[wish.format])
        self._daemon, self._wish = daemon, wish

    async def parts(self) -> AsyncGenerator[bytes, None]:
        async with conversation(self._daemon) as connection:
            connection.send(self._wish.request)
            words: list[AudioWord] = []
            chunk = await _next_chunk(connection, words)
            if chunk is None:
                raise EmptyText("input has nothing to speak", "Give words.")
            encoder = self._encoder(chunk.rate, words)
            while chunk is not None:
                yield encoder.feed(chunk.payload)
                chunk = await _next_chunk(connection, words)
            yield encoder.finish()

    def _encoder(self, rate: int, words: list[AudioWord]) -> Encoder:
        """`words` grows as they come; a captioned sound takes them out."""
        wish = self._wish
        encoder = sound_format(wish.format, rate)
        if wish.captions is None:
            return encoder
        return CaptionedSound(
            encoder, MEDIA_TYPES[wish.format], wish.captions, wish.request, words
        )


async def _next_chunk(connection: Conversation, words: list[AudioWord]) -> AudioChunk | None:
    """Return the next stretch of sound, None at its end; put the words before it into `words`."""
    while not isinstance(message := await connection.receive(), AudioStop):
        if isinstance(message, AudioWord):
            words.append(message)
        if isinstance(message, AudioChunk):
            return message
    return None


# What a request says


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
