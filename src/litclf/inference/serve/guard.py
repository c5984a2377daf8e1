"""Guard: nobody may ask through a page of another site; and what a browser may do with the answers."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
"""The address that only this machine reaches."""

_NAMES = {"localhost", LOOPBACK, "::1"}

_HEADERS = {
    # Nothing from elsewhere, nothing inline, and no other page around this one.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Guard:
    """Refuses requests that come by a foreign name or from a foreign page, with status 403 and one line.

    Args:
        app: The application behind.
        host: The address that is served. On loopback the Host header must be one of its names: a foreign name that has
            been made to point here (DNS rebinding) is refused.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self.app, self.host = app, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers it; see ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        problem = foreign(Headers(scope=scope), self.host)
        answer = JSONResponse({"detail": problem}, status_code=403) if problem else self.app
        await answer(scope, receive, send_with_headers)


def foreign(headers: Headers, host: str) -> str:
    """What makes a request foreign, in one line; empty where nothing does.

    Example:
        >>> foreign(Headers({"host": "localhost:8000"}), "127.0.0.1")
        ''
        >>> foreign(Headers({"host": "localhost:8000", "origin": "http://example.org"}), "127.0.0.1")
        'Origin: is another site than Host; fix: ask without a browser, or on the page that is served here'
    """
    asked = headers.get("host", "")
    if host == LOOPBACK and _name(asked) not in _NAMES:
        return f"Host: must be a name of this machine's loopback; fix: ask {LOOPBACK} or localhost"
    origin = headers.get("origin")
    if (origin is not None and origin.partition("://")[2] != asked) or headers.get("sec-fetch-site") == "cross-site":
        # Following a link from another site to the page is harmless, but sends no Origin.
        if origin is None and headers.get("sec-fetch-mode") == "navigate":
            return ""
        return "Origin: is another site than Host; fix: ask without a browser, or on the page that is served here"
    return ""


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
