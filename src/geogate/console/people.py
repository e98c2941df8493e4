"""Who is signed in: sessions that are kept at the server, renewed at sign-in, and gone when they are over."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from geogate.console.store import digest
from geogate.model.authority import SERVICES, Identity, Role, Source
from geogate.model.errors import UsageError
from geogate.model.names import Actor, hides_something, person

if TYPE_CHECKING:
    from geogate.console.store import Store

_MOST_GROUPS: Final = 500
_LONGEST_NAME: Final = 300
_LONGEST_TOKEN: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in; ``key`` is the digest of the session's secret, to which forms are bound."""

    identity: Identity
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """How long sessions last, from their beginning and since they were last used."""

    lasts: timedelta
    idle: timedelta


def identified(name: object, groups: object, source: Source) -> Identity:
    """Make an identity of what somebody vouches for.

    Raises: UsageError for names and groups that are none.
    """
    listed = groups if isinstance(groups, list | tuple) else ()
    good = isinstance(name, str) and name.strip() == name and name.isprintable() and 0 < len(name) <= _LONGEST_NAME
    # A name that hides something looks like somebody else's, and one of a service is for no person.
    good = good and not hides_something(str(name)) and bool(person(str(name)))
    good = good and (source is Source.TOKEN or not person(str(name)).startswith(SERVICES))
    if not isinstance(name, str) or not good or not all(isinstance(each, str) for each in listed):
        raise UsageError("the sign-in does not name you as it should", hint="ask an administrator which claim is meant")
    if len(listed) > _MOST_GROUPS:
        raise UsageError("the sign-in names too many groups", hint="let the provider send those for this client only")
    return Identity(name=Actor(name), groups=tuple(map(str, listed)), source=source)


def begin(store: Store, identity: Identity, *, at: datetime) -> str:
    """Begin a session, and give its secret for the cookie."""
    secret = secrets.token_urlsafe(32)
    groups = json.dumps(identity.groups)
    row = (digest(secret), identity.name, groups, identity.source.value, at.timestamp(), at.timestamp())
    with store.transaction() as rows:
        rows.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)", row)
    return secret


def resume(store: Store, secret: str, lasting: Lasting, *, at: datetime) -> Session | None:
    """Find the session of a cookie; one that is over is removed. A clock that went back ends sessions of the future."""
    key = digest(secret)
    row = store.one("SELECT name, groups, source, began, seen FROM sessions WHERE digest = ?", key)
    if row is None:
        return None
    name, groups, source, began, seen = row
    now = at.timestamp()
    slack = 60.0
    young = began - slack <= now < began + lasting.lasts.total_seconds()
    if not young or not seen - slack <= now < seen + lasting.idle.total_seconds():
        end(store, key)
        return None
    if now - seen > slack:
        with store.transaction() as rows:
            rows.execute("UPDATE sessions SET seen = ? WHERE digest = ?", (now, key))
    identity = Identity(name=Actor(name), groups=tuple(json.loads(groups)), source=Source(source))
    return Session(identity=identity, key=key)


def end(store: Store, key: str) -> None:
    """End a session, by the digest of its secret."""
    with store.transaction() as rows:
        rows.execute("DELETE FROM sessions WHERE digest = ?", (key,))


def end_all(store: Store, name: str) -> int:
    """End all sessions of somebody, and say how many there were."""
    with store.transaction() as rows:
        every = rows.execute("SELECT digest, name FROM sessions").fetchall()
        own = [(key,) for key, written in every if person(written) == person(name)]
        rows.executemany("DELETE FROM sessions WHERE digest = ?", own)
    return len(own)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceToken:
    """A token of a service as it is listed; its secret was shown once."""

    id: str
    name: str
    roles: tuple[Role, ...]
    ends: datetime
    revoked: bool


def make_token(store: Store, name: str, *, roles: frozenset[Role], lasts: timedelta, at: datetime) -> str:
    """Make a token for a service, which acts as ``token:<name>``; what it may do, roles.yaml says too.

    Raises: UsageError without a role, or when it would last longer than a year.
    """
    if not roles or not timedelta() < lasts <= _LONGEST_TOKEN:
        raise UsageError("a token has roles, and lasts a year at most")
    identified(f"token:{name}", (), Source.TOKEN)
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    told = f"gg_{token_id}_{secret}"
    row = (token_id, digest(told), name, json.dumps(sorted(roles)), at.timestamp(), (at + lasts).timestamp())
    with store.transaction() as rows:
        rows.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, NULL)", row)
    return told


def tokens(store: Store) -> tuple[ServiceToken, ...]:
    """List the tokens that there are."""
    with store.transaction() as rows:
        found = rows.execute("SELECT id, name, roles, ends, revoked FROM tokens ORDER BY began").fetchall()
    return tuple(
        ServiceToken(
            id=token_id,
            name=name,
            roles=tuple(Role(each) for each in json.loads(roles)),
            ends=datetime.fromtimestamp(ends, UTC),
            revoked=revoked is not None,
        )
        for token_id, name, roles, ends, revoked in found
    )


def rotate_token(store: Store, token_id: str, *, lasts: timedelta, overlap: timedelta, at: datetime) -> str:
    """Make a token in the place of another one, for the same service and roles; the other one ends after the overlap.

    Raises: UsageError when there is none with this id that is good.
    """
    found = next((each for each in tokens(store) if each.id == token_id), None)
    if found is None or found.revoked or found.ends <= at:
        raise UsageError("there is no such token, or it is over", hint="geogate console token list shows them")
    told = make_token(store, found.name, roles=frozenset(found.roles), lasts=lasts, at=at)
    with store.transaction() as rows:
        ends = min(found.ends, at + overlap).timestamp()
        rows.execute("UPDATE tokens SET ends = ? WHERE id = ?", (ends, token_id))
    return told


def revoke_token(store: Store, token_id: str, *, at: datetime) -> None:
    """End a token.

    Raises: UsageError when there is none with this id.
    """
    with store.transaction() as rows:
        query = "UPDATE tokens SET revoked = ? WHERE id = ? AND revoked IS NULL"
        if rows.execute(query, (at.timestamp(), token_id)).rowcount != 1:
            raise UsageError("there is no such token", hint="geogate console token list shows them")


def bearer(store: Store, secret: str, *, at: datetime) -> Session | None:
    """Find who a token is for; nobody where it is unknown, revoked or over."""
    key = digest(secret)
    row = store.one("SELECT name, roles, began, ends FROM tokens WHERE digest = ? AND revoked IS NULL", key)
    if row is None:
        return None
    name, roles, began, ends = row
    if not began - 60.0 <= at.timestamp() < ends:
        return None
    scope = frozenset(Role(each) for each in json.loads(roles))
    identity = Identity(name=Actor(f"token:{name}"), source=Source.TOKEN, scope=scope)
    return Session(identity=identity, key=key)
