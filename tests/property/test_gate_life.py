"""Whatever people, clocks and roles do: nothing is sent but what a machine or enough people cleared."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from gating.files import COARSE, FINE, MIDDLE, stage
from gating.gate import REQUESTER, Gate, at
from gating.place import DENY_M, HOLD_M, PARTNER, POLICY, destination, precision, with_meta, zones
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from geogate.gate.home import initialise
from geogate.gate.review import approve, reject, send_back, withdraw
from geogate.gate.reviews_times import expire
from geogate.gate.waivers import WaiverWish, approve_waiver, ask_waiver, revoke_waiver
from geogate.model.errors import RefusedError
from geogate.model.finding import Effect
from geogate.model.lifecycle import State
from geogate.model.release import Choice

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from geogate.model.names import RequestId

NOW = at("2026-11-22T12:00:00")
DAYS = 4
REVIEWERS = ("anna", "bob", "carl")
PEOPLE = (*REVIEWERS, REQUESTER)
RULES = (
    with_meta(precision("precision", DENY_M, ">="), waivable=True),
    with_meta(precision("review", HOLD_M, ">", "warning"), waivable=True),
    zones(),
    destination(),
)
DATA = {"clear": COARSE, "hold": MIDDLE, "deny": FINE}
VOTES = {Choice.APPROVE: approve, Choice.REJECT: reject, Choice.RETURN: send_back}


class Life(RuleBasedStateMachine):
    """A gate, and everybody trying everything; what may be sent is reckoned here from what was accepted."""

    template: Path
    seen: ClassVar[set[str]]

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.gate = Gate(root=self.folder / "gate", now=NOW)
        shutil.copytree(self.template, self.gate.root)
        self.roles = dict.fromkeys(REVIEWERS, "reviewer")
        self.votes: dict[RequestId, dict[str, Choice]] = {}
        self.reviewing: dict[RequestId, set[str]] = {}
        self.holding: dict[str, datetime] = {}
        self.latest = NOW
        self.count = 0
        self.write_roles()

    def write_roles(self) -> None:
        own = [f"  - {{name: {name}, roles: [{role}]}}\n" for name, role in self.roles.items()]
        fixed = f"  - {{name: {REQUESTER}, roles: [requester, administrator, reviewer]}}\n"
        owners = "".join(f"  - {{name: owner{n}, roles: [policy-owner]}}\n" for n in range(3))
        (self.gate.policies.root / "roles.yaml").write_text("people:\n" + fixed + owners + "".join(own))

    def attempt(self, act: Callable[[], object]) -> bool:
        """Try something; say whether it was done. Whatever was refused has sent nothing."""
        before = self.gate.delivered()
        try:
            act()
        except RefusedError:
            assert self.gate.delivered() == before
            return False
        assert self.gate.now is not None
        self.latest = max(self.latest, self.gate.now)
        return True

    def some(self, *states: State) -> list[RequestId]:
        return [request.id for request in self.gate.requests() if request.state in states]

    @rule(kind=st.sampled_from(tuple(DATA)), returned=st.booleans())
    def submit(self, kind: str, *, returned: bool) -> None:
        self.count += 1
        before = self.some(State.RETURNED) if returned else []
        changes = {"continues": before[-1]} if before else {}
        dataset = self.gate.staged / f"{kind}.csv"
        if self.attempt(lambda: self.gate.submit(dataset, purpose=f"number {self.count}", **changes)) and before:
            self.seen.add("continued")

    @rule(who=st.sampled_from(PEOPLE), choice=st.sampled_from([Choice.APPROVE, *Choice]))
    def vote(self, who: str, choice: Choice) -> None:
        for request in self.some(State.HELD)[-1:]:
            if self.attempt(lambda: VOTES[choice](request, comment="said", house=self.gate.house(who))):  # noqa: B023
                assert who != REQUESTER
                assert self.roles.get(who) == "reviewer"
                self.votes.setdefault(request, {})[who] = choice
                # Who is a reviewer when the last vote is cast is what counts.
                self.reviewing[request] = {name for name, role in self.roles.items() if role == "reviewer"}

    @rule(who=st.sampled_from(REVIEWERS), role=st.sampled_from(["reviewer", "auditor"]))
    def change_role(self, who: str, role: str) -> None:
        self.roles[who] = role
        self.write_roles()

    @rule(hours=st.sampled_from([1, 30, 24 * DAYS, -1, -24 * 30]))
    def clock_jumps(self, hours: int) -> None:
        assert self.gate.now is not None
        self.gate.now += timedelta(hours=hours)

    @rule(
        approvers=st.sampled_from([("owner1",), ("owner1", "owner2"), ("owner0", "owner1")]),
        waived=st.sampled_from(["precision", "review"]),
    )
    def waive(self, approvers: tuple[str, ...], waived: str) -> None:
        wish = WaiverWish(
            policy=POLICY,
            rule=waived,
            recipient=PARTNER,
            dataset="deny.csv",
            reason="x",
            owner="owner0",
            ticket="T",
            days=2,
        )
        asked = ask_waiver(wish, house=self.gate.house("owner0"))
        self.latest = max(self.latest, asked.asked_at)
        done = [self.attempt(lambda: approve_waiver(asked.id, house=self.gate.house(name))) for name in approvers]  # noqa: B023
        if sum(done) > 1:
            self.holding[asked.id] = asked.expires_at

    @rule()
    def revoke(self) -> None:
        for name in list(self.holding)[-1:]:
            if self.attempt(lambda: revoke_waiver(name, reason="x", house=self.gate.house("owner1"))):  # noqa: B023
                del self.holding[name]

    @rule()
    def times_are_kept(self) -> None:
        self.attempt(lambda: expire(house=self.gate.house(REQUESTER)))

    @rule()
    def withdraw(self) -> None:
        for request in self.some(State.HELD, State.CLEARED, State.RETURNED)[:1]:
            self.attempt(lambda: withdraw(request, comment="", house=self.gate.house(REQUESTER)))  # noqa: B023

    @rule()
    def send(self) -> None:
        with self.gate.ledger() as ledger:
            kept = [ledger.clearance_of(request) for request in self.some(State.CLEARED, State.WITHDRAWN, State.SENT)]
        for clearance, _ in filter(None, kept):
            if self.attempt(lambda: self.gate.send(clearance.nonce)):  # noqa: B023
                self.require_cleared(clearance.request)
                assert self.latest < clearance.expires_at

    @rule(kind=st.sampled_from(("clear", "hold")))
    def go_on(self, kind: str) -> None:
        """Take the step that leads towards sending; pure chance would hardly ever get there."""
        held = self.some(State.HELD)
        if self.some(State.CLEARED):
            self.send()
        elif held:
            left = [name for name in REVIEWERS if name not in self.votes.get(held[-1], {})]
            self.vote(left[0] if left else REVIEWERS[0], Choice.APPROVE)
        else:
            self.submit(kind, returned=True)

    go_on_again = go_on
    go_on_once_more = go_on

    def require_cleared(self, request: RequestId) -> None:
        """Reckon from what was accepted whether a release may have been sent."""
        verdict = self.gate.request(request).verdict
        assert verdict is not None
        for finding in verdict.findings:
            if finding.waived:
                assert self.latest < self.holding[finding.waived], "sent by a waiver that is over"
                self.seen.add("sent by a waiver")
        against = [finding.effect for finding in verdict.findings if not finding.waived]
        assert Effect.DENY not in against
        if Effect.HOLD not in against:
            self.seen.add("sent by the machine")
            return
        votes = self.votes[request]
        assert set(votes.values()) == {Choice.APPROVE}
        assert len(set(votes) & self.reviewing[request]) >= 2
        self.seen.add("sent by people")

    def teardown(self) -> None:
        if hasattr(self, "gate"):
            self.gate.require_whole_ledger()
            shutil.rmtree(self.folder)


def template(folder: Path) -> Gate:
    """Make a gate with data of three kinds, of which each example gets a copy."""
    gate = Gate(root=folder / "template")
    gate.root.mkdir()
    gate.policies.build()
    gate.policies.write_policy(RULES, review_days=DAYS)
    gate.outbox.mkdir()
    assert list(initialise(gate.house().settings))
    for name, points in DATA.items():
        stage("CSV", gate.staged, points, stem=name)
    return gate


def test_nothing_is_sent_but_what_a_machine_or_enough_people_cleared(tmp_path: Path) -> None:
    gate = template(tmp_path)

    class Machine(Life):
        """The machine with a gate to start from."""

    Machine.template, Machine.seen = gate.root, set()
    rules = settings(
        max_examples=7,
        stateful_step_count=12,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Machine, settings=rules)
    assert "sent by the machine" in Machine.seen, "the search was too shallow to prove anything"


def test_the_reckoning_sees_what_must_not_be_sent(tmp_path: Path) -> None:
    """Go the three ways by hand, so that all of them are gone whatever the search does."""
    gate = template(tmp_path)
    Life.template, Life.seen = gate.root, set()
    life = Life()
    life.start()
    life.submit("clear", returned=False)
    life.waive(("owner1", "owner2"), "precision")
    life.waive(("owner2", "owner1"), "review")
    life.submit("deny", returned=False)
    life.submit("hold", returned=False)
    life.vote("anna", Choice.APPROVE)
    life.vote("bob", Choice.RETURN)
    life.submit("hold", returned=True)
    life.vote("anna", Choice.APPROVE)
    life.change_role("anna", "auditor")
    life.vote("bob", Choice.APPROVE)
    life.vote("carl", Choice.APPROVE)
    life.send()
    assert life.seen == {"sent by the machine", "sent by a waiver", "sent by people", "continued"}
    life.teardown()
