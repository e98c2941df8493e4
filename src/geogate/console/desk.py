"""What one request of the console works with, and the one way in which every route is authorised."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

from fastapi import Depends, Request

from geogate.console.forms import Forms, Purpose
from geogate.console.people import Lasting, Session, bearer, resume
from geogate.console.proxy import vouched
from geogate.gate.authority import HINT, own_roles
from geogate.model.authority import ForbiddenError, Role, why_not
from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from geogate.console.oidc import OpenId
    from geogate.console.settings import ConsoleSettings
    from geogate.console.store import Store
    from geogate.gate.house import House
    from geogate.model.authority import Action, Identity

API: Final = "/api/v1"
METRICS: Final = "/metrics"
HEALTH: Final = "/health"
SERVICES: Final = (API, METRICS, HEALTH)
"""Paths for services, which send a token; nobody is led to a sign-in there."""
ATTEMPTS: Final = 30
"""Sign-ins of one address within ``WITHIN``, good or bad, and tokens that are not known."""

DECISIONS: Final = 30
"""Forms of one person within a minute."""

WITHIN: Final = timedelta(minutes=5)


class Vouching(Protocol):
    """Says who an application that the console is mounted in has signed in; ``None`` for nobody."""

    def __call__(self, request: Request, /) -> Identity | None:
        """Look at a request."""


class NotSignedInError(RefusedError):
    """Nobody is signed in, or not any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """All that requests share; ``templates`` renders a page by its name."""

    settings: ConsoleSettings
    house: House
    store: Store
    forms: Forms
    render: Callable[..., str]
    openid: OpenId | None = None
    vouching: Vouching | None = None
    lasting: Lasting = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lasting", Lasting(lasts=self.settings.lasts, idle=self.settings.idle))

    def now(self) -> datetime:
        """Tell the time."""
        return self.house.clock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One request: who acts, with which roles, and the gate as seen by them."""

    request: Request
    console: Console
    session: Session
    house: House
    roles: frozenset[Role]

    @property
    def base(self) -> str:
        """The path below which the console lies, empty where it has a host of its own."""
        return str(self.request.scope.get("root_path", "")).rstrip("/")

    def may(self, action: Action) -> bool:
        """Say whether who acts has a role for it."""
        return not why_not(action, self.roles)

    def form(self, action: str, subject: str = "", seen: str = "") -> str:
        """Make the token of a form."""
        return self.console.forms.make(self.session, Purpose(action=action, subject=subject, seen=seen))

    def take(self, token: str, action: str, subject: str = "", seen: str = "") -> None:
        """Take the token of a form, once.

        Raises: RefusedError, and nothing was done.
        """
        self.limit_decisions()
        purpose = Purpose(action=action, subject=subject, seen=seen)
        self.console.forms.take(token, self.session, purpose, at=self.console.now())

    def limit_decisions(self) -> None:
        """Refuse who sends more forms than a person can fill.

        Raises: RefusedError.
        """
        what, at = f"form {self.session.identity.name}", self.console.now()
        if not self.console.store.attempt(what, at=at, within=timedelta(minutes=1), most=DECISIONS):
            raise TooManyError("too many forms within a minute", hint="wait a minute; nothing was done")


class TooManyError(RefusedError):
    """Somebody tried more often than is allowed."""


def console_of(request: Request) -> Console:
    """Give what all requests of an application share."""
    console: Console = request.app.state.console
    return console


def limit_attempts(request: Request) -> None:
    """Refuse an address that tries too often.

    Raises: TooManyError.
    """
    console = console_of(request)
    if not console.store.attempt(f"address {address(request)}", at=console.now(), within=WITHIN, most=ATTEMPTS):
        raise TooManyError("too many attempts from this address", hint="wait five minutes")


def address(request: Request) -> str:
    """Give the address of the peer, which nothing that the peer says can change."""
    return request.client.host if request.client else "unknown"


def cookie_name(request: Request, *, settings: ConsoleSettings) -> str:
    """Name the cookie; over HTTPS by a name that browsers take from this very host only."""
    return "__Host-geogate" if is_secure(request, settings=settings) else "geogate"


def is_secure(request: Request, *, settings: ConsoleSettings) -> bool:
    """Whether the browser came by HTTPS, as the settings say, or else the request."""
    return settings.secure if settings.url else request.url.scheme == "https"


def session_of(request: Request) -> Session | None:
    """Find who has signed in; where somebody else vouches for people, it must still be the same one."""
    console = console_of(request)
    header = request.headers.get("authorization", "")
    if request.url.path.removeprefix(str(request.scope.get("root_path", ""))).startswith(SERVICES):
        return _service(request, header)
    secret = request.cookies.get(cookie_name(request, settings=console.settings), "")
    session = resume(console.store, secret, console.lasting, at=console.now()) if secret else None
    if session is None or console.openid is not None:
        return session
    return session if vouched_for(request) == session.identity else None


def vouched_for(request: Request) -> Identity | None:
    """Ask the proxy, or the application around the console, who is signed in."""
    console = console_of(request)
    if console.vouching is not None:
        return console.vouching(request)
    return vouched(request, console.settings.proxy) if console.settings.proxy else None


def _service(request: Request, header: str) -> Session | None:
    console = console_of(request)
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret:
        return None
    session = bearer(console.store, secret.strip(), at=console.now())
    if session is None:
        limit_attempts(request)
    return session


class Allowed:
    """The dependency of every route that is not open to all: somebody is signed in, and has a role for the action."""

    def __init__(self, action: Action) -> None:
        self.action = action

    def __call__(self, request: Request) -> None:
        """Lay the desk for the request.

        Raises: NotSignedInError, ForbiddenError.
        """
        session = session_of(request)
        if session is None:
            raise NotSignedInError("nobody is signed in", hint="sign in; nothing was done")
        console, identity = console_of(request), session.identity
        house = replace(
            console.house, actor=identity.name, groups=identity.groups, source=identity.source, scope=identity.scope
        )
        roles = own_roles(house)
        request.state.desk = Desk(request=request, console=console, session=session, house=house, roles=roles)
        if why := why_not(self.action, roles):
            raise ForbiddenError(why, hint=HINT)


def _desk(request: Request) -> Desk:
    desk: Desk = request.state.desk
    return desk


At = Annotated[Desk, Depends(_desk)]
"""The desk of a request, laid by ``Allowed``."""

OPEN: Final = "open to everybody"


def declared(action: Action) -> dict[str, Any]:
    """Say what a route does, for the one table; every route says it, or that it is open."""
    return {"dependencies": [Depends(Allowed(action))]}
