"""What the ledger refuses, on both sides of each limit; a refused step leaves no entry."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from integration.ledger_cases import (
    ENVELOPE,
    GATE,
    LIFETIME,
    NOW,
    REQUESTER,
    REVIEWERS,
    Path,
    artefact,
    ballot,
    clearance,
    dataset,
    draft,
    nonce,
    receipt,
    sha,
    verdict,
    vote,
)

from geogate.model.dataset import FileDigest
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State
from geogate.model.names import Actor, Nonce, PolicyName, RecipientId, RequestId, ZoneListName
from geogate.model.release import Choice
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.ledger.ledger import Ledger
    from geogate.ledger.transaction import Transaction

R1 = RequestId("r1")
VERA, VIKTOR = REVIEWERS
TICK = timedelta(microseconds=1)
OWN_STEP = [State.DRAFT, State.SEALED, State.SCREENED, State.CLEARED, State.SENDING, State.SENT]


@contextmanager
def refused(ledger: Ledger, match: str, *, actor: Actor = GATE, at: datetime = NOW) -> Iterator[Transaction]:
    """Expect a refusal of what the block does, and that nothing is written."""
    before = ledger.head()
    with ledger.transaction(actor, at=at) as steps, pytest.raises(RefusedError, match=match):
        yield steps
    assert ledger.head() == before
    assert ledger.verify().problems == ()


def test_an_id_is_used_once(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).screened()
    with refused(sqlite_ledger, "exists already") as steps:
        steps.open_request(draft())


def test_a_new_request_is_a_draft(sqlite_ledger: Ledger) -> None:
    for state in set(State) - {State.DRAFT}:
        with refused(sqlite_ledger, "must be a draft") as steps:
            steps.open_request(replace(draft(), state=state))


def test_a_draft_has_no_results(sqlite_ledger: Ledger) -> None:
    results: list[dict[str, Any]] = [{"dataset": dataset()}, {"artefact": artefact()}, {"verdict": verdict()}]
    for known in results:
        with refused(sqlite_ledger, "no dataset, artefact or verdict yet") as steps:
            steps.open_request(replace(draft(), **known))


def test_a_request_has_a_requester(sqlite_ledger: Ledger) -> None:
    with refused(sqlite_ledger, "needs an id and a requester") as steps:
        steps.open_request(draft(requester=Actor("  ")))


def test_nothing_happens_to_a_request_that_was_never_opened(sqlite_ledger: Ledger) -> None:
    with refused(sqlite_ledger, "never opened") as steps:
        steps.seal(R1, dataset=dataset(), artefact=artefact())
    with refused(sqlite_ledger, "never opened") as steps:
        steps.move(R1, State.FAILED, reason="")
    with refused(sqlite_ledger, "knows no clearance") as steps:
        steps.claim(nonce())


def test_datasets_and_artefacts_have_files_that_can_be_told_apart(sqlite_ledger: Ledger) -> None:
    with sqlite_ledger.transaction(GATE, at=NOW) as steps:
        steps.open_request(draft())
    twice = (*dataset().files, FileDigest(name="airports.parquet", size=1, sha256=sha("f")))
    for files in ((), twice):
        with refused(sqlite_ledger, "a dataset needs files") as steps:
            steps.seal(R1, dataset=replace(dataset(), files=files), artefact=artefact())
        with refused(sqlite_ledger, "an artefact needs files") as steps:
            steps.seal(R1, dataset=dataset(), artefact=replace(artefact(), files=files))


OTHER_VERDICTS: list[dict[str, Any]] = [
    {"subject": sha("f")},
    {"subject": dataset().digest},
    {"subject_size": 13},
    {"recipient": RecipientId("other")},
    {"destination": "s3://egress/other/"},
    {"purpose": "another"},
    {"basis": replace(verdict().basis, policy=PolicyName("lenient"))},
]


def test_a_verdict_is_about_what_was_sealed_and_asked(sqlite_ledger: Ledger) -> None:
    with sqlite_ledger.transaction(GATE, at=NOW) as steps:
        steps.open_request(draft())
        steps.seal(R1, dataset=dataset(), artefact=artefact())
    for other in OTHER_VERDICTS:
        with refused(sqlite_ledger, "not about this request") as steps:
            steps.screen(R1, verdict=replace(verdict(), **other), measurements="{}")


@pytest.mark.parametrize("way", ["screened", "approved", "cleared", "sending"])
def test_no_move_stands_for_a_step_of_its_own(sqlite_ledger: Ledger, way: str) -> None:
    getattr(Path(sqlite_ledger), way)()
    for state in OWN_STEP:
        with refused(sqlite_ledger, "by a step of its own") as steps:
            steps.move(R1, state, reason="trust me")


@pytest.mark.parametrize("decision", [Decision.CLEAR, Decision.DENY])
def test_only_a_verdict_that_holds_can_be_held(sqlite_ledger: Ledger, decision: Decision) -> None:
    Path(sqlite_ledger).screened(decision)
    with refused(sqlite_ledger, f"a verdict of {decision} leads not to held") as steps:
        steps.move(R1, State.HELD, reason="")


@pytest.mark.parametrize("decision", [Decision.HOLD, Decision.DENY])
def test_only_a_verdict_that_clears_is_cleared_without_people(sqlite_ledger: Ledger, decision: Decision) -> None:
    Path(sqlite_ledger).screened(decision)
    with refused(sqlite_ledger, f"a verdict of {decision} cannot be cleared") as steps:
        steps.clear(R1, clearance=clearance(), envelope=ENVELOPE)


def test_a_held_request_cannot_be_cleared_before_it_is_approved(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).held()
    with refused(sqlite_ledger, "held cannot become cleared") as steps:
        steps.clear(R1, clearance=clearance(), envelope=ENVELOPE)


@pytest.mark.parametrize(
    "choices", [(), (Choice.APPROVE,), (Choice.REJECT,), (Choice.APPROVE, Choice.REJECT), (Choice.REJECT,) * 2]
)
def test_fewer_than_two_approvals_or_one_rejection_do_not_approve(
    sqlite_ledger: Ledger, choices: tuple[Choice, ...]
) -> None:
    Path(sqlite_ledger).held()
    for reviewer, choice in zip(REVIEWERS, choices, strict=False):
        with sqlite_ledger.transaction(reviewer, at=NOW) as steps:
            steps.vote(vote(reviewer, choice))
    with refused(sqlite_ledger, "2 reviewers must approve") as steps:
        steps.move(R1, State.APPROVED, reason="")


def test_one_rejection_outweighs_two_approvals(sqlite_ledger: Ledger) -> None:
    path = Path(sqlite_ledger)
    path.held()
    path.voted(Choice.APPROVE, Choice.APPROVE)
    with sqlite_ledger.transaction(Actor("third"), at=NOW) as steps:
        steps.vote(vote(Actor("third"), Choice.REJECT))
    with refused(sqlite_ledger, "none reject") as steps:
        steps.move(R1, State.APPROVED, reason="")


@pytest.mark.parametrize("name", [REQUESTER, "RITA@example", " rita@example ", "\uff52ita@example"])
def test_the_requester_cannot_vote_however_the_name_is_written(sqlite_ledger: Ledger, name: str) -> None:
    Path(sqlite_ledger).held()
    with refused(sqlite_ledger, "requester cannot review", actor=Actor(name)) as steps:
        steps.vote(vote(Actor(name)))


def test_who_opened_the_request_for_somebody_else_cannot_vote_either(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).held()
    with refused(sqlite_ledger, "requester cannot review", actor=GATE) as steps:
        steps.vote(vote(GATE))


@pytest.mark.parametrize("again", [VERA, "Vera@Example"])
def test_each_reviewer_votes_once_however_the_name_is_written(sqlite_ledger: Ledger, again: str) -> None:
    Path(sqlite_ledger).held()
    with sqlite_ledger.transaction(VERA, at=NOW) as steps:
        steps.vote(vote(VERA, Choice.REJECT))
    with refused(sqlite_ledger, "votes once", actor=Actor(again)) as steps:
        steps.vote(vote(Actor(again)))


def test_nobody_votes_for_somebody_else(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).held()
    with refused(sqlite_ledger, "in person", actor=VERA) as steps:
        steps.vote(vote(VIKTOR))


@pytest.mark.parametrize("way", ["screened", "approved", "cleared", "sent"])
def test_votes_count_only_while_the_request_is_held(sqlite_ledger: Ledger, way: str) -> None:
    getattr(Path(sqlite_ledger), way)()
    with refused(sqlite_ledger, "takes no votes", actor=Actor("late")) as steps:
        steps.vote(vote(Actor("late")))


OTHER_BALLOTS: list[dict[str, Any]] = [
    {"artefact": dataset().digest},
    {"destination": "s3://egress/other/"},
    {"recipient": RecipientId("other")},
    {"policy_digest": sha("f")},
    {"zones": ()},
    {"zones": ((ZoneListName("sites"), sha("f")),)},
]


def test_a_vote_on_anything_else_than_what_would_be_sent_is_refused(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).held()
    for other in OTHER_BALLOTS:
        with refused(sqlite_ledger, "not about what would be sent", actor=VERA) as steps:
            steps.vote(vote(VERA, about=replace(ballot(), **other)))


def test_a_vote_without_a_zone_of_time_is_refused(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).held()
    with refused(sqlite_ledger, "in UTC", actor=VERA) as steps:
        steps.vote(vote(VERA, at=NOW.replace(tzinfo=None)))


OTHER_CLEARANCES: list[dict[str, Any]] = [
    {"request": RequestId("r2")},
    {"artefact": dataset().digest},
    {"files": dataset().files},
    {"files": (*artefact().files, FileDigest(name="more", size=1, sha256=sha("f")))},
    {"files": (replace(artefact().files[0], size=13),)},
    {"recipient": RecipientId("other")},
    {"destination": "s3://egress/other/"},
    {"policy": PolicyName("lenient")},
    {"policy_digest": sha("f")},
    {"recipients_digest": sha("f")},
    {"zones": ()},
]


@pytest.mark.parametrize("way", ["screened", "approved"])
def test_a_clearance_binds_what_was_judged(sqlite_ledger: Ledger, way: str) -> None:
    getattr(Path(sqlite_ledger), way)()
    for other in OTHER_CLEARANCES:
        with refused(sqlite_ledger, "not about what was judged") as steps:
            steps.clear(R1, clearance=replace(clearance(), **other), envelope=ENVELOPE)


def test_a_nonce_is_128_bits_in_hexadecimal(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).screened()
    for wrong in ("", "1", "0" * 31, "0" * 33, "G" * 32, "A" * 32):
        with refused(sqlite_ledger, "32 hexadecimal digits") as steps:
            steps.clear(R1, clearance=replace(clearance(), nonce=Nonce(wrong)), envelope=ENVELOPE)


def test_a_clearance_needs_its_envelope(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).screened()
    with refused(sqlite_ledger, "signed envelope") as steps:
        steps.clear(R1, clearance=clearance(), envelope="")


def test_a_nonce_is_given_out_once(ledger: Ledger) -> None:
    Path(ledger).sent()
    Path(ledger, name="r2").screened()
    with refused(ledger, "nonce exists already") as steps:
        steps.clear(RequestId("r2"), clearance=clearance("r2"), envelope=ENVELOPE)


@pytest.mark.parametrize("at", [NOW + LIFETIME, NOW + LIFETIME + TICK])
def test_a_clearance_that_has_expired_is_not_kept(sqlite_ledger: Ledger, at: datetime) -> None:
    Path(sqlite_ledger).screened()
    with refused(sqlite_ledger, "expires before", at=at) as steps:
        steps.clear(R1, clearance=clearance(), envelope=ENVELOPE)


def test_a_clearance_has_times_in_utc(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).screened()
    naive = clearance().expires_at.replace(tzinfo=None)
    for wrong in (replace(clearance(), issued_at=naive), replace(clearance(), expires_at=naive)):
        with refused(sqlite_ledger, "in UTC") as steps:
            steps.clear(R1, clearance=wrong, envelope=ENVELOPE)


@pytest.mark.parametrize("at", [NOW, NOW + LIFETIME - TICK])
def test_a_clearance_can_be_claimed_from_its_first_to_its_last_microsecond(ledger: Ledger, at: datetime) -> None:
    Path(ledger).cleared()
    with ledger.transaction(GATE, at=at) as steps:
        steps.claim(nonce())
    assert ledger.request(R1).state is State.SENDING


@pytest.mark.parametrize(
    ("at", "match"), [(NOW - TICK, "not valid yet"), (NOW + LIFETIME, "expired"), (NOW + LIFETIME + TICK, "expired")]
)
def test_a_clearance_cannot_be_claimed_before_or_after_its_time(ledger: Ledger, at: datetime, match: str) -> None:
    Path(ledger).cleared()
    with refused(ledger, match, at=at) as steps:
        steps.claim(nonce())


@pytest.mark.parametrize("way", ["sending", "sent"])
def test_a_clearance_is_claimed_once(ledger: Ledger, way: str) -> None:
    getattr(Path(ledger), way)()
    with refused(ledger, "cannot become sending") as steps:
        steps.claim(nonce())


def test_a_withdrawn_clearance_cannot_be_claimed(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).cleared()
    with sqlite_ledger.transaction(GATE, at=NOW) as steps:
        steps.move(R1, State.WITHDRAWN, reason="")
    with refused(sqlite_ledger, "withdrawn cannot become sending") as steps:
        steps.claim(nonce())


def test_a_receipt_without_a_claim_is_refused(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).cleared()
    with refused(sqlite_ledger, "cleared cannot become sent") as steps:
        steps.receive(receipt())


def test_a_clearance_is_spent_once(ledger: Ledger) -> None:
    Path(ledger).sent()
    with refused(ledger, "sent cannot become sent") as steps:
        steps.receive(receipt())


def _receipts() -> list[tuple[dict[str, Any], str]]:
    (one,) = receipt().deliveries
    return [
        ({"nonce": nonce(2)}, "not for this clearance"),
        ({"deliveries": ()}, "does not name the cleared files"),
        ({"deliveries": (one, one)}, "does not name the cleared files"),
        ({"deliveries": (replace(one, sha256=sha("f")),)}, "does not name the cleared files"),
        ({"deliveries": (replace(one, size=13),)}, "does not name the cleared files"),
        ({"deliveries": (replace(one, uri="s3://elsewhere/airports.parquet"),)}, "other places"),
    ]


def test_a_receipt_is_for_the_cleared_files_in_the_cleared_place(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).sending()
    for other, match in _receipts():
        with refused(sqlite_ledger, match) as steps:
            steps.receive(replace(receipt(), **other))
