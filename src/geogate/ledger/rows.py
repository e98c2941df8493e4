"""What each step writes into the tables besides its entry; used to write the rows, and to find edited ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from geogate.ledger.chain import sha256
from geogate.ledger.laws import ballot_of
from geogate.ledger.steps import Claimed, Cleared, Moved, Opened, Received, Screened, Sealed, Step, Voted
from geogate.ledger.tables import CLEARANCES, RECEIPTS, REQUESTS, VOTES
from geogate.model.document import canonical_json
from geogate.model.lifecycle import State
from geogate.model.names import person

if TYPE_CHECKING:
    from sqlalchemy import Table

    from geogate.model.release import Ballot, Entry, Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """New values of some columns of one row; a row that is ``new`` must not be there before, any other must.

    ``key`` holds the values of the table's primary key in its order.
    """

    table: Table
    key: tuple[str, ...]
    values: tuple[tuple[str, str], ...]
    new: bool = False


def ballot_digest(ballot: Ballot) -> str:
    """Digest a ballot, so that requests with the same one are found by an index."""
    return sha256(canonical_json(ballot))


def changes_of(entry: Entry, step: Step) -> tuple[Change, ...]:
    """Give the changes of rows that an entry with this step stands for."""
    changes: tuple[Change, ...]
    match step:
        case Opened():
            changes = (_opened(entry, step),)
        case Sealed():
            changes = (_sealed(entry, step),)
        case Screened():
            changes = (_screened(entry, step),)
        case Moved():
            changes = (_request(entry, step.state),)
        case Voted():
            changes = (_new(VOTES, (entry.request, person(step.vote.reviewer)), document=canonical_json(step.vote)),)
        case Cleared():
            changes = (_cleared(entry, step), _request(entry, State.CLEARED))
        case Claimed():
            claimed = Change(table=CLEARANCES, key=(step.nonce,), values=(("claimed_at", entry.at),))
            changes = (claimed, _request(entry, State.SENDING))
        case Received():
            changes = (_received(entry, step.receipt), _request(entry, State.SENT))
        case _:
            assert_never(step)
    return changes


def _new(table: Table, key: tuple[str, ...], **values: str) -> Change:
    return Change(table=table, key=key, values=tuple(values.items()), new=True)


def _request(entry: Entry, state: State, **values: str) -> Change:
    every = (*values.items(), ("state", state.value), ("changed_at", entry.at))
    return Change(table=REQUESTS, key=(entry.request,), values=every)


def _opened(entry: Entry, step: Opened) -> Change:
    return _new(
        REQUESTS,
        (entry.request,),
        state=State.DRAFT.value,
        opened_at=entry.at,
        opened_by=entry.actor,
        changed_at=entry.at,
        purpose=step.request.purpose,
        document=canonical_json(step.request),
    )


def _screened(entry: Entry, step: Screened) -> Change:
    return _request(
        entry,
        State.SCREENED,
        verdict=canonical_json(step.verdict),
        ballot=ballot_digest(ballot_of(step.verdict)),
        measurements=step.measurements,
    )


def _sealed(entry: Entry, step: Sealed) -> Change:
    dataset = canonical_json(step.dataset)
    if step.artefact is None:
        return _request(entry, State.SEALED, dataset=dataset)
    return _request(entry, State.SEALED, dataset=dataset, artefact=canonical_json(step.artefact))


def _cleared(entry: Entry, step: Cleared) -> Change:
    document = canonical_json(step.clearance)
    return _new(CLEARANCES, (step.clearance.nonce,), request=entry.request, document=document, envelope=step.envelope)


def _received(entry: Entry, receipt: Receipt) -> Change:
    return _new(RECEIPTS, (receipt.nonce,), request=entry.request, document=canonical_json(receipt))
