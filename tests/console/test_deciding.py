"""The ways through a review without any script: approve, reject, return, comment, withdraw, unmask."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

from consoling.desk import ROLES, console, held
from consoling.visitor import text_of

if TYPE_CHECKING:
    from gating.gate import Gate

    from geogate.model.names import RequestId


def entries(gate: Gate, request: RequestId, kind: str) -> list[str]:
    with gate.ledger() as ledger:
        return [entry.body for entry in ledger.entries_of(request) if entry.kind == kind]


def test_two_approvals_clear_a_release_and_each_is_blind_to_the_other_until_then(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("ada") as ada, desk.reviewer("bob") as bob:
        first = ada.vote(request, "approve", "ada is content")
        seen = text_of(bob.page(f"/releases/{request}"))
        state = gate.request(request).state
        second = bob.vote(request, "approve", "bob too")
        after = text_of(second.text)

    assert first.status_code == second.status_code == 200
    assert "Your approval is in the ledger" in text_of(first.text)
    assert "ada is content" not in seen
    assert "1 of 2 reviewers have voted" in seen
    assert state == "held"
    assert gate.request(request).state == "cleared"
    assert "ada is content" in after
    assert "bob too" in after
    gate.require_whole_ledger()


def test_a_rejection_needs_a_comment_and_ends_a_release_when_all_have_voted(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("ada") as ada, desk.reviewer("bob") as bob:
        silent = ada.vote(request, "reject", "")
        ada.vote(request, "reject", "too fine")
        bob.vote(request, "approve", "fine by me")
        page = text_of(bob.page(f"/releases/{request}"))

    assert silent.status_code == 400
    assert "comment" in text_of(silent.text)
    assert gate.request(request).state == "rejected"
    assert "too fine" in page


def test_a_release_is_returned_for_changes(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("ada") as ada, desk.reviewer("bob") as bob:
        ada.vote(request, "return", "round to one decimal")
        bob.vote(request, "approve", "")
        with desk.visitor("rita") as rita:
            page = text_of(rita.page(f"/releases/{request}"))

    assert gate.request(request).state == "returned"
    assert "round to one decimal" in page
    assert f"--continues {request}" in page


def test_a_vote_that_is_none_of_the_three_is_refused(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("ada") as ada:
        answer = ada.vote(request, "clear")

    assert answer.status_code == 400
    assert entries(gate, request, "vote") == []


def test_the_requester_cannot_vote_and_is_told_why(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.visitor("rita", "reviewers") as rita:
        page = rita.page(f"/releases/{request}")
        answer = rita.http.post(f"/releases/{request}/vote", data={"token": "x", "choice": "approve"})

    assert "who asked for a release cannot review it" in text_of(page)
    assert f'action="/releases/{request}/vote"' not in page
    assert answer.status_code == 409
    assert gate.request(request).state == "held"


def test_the_requester_withdraws_and_others_cannot(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.visitor("rita") as rita, desk.visitor("otto", "requesters") as otto:
        form = rita.form(f"/releases/{request}", f"/releases/{request}/withdraw")
        foreign = otto.get(f"/releases/{request}")
        done = rita.send(form, comment="not needed any more")

    assert foreign.status_code == 403
    assert "The request is withdrawn" in text_of(done.text)
    assert gate.request(request).state == "withdrawn"


def test_a_requester_sees_the_own_releases_only(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.visitor("rita") as rita, desk.visitor("otto", "requesters") as otto:
        own, foreign = rita.page("/"), otto.page("/")

    assert request in own
    assert request not in foreign
    assert "you see your own" in text_of(foreign)


def test_a_reviewer_who_lost_the_role_between_two_votes_approves_nothing(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("ada") as ada, desk.reviewer("bob") as bob:
        form = bob.form(f"/releases/{request}", f"/releases/{request}/vote")
        ada.vote(request, "approve")
        (gate.policies.root / "roles.yaml").write_text(
            ROLES.replace("{group: reviewers, roles: [reviewer]}", "{group: reviewers, roles: [requester]}")
        )
        refused = bob.send(form, choice="approve", comment="")

    assert refused.status_code == 403
    assert gate.request(request).state == "held"


def test_a_ledger_that_goes_away_in_the_middle_of_a_vote_approves_nothing_and_says_what_to_do(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("ada") as ada:
        form = ada.form(f"/releases/{request}", f"/releases/{request}/vote")
        away = gate.ledger_file.with_suffix(".away")
        gate.ledger_file.rename(away)
        answer = ada.send(form, choice="approve", comment="")
        away.rename(gate.ledger_file)
        again = ada.vote(request, "approve")

    assert answer.status_code == 503
    assert "ledger" in text_of(answer.text)
    assert again.status_code == 200
    assert len(entries(gate, request, "vote")) == 1


def test_a_store_of_sessions_that_is_locked_decides_nothing(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("ada") as ada:
        form = ada.form(f"/releases/{request}", f"/releases/{request}/vote")
        lock = sqlite3.connect(gate.home / "console.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        answer = ada.send(form, choice="approve", comment="")
        lock.execute("ROLLBACK")
        lock.close()

    assert answer.status_code == 503
    assert entries(gate, request, "vote") == []


def test_comments_are_seen_by_all_who_see_the_release(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("ada") as ada, desk.visitor("rita") as rita:
        form = ada.form(f"/releases/{request}", f"/releases/{request}/comment")
        ada.send(form, comment="who are the subjects?\r\nand since when?")
        page = text_of(rita.page(f"/releases/{request}"))

    assert "who are the subjects?\nand since when?" in page
    assert len(entries(gate, request, "comment")) == 1


def test_a_comment_that_nobody_would_read_is_refused(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("ada") as ada:
        form = ada.form(f"/releases/{request}", f"/releases/{request}/comment")
        answer = ada.send(form, comment="a" * 2001)

    assert answer.status_code == 400
    assert entries(gate, request, "comment") == []


def test_positions_are_coarse_until_they_are_unmasked_with_a_reason_and_again_after_a_while(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("ada") as ada, desk.reviewer("bob") as bob:
        coarse = ada.get(f"/releases/{request}/cells").json()
        masked = ada.get(f"/releases/{request}/exact")
        form = ada.form(f"/releases/{request}", f"/releases/{request}/unmask")
        short = ada.send(form, comment="why")
        form = ada.form(f"/releases/{request}", f"/releases/{request}/unmask")
        ada.send(form, comment="positions near the barracks?")
        shown = ada.get(f"/releases/{request}/exact")
        others = bob.get(f"/releases/{request}/exact")
        desk.ahead = timedelta(minutes=16)
        late = ada.get(f"/releases/{request}/exact")

    assert coarse["step"] >= 0.1
    assert all(round(each * 10, 6) % 1 == 0 for cell in coarse["cells"] for each in cell[:2])
    assert [masked.status_code, short.status_code, others.status_code, late.status_code] == [409, 400, 409, 409]
    assert [8.31, 47.12] in [
        [round(x, 6), round(y, 6)] for x, y in shown.json()["features"][0]["geometry"]["coordinates"]
    ]
    assert [("barracks" in body) for body in entries(gate, request, "unmasked")] == [True]


def test_only_who_may_see_zones_gets_their_shapes_and_the_ledger_says_so(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("ada") as ada, desk.visitor("olga", "owners") as olga:
        refused = ada.get(f"/releases/{request}/zones")
        given = olga.get(f"/releases/{request}/zones")

    assert refused.status_code == 403
    assert given.json()["type"] == "FeatureCollection"
    assert ["shapes of zones" in body for body in entries(gate, request, "viewed")] == [True]
