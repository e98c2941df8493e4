"""What a place behind HTTPS is like: little of it is said by the place, and the rest is attested or unknown."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from geogate.destinations.errors import MisconfiguredError, UnavailableError
from geogate.destinations.https_client import ABSENT, LATER, AlertError, BrokenError, Client
from geogate.destinations.https_uri import path_of
from geogate.destinations.place_posture import PlacePosture
from geogate.model.openings import NONE
from geogate.model.parties import SERVER, Posture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from geogate.destinations.https_client import Answer
    from geogate.destinations.https_wire import Peer
    from geogate.model.parties import Place

READ: Final = "read"
BY_FILE: Final = "file by file"
BY_FEATURE: Final = "feature by feature"
UNKNOWN: Final = Posture(region=None, country=None)
"""That of a place that nobody registered, which is not contacted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How what is sent shows itself: in what pieces, and the path of one that lies there, where anything was sent."""

    appears: str
    path: str | None = None


def posture_of(destination: str, *, file: Path | None, registered: Place | None, shown: Shown) -> Posture:
    """Ask a server what it is like, as ourselves and as anybody.

    Raises: ServiceError when it does not answer, or not to us; UsageError, PolicyError when the settings are wrong.
    """
    if registered is None:
        return UNKNOWN
    with Client.to(destination, file=file, pins=registered.certificate_keys) as client:
        with client.ask("GET", path_of(destination)) as answer:
            if answer.status == HTTPStatus.UNAUTHORIZED or answer.status in LATER:
                raise answer.refuse("asking what it is like")
        peer, certified = client.peer, client.certified
    if peer is None:
        raise UnavailableError("nobody knows who answered")
    # A server may keep what is not there to itself, and show what is.
    missing = path_of(f"{destination}.geogate-{secrets.token_hex(8)}")
    paths = (missing,) if shown.path is None else (missing, shown.path)
    traits = {
        "appears": shown.appears,
        "country": registered.country or None,
        "open to others": _open_to_others(paths, destination, file=file, registered=registered, certified=certified),
        "pinned": "yes" if registered.certificate_keys else NONE,
        "region": SERVER,
        **_of(peer),
    }
    attested = ("country",) if registered.country else ()
    return Posture(region=SERVER, country=traits["country"], attested=attested, traits=tuple(sorted(traits.items())))


def place_posture_of(destination: str, *, file: Path | None, registered: Place | None, shown: Shown) -> PlacePosture:
    """Give the same for the audit.

    Raises: MisconfiguredError where the place is registered no more, and is not asked; as ``posture_of``.
    """
    if registered is None:
        raise MisconfiguredError("the place is not registered any more, and is not asked")
    found = posture_of(destination, file=file, registered=registered, shown=shown)
    return PlacePosture(place=destination, traits=found.traits)


def _of(peer: Peer) -> dict[str, str]:
    return {
        "certificate key": peer.key,
        "connected to": peer.address,
        "network": peer.network,
        "TLS": peer.tls,
    }


def _open_to_others(
    paths: Sequence[str], destination: str, *, file: Path | None, registered: Place, certified: bool
) -> str | None:
    """Ask for each as anybody could; who is told whether it is there may look. The most open answer is the answer.

    Raises: ServiceError when the server does not answer.
    """
    told = [_told(path, destination, file=file, registered=registered, certified=certified) for path in paths]
    if READ in told:
        return READ
    return None if None in told else NONE


def _told(path: str, destination: str, *, file: Path | None, registered: Place, certified: bool) -> str | None:
    try:
        with (
            Client.to(destination, file=file, pins=registered.certificate_keys, anonymous=True) as client,
            client.ask("GET", path) as answer,
        ):
            return _told_to_others(answer)
    except AlertError:
        # Only where a certificate of ours opened it does that say that nobody gets in without one.
        if certified:
            return NONE
        raise
    except BrokenError:
        # A connection that breaks off is no word that a certificate was wanted.
        if certified:
            return None
        raise


def _told_to_others(answer: Answer) -> str | None:
    if answer.status in LATER:
        raise answer.refuse("asking what it is like")
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return NONE
    # 403 is no such word: stores say it of what is not there, although anybody may read what is.
    told = answer.status in ABSENT or HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
    return READ if told else None
