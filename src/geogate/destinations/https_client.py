"""Requests to one server: each ends in bounded time, follows nothing, and reads no more than it was told to expect."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

import httpcore

from geogate.destinations.errors import (
    ForbiddenError,
    MisconfiguredError,
    PermanentError,
    UnavailableError,
)
from geogate.destinations.https_access import access_to
from geogate.destinations.https_uri import Server, server_of
from geogate.destinations.https_wire import Peer, Wire, tls_context

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from geogate.destinations.https_access import Access
    from geogate.model.errors import ServiceError

CONNECT_SECONDS: Final = 10.0
QUIET_SECONDS: Final = 60.0
"""So long a server may say or take nothing."""

EXCHANGE_SECONDS: Final = 120.0
"""So long an exchange may take, and beside it what its bytes take at the slowest speed."""

SLOWEST: Final = 64 * 1024
"""Bytes a second: a server that is slower than that keeps the gate from its work."""

CHUNK: Final = 1 << 20
MEBIBYTE: Final = 1 << 20
LONGEST_SIZE: Final = 18
"""Digits of a size that can be."""

ABSENT: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
LATER: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.LOCKED,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
        HTTPStatus.INSUFFICIENT_STORAGE,
    }
)
"""What may be otherwise in a while."""

UNFIT: Final = frozenset({405, 413, 501})
"""Methods or sizes that the server does not take. Source: RFC 9110, sections 15.5.6, 15.5.14 and 15.6.2."""


class TlsError(ForbiddenError):
    """No TLS connection comes about; a server that asks for a certificate of ours may end it so."""


class AlertError(TlsError):
    """The server itself ended TLS with an alert."""


class RedirectedError(MisconfiguredError):
    """The server points elsewhere, and nothing is sent after it."""


class BrokenError(UnavailableError):
    """The connection came about and broke off."""


class EndlessError(PermanentError):
    """The server answers with more than there can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is sent: exactly ``size`` bytes, of a media type."""

    chunks: Iterable[bytes]
    size: int
    kind: str


class Answer:
    """An answer whose head was read."""

    def __init__(self, response: httpcore.Response, server: Server) -> None:
        self._response = response
        self._server = server
        self.status = response.status
        self._headers = [(name.lower(), value) for name, value in response.headers]

    def header(self, name: str) -> str:
        """Give a header, several of one name with commas between them, empty where there is none."""
        found = [value for key, value in self._headers if key == name.lower().encode()]
        return b", ".join(found).decode("latin-1")

    @property
    def size(self) -> int | None:
        """The size that the server announces, ``None`` where it announces none."""
        text = self.header("content-length")
        plain = text.isascii() and text.isdecimal() and len(text) <= LONGEST_SIZE
        return int(text) if plain else None

    def chunks(self, most: int) -> Iterator[bytes]:
        """Read the body as it came over the wire.

        Raises: EndlessError when there are more than ``most`` bytes, UnavailableError when it breaks off.
        """
        if self.header("content-encoding").lower() not in {"", "identity"}:
            raise PermanentError(f"{self._server.authority}: the server answers in a coding that was not asked for")
        came = 0
        with _translated(self._server):
            for chunk in self._response.iter_stream():
                came += len(chunk)
                if came > most:
                    raise EndlessError(f"{self._server.authority}: the server answers with more than there can be")
                yield chunk

    def body(self, most: int) -> bytes:
        """Read the whole body; see ``chunks``."""
        return b"".join(self.chunks(most))

    def refuse(self, what: str) -> ServiceError:
        """Make the error about an answer that was not hoped for."""
        status = self.status
        said = f"{self._server.authority}: {what}: the server answers {status}"
        if status == HTTPStatus.UNAUTHORIZED:
            return ForbiddenError(said, hint="renew the credentials (GEOGATE_HTTPS), then send again")
        if status == HTTPStatus.FORBIDDEN:
            return ForbiddenError(said, hint="let the gate write and read there; look at the credentials")
        if status in LATER:
            return UnavailableError(said)
        if status in UNFIT:
            return MisconfiguredError(said, hint="let the server take PUT, and files of this size")
        return PermanentError(said)


class Client:
    """One connection at a time to one server, with its credentials; used as a context, and by one thread."""

    def __init__(self, server: Server, access: Access, *, pins: Iterable[str] = (), listens: bool = False) -> None:
        self.server = server
        self._access = access
        self._wire = Wire(pins=frozenset(pins), listens=listens)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls_context(access),
            max_connections=1,
            keepalive_expiry=5.0,
            http1=True,
            http2=False,
            retries=0,
            network_backend=self._wire,
        )

    @classmethod
    def to(cls, destination: str, *, file: Path | None, pins: Iterable[str], anonymous: bool = False) -> Self:
        """Make a client for the server of a destination; nothing is contacted yet.

        Where a certificate of ours is set, one that is ``anonymous`` lets the server say that it wants one.

        Raises: UsageError, PolicyError, ForbiddenError.
        """
        server = server_of(destination)
        access = access_to(server, file)
        listens = anonymous and access.certificate_file is not None
        return cls(server, access.anonymous if anonymous else access, pins=pins, listens=listens)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()

    @property
    def certified(self) -> bool:
        """Whether we show a certificate of ours."""
        return self._access.certificate_file is not None

    @property
    def peer(self) -> Peer | None:
        """Who answered last."""
        return self._wire.peer

    @contextmanager
    def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, body: Body | None = None, most: int = 0
    ) -> Iterator[Answer]:
        """Send one request and give the answer; ``most`` bytes of it will be read.

        Raises: RedirectedError, UnavailableError, ForbiddenError, PinnedError; what reading ``body`` raises.
        """
        self._wire.allow(EXCHANGE_SECONDS + ((body.size if body else 0) + most) / SLOWEST)
        timeout = {"connect": CONNECT_SECONDS, "read": QUIET_SECONDS, "write": QUIET_SECONDS, "pool": CONNECT_SECONDS}
        request = httpcore.Request(
            method=method.encode(),
            url=httpcore.URL(
                scheme=b"https", host=self.server.host.encode(), port=self.server.port, target=path.encode("ascii")
            ),
            headers=self._headers(headers or {}, body),
            content=None if body is None else iter(body.chunks),
            extensions={"timeout": timeout},
        )
        with _translated(self.server):
            response = self._pool.handle_request(request)
        try:
            answer = Answer(response, self.server)
            _require_no_redirect(answer, self.server)
            yield answer
        finally:
            # What was not read is not waited for: the connection ends with it.
            response.close()

    def _headers(self, more: dict[str, str], body: Body | None) -> list[tuple[bytes, bytes]]:
        headers = {
            "Host": self.server.authority,
            "User-Agent": "geogate",
            "Accept-Encoding": "identity",
            "Cache-Control": "no-cache",
            **more,
        }
        if body is not None:
            headers |= {"Content-Type": body.kind, "Content-Length": str(body.size)}
        if authorization := self._access.authorization():
            headers["Authorization"] = authorization
        return [(name.encode(), value.encode("ascii")) for name, value in headers.items()]


def _require_no_redirect(answer: Answer, server: Server) -> None:
    """Refuse an answer that points elsewhere; of where it points only the host is named.

    Raises: RedirectedError.
    """
    if not HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return
    try:
        to = urlsplit(answer.header("location")).hostname or server.host
    except ValueError:
        to = "an address that cannot be read"
    raise RedirectedError(
        f"{server.authority}: the server points to {to!a}, and no redirect is followed",
        hint="register the place under the address that it has",
    )


@contextmanager
def _translated(server: Server) -> Iterator[None]:
    """Run the block; an error of the connection in it becomes a ``ServiceError`` that names the server.

    What the library says is kept as the cause only.
    """
    try:
        yield
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise _failed(server, error) from error


def _failed(server: Server, error: Exception) -> ServiceError:
    cause = _first(error)
    name = server.authority
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ForbiddenError(
            f"{name}: the server's certificate is not trusted",
            hint="it must be for this name, in date, and vouched for by a known authority (ca_file in GEOGATE_HTTPS)",
        )
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        kind = AlertError if "ALERT" in (cause.reason or "") else TlsError
        return kind(
            f"{name}: no secure connection comes about", hint="TLS 1.2 or later; a client certificate where it asks"
        )
    if isinstance(error, httpcore.TimeoutException):
        return UnavailableError(f"{name}: the server does not answer in time")
    if isinstance(error, httpcore.ConnectError):
        return UnavailableError(f"{name}: the server cannot be reached")
    return BrokenError(f"{name}: the connection to the server broke off")


def _first(error: BaseException) -> BaseException:
    """Find what came first: the library wraps what the system says, once or twice."""
    while (earlier := error.__cause__ or error.__context__) is not None:
        error = earlier
    return error
