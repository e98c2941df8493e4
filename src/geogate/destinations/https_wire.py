"""The connection itself: verified TLS, the server's key where one is registered, and an end to every wait.

The environment has no say: no proxy, no other authorities, no log of keys. Nothing is sent before the server's
certificate was verified and its key was found among the registered ones.
"""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import certifi
import httpcore
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate

from geogate.destinations.errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geogate.destinations.https_access import Access

OLDEST_TLS: Final = ssl.TLSVersion.TLSv1_2
LISTEN_SECONDS: Final = 1.0


class PinnedError(ForbiddenError):
    """The server has another key than the registered ones; nothing was sent to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who answered: an address with its port, the SHA-256 of the public key, and the version of TLS."""

    address: str
    key: str
    tls: str

    @property
    def network(self) -> str:
        """Say what kind of network the address is of."""
        address = ipaddress.ip_address(self.address.rpartition(":")[0].strip("[]"))
        kinds = (("loopback", address.is_loopback), ("link-local", address.is_link_local))
        return next((kind for kind, found in kinds if found), "private" if address.is_private else "public")


def tls_context(access: Access) -> ssl.SSLContext:
    """Make the settings of TLS: names and certificates are verified, by these authorities and no others.

    Raises: ForbiddenError when a certificate or a key that the operator named cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = OLDEST_TLS
    try:
        context.load_verify_locations(cafile=access.authorities() or certifi.where())
        if certificate := access.client_certificate():
            # A key with a pass phrase would be asked for at a terminal.
            context.load_cert_chain(*certificate, password=lambda: b"")
    except (OSError, ValueError) as error:
        raise ForbiddenError(
            "a certificate or key that GEOGATE_HTTPS names cannot be used",
            hint="PEM files, with an unencrypted key that belongs to the certificate",
        ) from error
    return context


def key_digest(certificate: bytes) -> str:
    """Return the SHA-256 of the public key in a certificate (DER), in hexadecimal.

    Raises: ForbiddenError for a key of an unknown kind.
    Source: RFC 7469, section 2.4 (SubjectPublicKeyInfo).
    """
    try:
        key = load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ForbiddenError("the server's certificate has a key of an unknown kind") from error
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


@dataclass(slots=True, kw_only=True)
class Wire(httpcore.NetworkBackend):
    """Makes connections; ``pins`` are registered keys, none where any key of a verified certificate will do.

    One that ``listens`` waits a moment after TLS came about, before anything is sent: a server that wants a certificate
    says so then (RFC 8446, section 4.4.2.4), and when something was sent already, its word is lost with the connection.

    Units: ``_ends`` in seconds of the monotonic clock: when that is past, nothing is waited for any more.
    """

    pins: frozenset[str]
    listens: bool = False
    peer: Peer | None = None
    _ends: float = 0.0
    _backend: httpcore.SyncBackend = field(default_factory=httpcore.SyncBackend)

    def allow(self, seconds: float) -> None:
        """Give the next exchange that much time from now on, all in all."""
        self._ends = time.monotonic() + seconds

    def left(self, at_most: float | None) -> float:
        """Say how long may be waited at most.

        Raises: httpcore.ReadTimeout when the time is over.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for the exchange is over")
        return left if at_most is None else min(left, at_most)

    def meet(self, peer: Peer, host: str) -> None:
        """Take notice of who answered.

        Raises: PinnedError when its key is none of the registered ones.
        """
        self.peer = peer
        if self.pins and peer.key not in self.pins:
            raise PinnedError(
                f"{host}: the server has another key than those that are registered for it",
                hint="find out why; a new key is entered in recipients.yaml (certificate_keys) before it is used",
            )

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect; see ``httpcore.NetworkBackend``."""
        stream = self._backend.connect_tcp(host, port, self.left(timeout), local_address, socket_options)
        try:
            found, at = stream.get_extra_info("server_addr")[:2]
        except OSError as error:
            stream.close()
            raise httpcore.ConnectError("the connection is over") from error
        return _Watched(stream, self, address=f"[{found}]:{at}" if ":" in found else f"{found}:{at}")

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """Refuse: there is no TLS.

        Raises: NotImplementedError.
        """
        raise NotImplementedError


class _Watched(httpcore.NetworkStream):
    """A connection of which each wait is bounded, and whose other end is known before anything is sent."""

    def __init__(self, stream: httpcore.NetworkStream, wire: Wire, *, address: str) -> None:
        self._stream = stream
        self._address = address
        self._wire = wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._wire.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._wire.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._wire.left(timeout))
        try:
            self._wire.meet(_peer(stream, self._address), server_hostname or "")
            if self._wire.listens:
                _listen(stream, self._wire.left(LISTEN_SECONDS))
        except BaseException:
            stream.close()
            raise
        return _Watched(stream, self._wire, address=self._address)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _listen(stream: httpcore.NetworkStream, seconds: float) -> None:
    """Wait for a word of the server, which has none to say where it lets us in.

    Raises: httpcore.ReadError when it ends the connection, or says something before it was asked.
    """
    try:
        stream.read(1, seconds)
    except httpcore.ReadTimeout:
        return
    raise httpcore.ReadError("the server ended the connection before it was asked anything")


def _peer(stream: httpcore.NetworkStream, address: str) -> Peer:
    secured: ssl.SSLSocket = stream.get_extra_info("socket")
    certificate = secured.getpeercert(binary_form=True)
    if certificate is None:
        raise ForbiddenError("the server has no certificate")
    return Peer(address=address, key=key_digest(certificate), tls=secured.version() or "")
