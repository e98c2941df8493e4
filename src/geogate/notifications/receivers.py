"""Who is told, and where: read from a file of its own, because addresses are secrets that no message repeats."""

from __future__ import annotations

import ipaddress
import stat
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import unquote, urlsplit

from pydantic import Field, StringConstraints

from geogate.model.authority import Role  # noqa: TC001 - pydantic reads it
from geogate.model.errors import UsageError
from geogate.model.names import person
from geogate.policy.read import read_model
from geogate.policy.shape import Shape, Slug
from geogate.policy.yaml_text import read_yaml

if TYPE_CHECKING:
    from pathlib import Path
    from urllib.parse import SplitResult

    from geogate.policy.yaml_text import Text

Address = Annotated[str, StringConstraints(min_length=3, max_length=2000, pattern=r"^[!-~]+$")]
Mailbox = Annotated[str, StringConstraints(max_length=254, pattern=r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^\S.*$")]

PORTS: Final = {"smtps": 465, "smtp+starttls": 587, "smtp": 25}
_OTHERS: Final = stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH | stat.S_IWGRP


class Kind(StrEnum):
    """In which format somebody is told."""

    EMAIL = "email"
    SLACK = "slack"
    TEAMS = "teams"
    APPRISE = "apprise"


class MailShape(Shape):
    """The server that takes mail, and in whose name it is sent."""

    server: Address = Field(description="smtps://, smtp+starttls:// or smtp://, with user and password where needed.")
    sender: Mailbox = Field(description="The address in From.")


class ReceiverShape(Shape):
    """Somebody who is told: exactly one address, and the roles or people that it is for."""

    name: Slug = Field(description="How the receiver is called in logs, in the ledger and in the console.")
    roles: Annotated[tuple[Role, ...], Field(description="Whoever has one of these roles reads there.")] = ()
    people: Annotated[tuple[Name, ...], Field(description="People as they act; their own matters go there.")] = ()
    email: Mailbox | None = None
    slack: Address | None = None
    teams: Address | None = None
    apprise: Address | None = None


class NotificationsShape(Shape):
    """The file that says who is told what the gate waits for."""

    console: Address | None = Field(default=None, description="Where browsers find the console, for links.")
    mail: MailShape | None = None
    receivers: Annotated[tuple[ReceiverShape, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A server that takes mail; ``security`` is ``smtps``, ``smtp+starttls`` or ``smtp``."""

    host: str
    port: int
    security: str
    sender: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Somebody who is told; ``address`` is a secret and stands in no text."""

    name: str
    kind: Kind
    address: str = field(repr=False)
    roles: frozenset[Role]
    people: frozenset[str]
    mail: MailServer | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivers:
    """All receivers, and where links lead; ``console`` is empty where there is none."""

    every: tuple[Receiver, ...]
    console: str = ""

    def of_roles(self, roles: frozenset[Role]) -> tuple[Receiver, ...]:
        """Give those that are for somebody with one of the roles."""
        return tuple(each for each in self.every if each.roles & roles)

    def of_person(self, name: str, role: Role) -> tuple[Receiver, ...]:
        """Give those of a person; where there is none, those of the role that the person has in the matter."""
        own = tuple(each for each in self.every if person(name) in each.people)
        return own or self.of_roles(frozenset({role}))


def read_receivers(path: Path) -> Receivers:
    """Read the file.

    Raises: UsageError when it cannot be read, or others can read or write it; PolicyError naming line and key.
    """
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except OSError as error:
        raise UsageError("the file of GEOGATE_NOTIFICATIONS cannot be read") from error
    if mode & _OTHERS:
        hint = "chmod 600: addresses of webhooks are secrets, and whoever writes there reads what is told"
        raise UsageError("others may read or write the file of GEOGATE_NOTIFICATIONS", hint=hint)
    return parse_receivers(data)


def parse_receivers(data: bytes) -> Receivers:
    """Parse the bytes of the file; no message repeats a value of it.

    Raises: PolicyError naming line and key.
    """
    text = read_yaml(data, file="notifications")
    shape = read_model(text, NotificationsShape)
    mail = _mail(shape.mail, text) if shape.mail else None
    found: list[Receiver] = []
    for index, each in enumerate(shape.receivers):
        path = ("receivers", index)
        if each.name in {other.name for other in found}:
            text.refuse((*path, "name"), "the name stands twice")
        if not each.roles and not each.people:
            text.refuse(path, "it is for nobody", hint="give roles or people")
        found.append(_receiver(each, mail, text, path))
    return Receivers(every=tuple(found), console=_url(shape.console, text, ("console",)) if shape.console else "")


def _receiver(each: ReceiverShape, mail: MailServer | None, text: Text, path: tuple[str | int, ...]) -> Receiver:
    given = [kind for kind in Kind if getattr(each, kind) is not None]
    if len(given) != 1:
        text.refuse(path, "a receiver has exactly one address", hint=f"one of {', '.join(Kind)}")
    kind = given[0]
    address: str = getattr(each, kind)
    if kind is Kind.EMAIL and mail is None:
        text.refuse(path, "there is no server for mail", hint="say mail: {server: ..., sender: ...}")
    if kind in {Kind.SLACK, Kind.TEAMS}:
        _url(address, text, (*path, kind.value))
    people = frozenset(map(person, each.people))
    return Receiver(
        name=each.name,
        kind=kind,
        address=address,
        roles=frozenset(each.roles),
        people=people,
        mail=mail if kind is Kind.EMAIL else None,
    )


def _url(url: str, text: Text, path: tuple[str | int, ...]) -> str:
    """Give a URL that is HTTPS, or of this very machine."""
    parts = _split(url, text, path)
    local = parts.scheme == "http" and _is_local(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or local) or parts.username or parts.fragment:
        text.refuse(path, "it is not an https:// URL", hint="http:// is for this machine alone")
    return url.rstrip("/") if path == ("console",) else url


def _mail(shape: MailShape, text: Text) -> MailServer:
    path = ("mail", "server")
    parts = _split(shape.server, text, path)
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        text.refuse(path, "it is no server", hint=f"write {'://host, '.join(PORTS)}://host")
    if parts.scheme == "smtp" and parts.password and not _is_local(parts.hostname):
        text.refuse(path, "a password would go over the network as it is", hint="use smtps:// or smtp+starttls://")
    return MailServer(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        security=parts.scheme,
        sender=shape.sender,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _split(url: str, text: Text, path: tuple[str | int, ...]) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        text.refuse(path, "it is no URL")
    return parts


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
