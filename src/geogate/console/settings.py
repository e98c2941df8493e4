"""The console's settings from the environment; without a way to sign in there is no console."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.gate.settings import Settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PREFIX: Final = "GEOGATE_CONSOLE_"
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST_HOURS: Final = 24
_LONGEST_IDLE: Final = 240


class SignIn(StrEnum):
    """How people sign in: with an identity provider, or by a proxy that has signed them in."""

    OIDC = "oidc"
    PROXY = "proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An OpenID provider and what this console is to it; claims are named as the provider names them."""

    issuer: str
    client_id: str
    client_secret: str
    name_claim: str
    groups_claim: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """The peers whose headers are believed, and the names of the headers in lower case."""

    peers: tuple[Network, ...]
    user_header: str
    groups_header: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """What the console needs to know besides the gate's own settings.

    ``url`` is where browsers find it, without a slash at its end; empty where it is mounted in another application,
    which then says where that is. ``framed`` lets pages of the same origin show it in a frame.
    """

    url: str
    store: Path
    provider: Provider | None = None
    proxy: Proxy | None = None
    lasts: timedelta = timedelta(hours=8)
    idle: timedelta = timedelta(minutes=30)
    framed: bool = False

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by HTTPS only."""
        return not self.url.startswith("http://")

    @property
    def origin(self) -> str:
        """Scheme and host of ``url``, as browsers send them."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}" if self.url else ""

    @property
    def host(self) -> str:
        """The host and port of ``url``."""
        return urlsplit(self.url).netloc

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *, gate: Settings) -> ConsoleSettings:
        """Read ``GEOGATE_CONSOLE_*``.

        Raises: UsageError where nobody could sign in, or everybody could.
        """
        kind = _needed(environment, "AUTH", "oidc or proxy: how people sign in")
        if kind not in set(SignIn):
            raise UsageError(f"{_PREFIX}AUTH is {' or '.join(SignIn)}", hint="the console does not start without")
        oidc = kind == SignIn.OIDC
        return cls(
            url=_url(environment),
            store=gate.home / "console.db",
            provider=_provider(environment) if oidc else None,
            proxy=None if oidc else _proxy(environment),
            lasts=timedelta(hours=_number(environment, "SESSION_HOURS", 8, _LONGEST_HOURS)),
            idle=timedelta(minutes=_number(environment, "IDLE_MINUTES", 30, _LONGEST_IDLE)),
        )


def _needed(environment: Mapping[str, str], name: str, what: str) -> str:
    value = environment.get(_PREFIX + name, "").strip()
    if not value:
        raise UsageError(f"{_PREFIX}{name} is not set", hint=f"it is {what}")
    return value


def _number(environment: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environment.get(_PREFIX + name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise UsageError(f"{_PREFIX}{name} is a whole number from 1 to {most}")
    return int(text)


def require_safe_url(url: str, *, what: str) -> str:
    """Give a URL without the slash at its end.

    Raises: UsageError unless it is HTTPS, or of this very machine.
    """
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in _LOCAL
    if not parts.hostname or not (parts.scheme == "https" or local) or parts.query or parts.fragment or parts.username:
        raise UsageError(f"{what} is an https:// URL", hint="http:// is for this machine alone, as http://localhost")
    return url.rstrip("/")


def _url(environment: Mapping[str, str]) -> str:
    text = _needed(environment, "URL", "where browsers find the console, such as https://gate.example.org")
    url = require_safe_url(text, what=f"{_PREFIX}URL")
    if urlsplit(url).path:
        raise UsageError(f"{_PREFIX}URL has no path", hint="give the console a host name of its own")
    return url


def _provider(environment: Mapping[str, str]) -> Provider:
    issuer = _needed(environment, "OIDC_ISSUER", "the issuer, as the provider's discovery document says it")
    secret = _needed(environment, "OIDC_SECRET_FILE", "a file with the client's secret")
    return Provider(
        issuer=require_safe_url(issuer, what=f"{_PREFIX}OIDC_ISSUER"),
        client_id=_needed(environment, "OIDC_CLIENT", "the id of the client at the provider"),
        client_secret=_secret(Path(secret)),
        name_claim=environment.get(f"{_PREFIX}OIDC_NAME_CLAIM") or "preferred_username",
        groups_claim=environment.get(f"{_PREFIX}OIDC_GROUPS_CLAIM") or "groups",
        scope=environment.get(f"{_PREFIX}OIDC_SCOPE") or "openid profile email",
    )


def _secret(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the file of {_PREFIX}OIDC_SECRET_FILE cannot be read") from error
    if not text:
        raise UsageError(f"the file of {_PREFIX}OIDC_SECRET_FILE is empty")
    return text


def _proxy(environment: Mapping[str, str]) -> Proxy:
    written = _needed(environment, "PROXY_PEERS", "the addresses of the proxy, such as 10.0.0.5 or 10.0.0.0/28")
    try:
        peers = tuple(ipaddress.ip_network(each.strip()) for each in written.split(","))
    except ValueError as error:
        raise UsageError(f"{_PREFIX}PROXY_PEERS are addresses or networks, with commas between them") from error
    if any(peer.prefixlen == 0 for peer in peers):
        raise UsageError(f"{_PREFIX}PROXY_PEERS would believe everybody", hint="name the proxy's own address")
    return Proxy(
        peers=peers,
        user_header=(environment.get(f"{_PREFIX}PROXY_USER_HEADER") or "x-forwarded-user").lower(),
        groups_header=(environment.get(f"{_PREFIX}PROXY_GROUPS_HEADER") or "x-forwarded-groups").lower(),
    )
