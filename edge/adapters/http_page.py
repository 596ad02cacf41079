"""The page at the root of `edge http`, for a person who tries the voices: docs/use/page.md.

Its files need no token, for they hold nothing; what they ask for needs it. All that a browser may
load or reach is this server, and no script but those files.
"""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from edge.adapters.http_admission import authorize, check_host, read_body
from edge.adapters.http_messages import Answers, read_request

FOLDER = Path(__file__).parent / "page"
MEDIA_TYPES = {
    "index.html": "text/html",
    "page.css": "text/css",
    "icon.svg": "image/svg+xml",
    "caption.js": "text/javascript",
    "daemon.js": "text/javascript",
    "page.js": "text/javascript",
    "plot.js": "text/javascript",
    "reading.js": "text/javascript",
    "sound.js": "text/javascript",
    "status.js": "text/javascript",
}
"""Every file of the page; there are no others to ask for."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def page_routes(daemon: Path, token: str | None) -> list[Route]:
    """`daemon`: its socket. `token`: what a message must carry, if there is one."""

    async def root(request: Request) -> Response:
        check_host(request)
        return _file("index.html")

    async def messages(request: Request) -> Response:
        check_host(request)
        authorize(request, token)
        kind = request.path_params["kind"]
        return Answers(daemon, read_request(kind, await read_body(request)))

    def file(name: str) -> Route:
        async def answer(request: Request) -> Response:
            check_host(request)
            return _file(name)

        return Route(f"/page/{name}", answer)

    return [
        Route("/", root),
        Route("/messages/{kind}", messages, methods=["POST"]),
        *(file(name) for name in MEDIA_TYPES if name != "index.html"),
    ]


def _file(name: str) -> Response:
    return FileResponse(FOLDER / name, media_type=MEDIA_TYPES[name], headers=HEADERS)
