"""What must hold after all that died: everything cleared is there exactly once, and nothing else is anywhere.

It looks at what lies in the bucket, at what the ledger says, and at what is left on the machine, and compares them with
what was planned. It is pure, so that a test can show it what it must not overlook.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chaos.plan import Fate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PASSING: Final = frozenset({"draft", "sealed", "screened", "approved", "sending"})
"""States in which no request may stay for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A version of an object; ``sha256`` is that of its bytes as they were read, empty for a mark of deletion."""

    uri: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the ledger has about a request: its state, the files that were cleared and those that it has a receipt for.

    ``cleared`` and ``received`` are digests by address.
    """

    id: str
    dataset: str
    state: str
    cleared: Mapping[str, str]
    received: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is left when a run is over; ``fates`` are those of the datasets by name.

    ``damage`` is what the ledger, its heads and the audit say against it, ``left`` what lies or runs where nothing may.
    """

    fates: Mapping[str, Fate]
    stored: tuple[Stored, ...]
    uploads: tuple[str, ...]
    requests: tuple[Request, ...]
    damage: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is wrong, each in a line that begins with what it concerns."""

    twice: tuple[str, ...]
    lost: tuple[str, ...]
    uncleared: tuple[str, ...]
    other: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Whether all is as it must be."""
        return not (self.twice or self.lost or self.uncleared or self.other)

    def lines(self) -> Iterator[str]:
        """Say all of it."""
        for what in ("twice", "lost", "uncleared", "other"):
            yield from (f"{what}: {line}" for line in getattr(self, what))


def check(evidence: Evidence) -> Found:
    """Compare what is there with what must be."""
    return Found(
        twice=tuple(_twice(evidence)),
        lost=tuple(_lost(evidence)),
        uncleared=tuple(_uncleared(evidence)),
        other=tuple(_other(evidence)),
    )


def _twice(evidence: Evidence) -> Iterator[str]:
    for uri, count in sorted(Counter(each.uri for each in evidence.stored).items()):
        if count > 1:
            yield f"{uri} has {count} versions"
    receipts = Counter(each.dataset for each in evidence.requests if each.received)
    for dataset, count in sorted(receipts.items()):
        if count > 1:
            yield f"{dataset} has {count} receipts"
    digests = Counter(each.sha256 for each in evidence.stored if each.sha256)
    yield from (f"the same bytes lie there {count} times" for count in digests.values() if count > 1)


def _lost(evidence: Evidence) -> Iterator[str]:
    there = {(each.uri, each.sha256) for each in evidence.stored}
    sent: dict[str, list[Request]] = {}
    for each in evidence.requests:
        if each.state == "sent":
            sent.setdefault(each.dataset, []).append(each)
    for dataset, fate in sorted(evidence.fates.items()):
        if fate.leaves and not sent.get(dataset):
            yield f"{dataset} was never sent"
    for each in (each for those in sent.values() for each in those):
        if not each.received or each.received != each.cleared:
            yield f"{each.dataset} has no receipt for what was cleared"
        for file in sorted(set(each.cleared.items()) - there):
            yield f"{each.dataset} is not at {file[0]} as it was cleared"


def _uncleared(evidence: Evidence) -> Iterator[str]:
    sent = {file for each in evidence.requests if each.state == "sent" for file in each.cleared.items()}
    for version in evidence.stored:
        if (version.uri, version.sha256) not in sent:
            yield f"{version.uri} has bytes that no clearance that was used names"
    for each in evidence.requests:
        fate = evidence.fates.get(each.dataset)
        if (fate is None or not fate.leaves) and (each.cleared or each.received):
            yield f"{each.dataset}, which must stay, was cleared"


def _other(evidence: Evidence) -> Iterator[str]:
    yield from (f"an upload to {key} is left" for key in evidence.uploads)
    for each in evidence.requests:
        if each.state in _PASSING:
            yield f"request {each.id} of {each.dataset} is {each.state} for ever"
        if each.received and each.state != "sent":
            yield f"request {each.id} of {each.dataset} is {each.state} with a receipt"
    wanted = {Fate.HELD: "held", Fate.DENIED: "denied"}
    for dataset, fate in sorted(evidence.fates.items()):
        states = {each.state for each in evidence.requests if each.dataset == dataset}
        if fate in wanted and wanted[fate] not in states:
            yield f"{dataset} must be {wanted[fate]}, and is {', '.join(sorted(states)) or 'unknown'}"
    yield from evidence.damage
    yield from evidence.left
