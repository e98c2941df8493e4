"""Hosts and paths of places behind HTTPS: the one form in which they are written, and the form that goes over the wire.

Text only, nothing is looked up. Whoever could be named in two ways is refused in all but one: capitals and the usual
port are brought into it, what could be read as another host (user information, an address with leading zeros) is not.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from geogate.destinations.uri_parts import segments, wrong

if TYPE_CHECKING:
    from typing import Self

PORT: Final = 443
LARGEST_PORT: Final = 65535
LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""Source: RFC 1123, section 2.1; letters beyond ASCII are written as RFC 5890 says, ``xn--...``."""

LONGEST_HOST: Final = 253
PATH_SEGMENT: Final = re.compile(r"[A-Za-z0-9._=@+,~-]+")
UNRESERVED: Final = "-._~"
"""Source: RFC 3986, section 2.3; what stands beside these and letters and digits is escaped."""


@dataclass(frozen=True, slots=True)
class Server:
    """A host and a port: what a certificate is for, and what credentials are for."""

    host: str
    port: int

    @property
    def authority(self) -> str:
        """The text of it in URIs and messages; the usual port is left out."""
        return self.host if self.port == PORT else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, authority: str) -> Self | None:
        """Read ``host`` or ``host:port``; ``None`` for what is neither, or could be read in two ways."""
        host, colon, port = authority.partition(":")
        if not _is_host(host := host.lower()):
            return None
        if not colon:
            return cls(host, PORT)
        plain = port.isascii() and port.isdecimal() and not port.startswith("0")
        return cls(host, int(port)) if plain and int(port) <= LARGEST_PORT else None


def _is_host(host: str) -> bool:
    labels = host.split(".")
    if not host or len(host) > LONGEST_HOST or not all(LABEL.fullmatch(label) for label in labels):
        return False
    if not labels[-1].isdecimal():
        return not labels[-1].startswith("0x")
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def server_and_path(uri: str, rest: str, *, example: str) -> tuple[Server, list[str]]:
    """Take the text after a scheme's colon apart into a server and the parts of a path.

    Raises: UsageError.
    """
    if not rest.startswith("//"):
        raise wrong_here(uri, rest, f"write {example}")
    authority, _, path = rest.removeprefix("//").partition("/")
    if "@" in authority:
        raise wrong_here(uri, rest, "leave out users and passwords; credentials are the operator's (GEOGATE_HTTPS)")
    server = Server.parse(authority)
    if server is None:
        raise wrong_here(uri, rest, "name a host in ASCII letters, or an IPv4 address, and a port where it is not 443")
    parts = segments(uri, path)
    if not all(PATH_SEGMENT.fullmatch(part) for part in parts):
        raise wrong_here(uri, rest, "a path has letters, digits and . _ = @ + , ~ - only")
    return server, parts


def wrong_here(uri: str, rest: str, hint: str) -> Exception:
    """Make the error about a text that is no destination; what may be a password in it is not repeated."""
    _, at, after = rest.partition("@")
    return wrong(f"{uri.partition(':')[0]}://...@{after}" if at else uri, hint)


def server_of(uri: str) -> Server:
    """Return the server of a destination in its normal form."""
    server = Server.parse(uri.partition("://")[2].partition("/")[0])
    if server is None:
        raise ValueError("not in its normal form")
    return server


def path_of(uri: str) -> str:
    """Return the path of a destination in its normal form, as it goes over the wire."""
    return "/" + escaped(uri.partition("://")[2].partition("/")[2])


def escaped(path: str) -> str:
    """Escape what may not stand in a path; slashes stay."""
    return quote(path, safe=f"/{UNRESERVED}")
