"""What stands before every request and after every answer: hosts, sizes, origins, and what browsers may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from geogate.console.settings import ConsoleSettings

LARGEST_BODY: Final = 64 * 1024
LONGEST_TARGET: Final = 4096
SAFE: Final = frozenset({"GET", "HEAD"})
METHODS: Final = SAFE | {"POST"}


def content_policy(*, framed: bool) -> str:
    """Say what a page may load: its own files and nothing else."""
    parts = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'self'" if framed else "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, settings: ConsoleSettings) -> None:
        self._app = app
        self._settings = settings
        headers = {
            "content-security-policy": content_policy(framed=settings.framed),
            "x-content-type-options": "nosniff",
            "x-frame-options": "SAMEORIGIN" if settings.framed else "DENY",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "geolocation=(), camera=(), microphone=(), payment=(), usb=()",
            "cache-control": "no-store",
        }
        if settings.secure and settings.url:
            headers["strict-transport-security"] = "max-age=31536000"
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what no page needs, and add to each answer what browsers must heed."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        guarded = self._adding(send)
        refused = self._refused(scope)
        if refused is None:
            body = await _whole(receive)
            if body is not None:
                await self._app(scope, _again(body, receive), guarded)
                return
            refused = (413, "that is too large")
        code, why = refused
        await PlainTextResponse(f"{why}\n", status_code=code)(scope, receive, guarded)

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["method"] not in METHODS:
            return 405, "that is not done here"
        if self._settings.host and headers.get("host") != self._settings.host:
            return 421, "this is not the host that you asked for"
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > LONGEST_TARGET:
            return 414, "that address is too long"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            return 413, "that is too large"
        if scope["method"] not in SAFE and not self._same_origin(headers):
            return 403, "that form comes from another place; nothing was done"
        return None

    def _same_origin(self, headers: Mapping[str, str]) -> bool:
        """Say whether a browser sends this from a page of ours; services say nothing of it, and have a token."""
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        origin = headers.get("origin")
        if origin is None:
            return True
        if not self._settings.origin:  # mounted: the application around it knows its address
            return urlsplit(origin).netloc == headers.get("host")
        return origin == self._settings.origin

    def _adding(self, send: Send) -> Send:
        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                added = [(name, value) for name, value in self._headers if name not in own]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        return adding


async def _whole(receive: Receive) -> bytes | None:
    """Read a body, ``None`` where it is too large; what it says of its length is not believed."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > LARGEST_BODY:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        first: dict[str, Any] = {"type": "http.request", "body": body, "more_body": False}
        return first

    return again
