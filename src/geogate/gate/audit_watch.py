"""What an audit looks at besides releases and places: the ledger, its heads, obligations, waivers, recalls, lineage."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from geogate.gate.anchors import compare
from geogate.gate.audit_findings import AuditFinding, Kind
from geogate.gate.feeds import stopped
from geogate.gate.heads import read_head
from geogate.gate.keys import trusted_keys
from geogate.gate.obligations import owed
from geogate.gate.recall import Word, recalls
from geogate.gate.reopened import left_behind
from geogate.gate.ungated import ungated_writes
from geogate.gate.waivers_ledger import waivers_of
from geogate.model.errors import InputError, RefusedError, ServiceError
from geogate.model.waiver import APPROVALS, WaiverState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.gate.house import House
    from geogate.gate.obligations import Owed
    from geogate.gate.recall import Recall

FEED_LATE: Final = timedelta(days=1)
"""So long may a feed be stopped before somebody has to be told."""

ANCHOR_LATE: Final = timedelta(hours=36)
"""So old may an entry be that no head covers which is kept elsewhere."""


def watch(*, since: datetime, house: House) -> tuple[AuditFinding, ...]:
    """Look at all of it.

    Raises: ServiceError.
    """
    return (
        *_ledger(house),
        *(_late(each) for each in owed(house=house) if each.overdue),
        *_waivers(since, house),
        *_recalls(house),
        *_ungated(house),
        *_feeds(house),
    )


def _ledger(house: House) -> Iterator[AuditFinding]:
    """Verify the ledger, compare it with the heads that are kept elsewhere, and see how old the last of them is."""
    if not house.settings.ledger_anchor:
        with house.ledger() as ledger:
            problems = ledger.verify().problems
    else:
        try:
            problems = compare(house=house).report.problems
        except (InputError, RefusedError) as error:
            yield AuditFinding(kind=Kind.ANCHOR, about="the ledger", summary=error.summary)
            with house.ledger() as ledger:
                problems = ledger.verify().problems
        else:
            yield from _anchored(house)
    for each in problems:
        yield AuditFinding(kind=Kind.LEDGER, about="the ledger", summary=f"the ledger is damaged: {each.what}")


def _anchored(house: House) -> Iterator[AuditFinding]:
    from geogate.destinations.anchors import read_all

    keys, size = trusted_keys(house.settings), 0
    with house.ledger() as ledger:
        behind = left_behind(ledger, keys)
    for each in read_all(house.settings.ledger_anchor):
        try:
            head = read_head(each.content.decode(), keys=keys).head
        except (ValueError, RefusedError):
            continue  # compared above, where it is a problem
        size = size if (head.size, str(head.root)) in behind else max(size, head.size)
    with house.ledger() as ledger:
        first = next(iter(ledger.entries(after=size, limit=1)), None)
    if first is not None and house.clock() - datetime.fromisoformat(first.at) > ANCHOR_LATE:
        said = f"no head that is kept elsewhere covers entry {first.seq} and those after it"
        yield AuditFinding(kind=Kind.ANCHOR, about="the ledger", summary=said)


def _late(each: Owed) -> AuditFinding:
    arisen = each.arisen
    summary = f"overdue since {arisen.due}: {arisen.what} ({arisen.key}; {arisen.legal_basis})"
    return AuditFinding(kind=Kind.OBLIGATION, about=arisen.key, summary=summary, requests=each.requests[:1])


def _waivers(since: datetime, house: House) -> Iterator[AuditFinding]:
    """Name the waivers that held, and ended since; what was sent on them is judged without them."""
    with house.ledger() as ledger:
        now = ledger.now(house.clock())
        every = waivers_of(ledger).values()
    for played in every:
        waiver, state = played.standing.waiver, played.standing.state(now)
        over = state is WaiverState.REVOKED or (state is WaiverState.EXPIRED and waiver.expires_at > since)
        if over and len(played.standing.approvers) >= APPROVALS:
            about = f"of {waiver.policy}/{waiver.rule} for {waiver.recipient}, owned by {waiver.owner}"
            summary = f"waiver {waiver.id} {about} is {state}"
            yield AuditFinding(kind=Kind.WAIVER, about=waiver.id, summary=summary, recipient=str(waiver.recipient))


def _recalls(house: House) -> Iterator[AuditFinding]:
    now = house.clock()
    for each in recalls(house=house):
        if each.overdue(now):
            yield _recall(each, f"its recall should have been confirmed by {each.due:%Y-%m-%d}")
        elif each.word is Word.FAILED:
            yield _recall(each, "the recipient does not give it back")


def _recall(each: Recall, summary: str) -> AuditFinding:
    return AuditFinding(kind=Kind.RECALL, about=str(each.request), summary=summary, requests=(str(each.request),))


def _ungated(house: House) -> Iterator[AuditFinding]:
    """Tell of each write that lineage saw, until somebody accepts it."""
    try:
        found = ungated_writes(house=house)
    except ServiceError as error:
        yield AuditFinding(kind=Kind.UNGATED, about="lineage", summary=f"its notes cannot be read: {error.summary}")
        return
    for each in found:
        count = sum(write.times for write in each.writes)
        stores = ", ".join(sorted({write.store for write in each.writes}))
        more = " and to further places that were not counted" if each.more else ""
        said = f"wrote {count} times to {stores or 'nowhere that is known'}{more} on {each.at[:16]} without a clearance"
        yield AuditFinding(kind=Kind.UNGATED, about=each.by, summary=said)


def _feeds(house: House) -> Iterator[AuditFinding]:
    """Tell of each feed that was stopped a day ago or longer and that nobody resumed, or that cannot be read."""
    with house.ledger() as ledger:
        now = ledger.now(house.clock())
    for row in stopped(house=house):
        standing = row.standing
        if standing is None:
            yield AuditFinding(kind=Kind.FEED, about=row.name, summary=f"feed {row.name} cannot run: {row.wrong}")
        elif standing.since is None or now - standing.since >= FEED_LATE:
            since = "" if standing.since is None else f" since {standing.since:%Y-%m-%d}"
            said = f"feed {row.name} is stopped at batch {standing.number}{since}, and nobody resumed it"
            requests = () if standing.request is None else (str(standing.request),)
            yield AuditFinding(kind=Kind.FEED, about=row.name, summary=said, requests=requests)
