"""Compare what lies at the destinations with the receipts: every object of every place, and what the place is like."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from geogate.destinations.errors import MisconfiguredError, StrangerError
from geogate.destinations.stored import Sought, Unlisted
from geogate.gate.audit_findings import AuditFinding, Kind
from geogate.gate.place import place_of
from geogate.gate.reconcile_expected import Expected, expected_of
from geogate.gate.reconcile_posture import drifts
from geogate.gate.reconcile_seen import Seen
from geogate.model.document import canonical_json
from geogate.model.errors import RefusedError, ServiceError
from geogate.model.parties import Place as RegisteredPlace
from geogate.policy.places import is_described

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geogate.destinations.stored import Place, Stored
    from geogate.gate.house import House
    from geogate.gate.reconcile_expected import Delivered


ELSE: Final = "what else lies there"
"""What nobody knows of a place that lists nothing: only what was sent is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What was found; ``objects`` lie at ``places``, and of ``read`` the bytes were read or asked for."""

    findings: tuple[AuditFinding, ...]
    places: int
    objects: int
    read: int
    unknown: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(slots=True)
class _Work:
    house: House
    seen: Seen
    findings: list[AuditFinding] = field(default_factory=list)
    objects: int = 0
    read: int = 0

    def add(
        self, kind: Kind, about: str, summary: str, delivered: Delivered | None = None, *, there: Sequence[Stored] = ()
    ) -> None:
        """Add what was found, with what lies ``there``: when that changes, it is another finding."""
        recipient = delivered.recipient if delivered else ""
        requests = (delivered.request,) if delivered else ()
        found = AuditFinding(
            kind=kind, about=about, summary=summary, recipient=recipient, requests=requests, there=_marked(there)
        )
        self.findings.append(found)


def reconcile(*, house: House, everything: bool = False) -> Reconciled:
    """Look at every registered place, and at every place that something was sent to.

    Bytes that cannot have changed since they were last compared are not read again, unless ``everything`` is asked.

    Raises: ServiceError when the ledger does not answer, PolicyError when the recipients cannot be read.
    """
    work = _Work(house=house, seen=Seen.of(house, nothing=everything))
    roots = roots_of(house)
    listed: dict[str, tuple[datetime, list[Stored]]] = {}
    silent: dict[str, ServiceError] = {}
    unlisted: list[str] = []
    for root, registered in roots.items():
        began = min(house.clock(), datetime.now(UTC))
        try:
            place = house.lying_at(root, registered=registered)
            if isinstance(place, Unlisted):
                unlisted.append(root)
                listed[root] = (began, list(place.sought(_sought(root, house))))
            else:
                listed[root] = (began, list(place.stored()))
        except ServiceError as error:
            silent[root] = error
    # What is sent while a place is listed is in the ledger by now: its clearance was claimed before.
    with house.ledger() as ledger:
        expected = expected_of(ledger, now=house.clock())
    for root, why in silent.items():
        # Somebody may have filled a place by hand that exists and does not let us look.
        away = isinstance(why, MisconfiguredError | StrangerError)
        used = any(each.startswith(root) for each in expected.used) or not away
        work.add(Kind.UNREADABLE if used else Kind.UNUSED, root, f"the place cannot be compared: {why.summary}")
    for root, (began, found) in listed.items():
        place = house.lying_at(root, registered=roots[root])
        _compare(root, place, found, expected, work, began=began)
    postures = drifts(expected, roots=roots, house=house)
    work.seen.keep()
    return Reconciled(
        findings=(*work.findings, *postures.findings),
        places=len(listed),
        objects=work.objects,
        read=work.read,
        unknown=_with_unlisted(postures.unknown, unlisted),
    )


def _sought(root: str, house: House) -> list[Sought]:
    """Name all that was sent, taken back, left or is being sent below a place that cannot say itself what is there."""
    with house.ledger() as ledger:
        expected = expected_of(ledger, now=house.clock())
    every = expected.sending | expected.failed | expected.recalled | expected.sent
    return [
        Sought(name=uri.removeprefix(root), sha256=each.sha256, size=each.size, version=each.version, nonce=each.nonce)
        for uri, each in sorted(every.items())
        if uri.startswith(root)
    ]


def _with_unlisted(
    unknown: tuple[tuple[str, tuple[str, ...]], ...], unlisted: Sequence[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Say of places that list nothing that nobody knows what else lies there."""
    said = dict(unknown)
    for root in unlisted:
        said[root] = (*said.get(root, ()), ELSE)
    return tuple(sorted(said.items()))


def roots_of(house: House) -> dict[str, RegisteredPlace | None]:
    """Name every place that has to be looked at, with what is registered of it; none lies in another.

    Of one that is registered no more, there is only the account that a clearance named; where that is not all by which
    it is known, there is nothing, and nobody is asked.
    """
    with house.ledger() as ledger:
        owners = expected_of(ledger, now=house.clock()).destinations
    places: dict[str, RegisteredPlace | None] = {
        uri: RegisteredPlace(uri=uri, owner=owner) if is_described(uri) else None for uri, owner in owners.items()
    }
    for recipient in place_of(house).recipients().recipients:
        places |= {each.uri: each for each in recipient.destinations}
    return {uri: place for uri, place in sorted(places.items()) if not _covered(uri, places)}


def _covered(uri: str, places: Mapping[str, RegisteredPlace | None]) -> bool:
    return any(uri != other and uri.startswith(other) for other in places)


def _compare(
    root: str, place: Place, found: Sequence[Stored], expected: Expected, work: _Work, *, began: datetime
) -> None:
    by_name: dict[str, list[Stored]] = defaultdict(list)
    for each in found:
        by_name[each.name].append(each)
    work.objects += len(by_name)
    for name in sorted(by_name):
        uri = root + name
        delivered = expected.sent.get(uri) or expected.notes.get(uri)
        if delivered is None:
            _unexpected(uri, by_name[name], expected, work)
        else:
            _delivered(uri, place, by_name[name], delivered, work)
    for uri in sorted(expected.below(root)):
        delivered = expected.sent[uri]
        # What was sent after the listing began need not be in it.
        if uri.removeprefix(root) not in by_name and delivered.sent_at <= began:
            work.add(Kind.MISSING, uri, "nothing lies there any more", delivered)


def _unexpected(uri: str, versions: Sequence[Stored], expected: Expected, work: _Work) -> None:
    """Say what something is that no receipt names."""
    there = [each for each in versions if not each.deleted]
    if not there or expected.in_flight(uri):
        return
    if uri in expected.recalled:
        said = "its recall was confirmed, and it can still be read"
        work.add(Kind.STILL_THERE, uri, said, expected.recalled[uri], there=there)
    elif uri in expected.failed:
        work.add(Kind.LEFT_OVER, uri, "its sending failed and was not finished", expected.failed[uri], there=there)
    elif any(each.odd for each in there):
        work.add(Kind.UNCLEARED, uri, "it is no file, and nothing that was sent", there=there)
    else:
        work.add(Kind.UNCLEARED, uri, "nobody sent it through the gate", there=there)


def _delivered(uri: str, place: Place, versions: Sequence[Stored], delivered: Delivered, work: _Work) -> None:
    """Compare what lies under the name of something that was sent."""
    there = [each for each in versions if not each.deleted]
    # Other tools do not tell the version that they wrote: theirs is the only one there is.
    untold = not delivered.version and len(there) == 1
    ours = [each for each in there if each.version == delivered.version or untold]
    others = [each for each in there if each not in ours]
    if others or any(each.odd for each in there):
        work.add(Kind.ALTERED, uri, "something else was put there under its name", delivered, there=there)
    elif not ours or any(each.deleted and each.latest for each in versions):
        work.add(Kind.MISSING, uri, "it was deleted", delivered)
    elif not _same_bytes(uri, place, ours[0], delivered, work):
        work.add(Kind.ALTERED, uri, "the bytes are not those that were sent", delivered, there=there)


def _marked(there: Sequence[Stored]) -> str:
    """Give a digest of what lies under a name, as far as its listing tells; empty for nothing."""
    rows = sorted([each.version, each.mark, str(each.size)] for each in there)
    return hashlib.sha256(canonical_json(rows).encode()).hexdigest()[:16] if rows else ""


def _same_bytes(uri: str, place: Place, found: Stored, delivered: Delivered, work: _Work) -> bool:
    if found.size != delivered.size:
        return False
    known = work.seen.digest(uri, found)
    if known is None:
        try:
            known = place.digest(found)
        except RefusedError:
            return False
        except ServiceError as error:
            work.add(Kind.UNREADABLE, uri, f"its bytes cannot be compared: {error.summary}", delivered)
            return True
        work.read += 1
        work.seen.note(uri, found, known)
    return known == delivered.sha256
