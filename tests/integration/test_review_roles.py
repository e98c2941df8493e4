"""Roles on the way: who has none does nothing, and who lost the role between two votes has approved nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from gating.files import COARSE, MIDDLE, stage
from gating.gate import REQUESTER, at

from geogate.gate.audit import audit
from geogate.gate.history import history
from geogate.gate.review import approve, reject, send_back, withdraw
from geogate.gate.reviews_notes import comment
from geogate.gate.reviews_queue import Wanted, queue
from geogate.gate.reviews_release import release
from geogate.gate.reviews_times import expire, remind
from geogate.gate.submit import submit
from geogate.model.authority import ForbiddenError, Source
from geogate.model.errors import PolicyError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from gating.gate import Gate

    from geogate.gate.house import House
    from geogate.model.names import RequestId

NOW = at("2026-11-22T12:00:00")


def roles(gate: Gate, **people: str) -> None:
    """Give roles to people by name; groups of the same names have them too."""
    given = [f"  - {{name: {name}, roles: [{role}]}}\n" for name, role in people.items()]
    groups = "groups:\n  - {group: geo-reviewers, roles: [reviewer]}\n"
    text = groups + ("people:\n" + "".join(given) if given else "")
    (gate.policies.root / "roles.yaml").write_text(text)


@pytest.fixture
def held(gate: Gate) -> RequestId:
    gate.now = NOW
    roles(gate, rita="requester", anna="reviewer", bob="reviewer", carl="reviewer", otto="auditor")
    return gate.hold(stage("CSV", gate.staged, MIDDLE))


def signed_in(gate: Gate, name: str, *groups: str) -> House:
    return replace(gate.house(name), groups=groups, source=Source.OIDC)


def test_a_vote_of_who_lost_the_role_does_not_count_at_the_clearing(gate: Gate, held: RequestId) -> None:
    gate.approve(held, "anna")
    roles(gate, rita="requester", anna="auditor", bob="reviewer", carl="reviewer")
    second = gate.approve(held, "bob")
    assert (second.state, second.votes, second.clearance) == (State.HELD, 1, None)
    assert gate.approve(held, "carl").state is State.CLEARED
    gate.require_whole_ledger()


def test_a_refusal_counts_although_its_voter_lost_the_role(gate: Gate, held: RequestId) -> None:
    reject(held, comment="no", house=gate.house("anna"))
    roles(gate, rita="requester", bob="reviewer", carl="reviewer")
    assert gate.approve(held, "bob").state is State.HELD
    assert gate.approve(held, "carl").state is State.REJECTED


def test_groups_of_a_sign_in_are_kept_with_the_vote_and_judged_by_the_roles_of_today(gate: Gate) -> None:
    gate.now = NOW
    roles(gate, rita="requester", bob="reviewer", carl="reviewer")
    held = gate.hold(stage("CSV", gate.staged, MIDDLE))
    vera = signed_in(gate, "vera@example.org", "staff", "geo-reviewers")
    assert approve(held, comment="", house=vera).votes == 1
    with gate.ledger() as ledger:
        assert [(vote.groups, vote.source) for vote in ledger.votes(held)] == [(("staff", "geo-reviewers"), "oidc")]
    (gate.policies.root / "roles.yaml").write_text("people:\n  - {name: bob, roles: [reviewer]}\n")
    assert gate.approve(held, "bob").votes == 1
    assert gate.request(held).state is State.HELD


def test_a_group_counts_only_as_the_sign_in_says(gate: Gate, held: RequestId) -> None:
    with pytest.raises(ForbiddenError, match="to vote needs the role reviewer"):
        approve(held, comment="", house=signed_in(gate, "eve", "geo-reviewers2"))
    assert approve(held, comment="", house=signed_in(gate, "eve", "geo-reviewers")).votes == 1


def test_without_a_file_of_roles_nobody_who_signs_in_elsewhere_has_any(gate: Gate) -> None:
    held = gate.hold(stage("CSV", gate.staged, MIDDLE))
    for source in (Source.OIDC, Source.PROXY, Source.AIRFLOW, Source.TOKEN):
        house = replace(gate.house("eve"), groups=("admin", "reviewer"), source=source)
        with pytest.raises(ForbiddenError):
            approve(held, comment="", house=house)
        with pytest.raises(ForbiddenError):
            release(held, house=house)


def test_a_file_of_roles_that_cannot_be_read_stops_everything(gate: Gate, held: RequestId) -> None:
    (gate.policies.root / "roles.yaml").write_text("people: [{name: anna, roles: [king]}]")
    with pytest.raises(PolicyError):
        gate.approve(held, "anna")
    assert gate.request(held).state is State.HELD


def test_nobody_does_what_the_own_roles_do_not_allow(gate: Gate, held: RequestId) -> None:
    dataset = gate.staged / "data.csv"
    tries: dict[str, tuple[Callable[[House], object], str]] = {
        "vote": (lambda house: approve(held, comment="", house=house), "otto"),
        "reject": (lambda house: reject(held, comment="x", house=house), REQUESTER),
        "return": (lambda house: send_back(held, comment="x", house=house), "nobody"),
        "comment": (lambda house: comment(held, "x", house=house), "nobody"),
        "withdraw": (lambda house: withdraw(held, comment="", house=house), "anna"),
        "submit": (lambda house: submit(gate.wish(dataset), house=house), "anna"),
        "see": (lambda house: release(held, house=house), "nobody"),
        "list": (lambda house: queue(Wanted(), house=house), "nobody"),
        "expire": (lambda house: expire(house=house), REQUESTER),
        "remind": (lambda house: remind(house=house), REQUESTER),
        "audit": (lambda house: audit(hours=1, house=house), "anna"),
    }
    before = gate.kinds()
    for act, name in tries.values():
        with pytest.raises(ForbiddenError, match="needs the role"):
            act(gate.house(name))
    assert gate.kinds() == before


def test_a_requester_sees_the_own_releases_and_how_many_there_are_of_all(gate: Gate, held: RequestId) -> None:
    roles(gate, rita="requester", yves="requester", anna="reviewer")
    done = submit(gate.wish(stage("CSV", gate.staged, COARSE, stem="other")), house=gate.house("yves"))
    own = queue(Wanted(states=tuple(State)), house=gate.house("Rita"))
    assert ([row.request for row in own.rows], own.own_only) == ([held], True)
    assert dict(own.counts)[State.CLEARED] == 1
    assert release(held, house=gate.house()).request.id == held
    with pytest.raises(ForbiddenError, match="see all releases"):
        release(done.request, house=gate.house())
    every = queue(Wanted(states=tuple(State)), house=gate.house("anna"))
    assert ([row.mine for row in every.rows], every.own_only) == ([False, False], False)


def test_the_ledger_is_read_by_auditors_and_of_a_release_by_who_may_see_it(gate: Gate, held: RequestId) -> None:
    assert [entry.kind for entry in history(house=gate.house("otto"))][:1] == ["open"]
    for name in ("rita", "anna"):
        assert history(request=held, house=gate.house(name))
        with pytest.raises(ForbiddenError, match="to read the ledger needs the role"):
            history(house=gate.house(name))
    roles(gate, rita="requester", otto="auditor", zoe="requester")
    with pytest.raises(ForbiddenError, match="to see all releases needs the role"):
        history(request=held, house=gate.house("zoe"))
    with pytest.raises(ForbiddenError, match="to read the ledger needs the role"):
        history(request="unknown", house=gate.house("zoe"))
    assert history(request="unknown", house=gate.house("otto")) == []
