"""Refusals of `edge http`: errors in OpenAI's form, for every route."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.errors import EdgeError

_STATUS = {
    "bad-frame": 400,
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
_CODE = {
    401: "invalid_api_key",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_long",
    421: "wrong_host",
}


def failure(error: EdgeError) -> JSONResponse:
    return _error(_STATUS.get(error.code, 500), f"{error.message}. {error.remedy}", error.code)


async def explain(request: Request, error: Exception) -> Response:
    assert isinstance(error, EdgeError)
    return failure(error)


async def refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = _error(error.status_code, error.detail, _CODE.get(error.status_code))
    response.headers.update(error.headers or {})
    return response


def _error(status: int, message: str, code: str | None) -> JSONResponse:
    kind = _TYPE.get(status, "server_error" if status >= 500 else "invalid_request_error")
    body = {"message": message, "type": kind, "param": None, "code": code}
    return JSONResponse({"error": body}, status)
