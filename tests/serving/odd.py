"""A server of a test's own, for what a real one does not do: it keeps files in memory, and misbehaves as it is told."""

from __future__ import annotations

import ssl
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from serving.authority import Identity

    Trick = Callable[["Request"], bool]


class Request(BaseHTTPRequestHandler):
    """One request; a trick that answers it returns true."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written one after the other
    server: _Server

    def do_GET(self) -> None:
        if self._tricked():
            return
        content = self.server.odd.files.get(self.path)
        self.answer(404 if content is None else 200, content or b"")

    def do_PUT(self) -> None:
        if self._tricked():
            return
        content = self.content()
        odd, there = self.server.odd, self.path in self.server.odd.files
        if odd.heeds and ((self.headers["If-None-Match"] == "*" and there) or (self.headers["If-Match"] and not there)):
            self.answer(412)
            return
        odd.files[self.path] = content
        self.answer(204 if there else 201)

    def do_POST(self) -> None:
        if not self._tricked():
            self.answer(405)

    def content(self) -> bytes:
        """Read what was sent."""
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def answer(self, status: int, content: bytes = b"", **headers: str) -> bool:
        """Answer, and say that it was done."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        return True

    def cut(self) -> None:
        """End the connection."""
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is that of the base
        pass

    def _tricked(self) -> bool:
        odd = self.server.odd
        odd.asked.append((self.command, self.path, dict(self.headers)))
        return any(trick(self) for trick in odd.tricks)


@dataclass(slots=True, kw_only=True)
class Odd:
    """What the server holds by path, what it was asked, and how it misbehaves; ``heeds`` conditions, or does not."""

    port: int = 0
    heeds: bool = True
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    tricks: list[Trick] = field(default_factory=list)

    @property
    def uri(self) -> str:
        return f"https://localhost:{self.port}/in/"

    def methods(self) -> list[str]:
        return [method for method, _, _ in self.asked]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    odd: Odd
    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        with self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients of these tests go away in the middle."""


@contextmanager
def odd_server(
    identity: Identity, *, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, clients: str = ""
) -> Iterator[Odd]:
    """Run it; ``clients`` is a file of authorities one of which must vouch for whoever comes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of old versions, which is what a test wants
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(identity.certificate, identity.key)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    server = _Server(("127.0.0.1", 0), Request)
    server.context = context
    server.odd = Odd(port=server.server_address[1])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.odd
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
