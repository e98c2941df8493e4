"""Judge past releases by a candidate policy, from what the ledger kept of them; nothing is written anywhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from geogate.gate.examine import Question
from geogate.gate.exposure import Known, Memory, pepper
from geogate.gate.exposure_then import Releases
from geogate.gate.facts import read_facts
from geogate.gate.place import PolicyPlace, place_of, zone_digests
from geogate.gate.policy_kept import KeptJudge, NeedsDataError
from geogate.gate.submit import judge_artefact
from geogate.gate.versions import versions
from geogate.model.errors import GeogateError, UsageError
from geogate.model.verdict import Basis, Decision
from geogate.policy.applicable import applicable
from geogate.policy.decide import Case
from geogate.policy.scope import Facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from geogate.gate.facts import Kept
    from geogate.gate.house import House
    from geogate.model.names import RequestId, RuleId
    from geogate.model.parties import RecipientBook
    from geogate.model.release import ReleaseRequest
    from geogate.model.verdict import Verdict
    from geogate.policy.applicable import Applicable
    from geogate.policy.policy import Policy
    from geogate.zones.zone import ZoneList


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What would become of one past release; ``after`` is ``None`` where that cannot be said, for a ``reason``.

    ``added`` and ``gone`` are rules with findings that deny or hold, which they did not have before, or not any more.
    """

    request: RequestId
    judged_at: datetime
    before: Decision
    after: Decision | None
    reason: str = ""
    added: tuple[RuleId, ...] = ()
    gone: tuple[RuleId, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the decision would be another."""
        return self.after is not None and self.after is not self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is replayed: the candidate, whether it would judge alone, and whether the sealed data may be read."""

    candidate: Policy
    alone: bool = False
    with_data: bool = False
    since: datetime | None = None


@dataclass(slots=True, kw_only=True)
class _Desk:
    """What a replay works with; policies and zone lists are read when a release first needs them."""

    house: House
    plan: Plan
    place: PolicyPlace
    adopted: tuple[str, ...] | None
    book: RecipientBook
    policies: dict[str, Policy]
    zone_lists: dict[str, ZoneList]
    judge: KeptJudge
    releases: Releases

    def policy(self, name: str) -> Policy:
        """Give a policy with its zone lists at hand.

        Raises: NeedsDataError when there is none of that name any more; PolicyError when it is invalid.
        """
        if name not in self.policies:
            try:
                self.add(self.place.policy(name))
            except UsageError:
                raise NeedsDataError(f"policy {name}, which judged it too, is gone") from None
        return self.policies[name]

    def add(self, policy: Policy) -> None:
        """Read the zone lists that a policy needs."""
        self.policies[str(policy.name)] = policy
        asked = replace(policy, rules=policy.asked)
        self.zone_lists.update(self.place.zone_lists(asked, today=self.house.today()))


def replay(plan: Plan, *, house: House) -> Iterator[Replayed]:
    """Judge every release in the ledger by the candidate, the oldest first, as of the day of its verdict.

    The candidate takes the place of the policy of its name; where there is none of that name, it judges beside the
    policies that did. Releases that it would not judge are left out.

    Raises: PolicyError when a policy or zone list is invalid; ServiceError when the ledger cannot be read.
    """
    desk = _desk(plan, house)
    ledger = house.ledger()
    try:
        for request, text in ledger.judged(since=plan.since):
            names = _names(request, desk)
            if request.verdict is not None and plan.candidate.name in names:
                yield _replayed(request, request.verdict, text, names, desk)
    finally:
        ledger.close()


def _desk(plan: Plan, house: House) -> _Desk:
    place = place_of(house, indexes=house.means().indexes)
    adopted = place.adopted()
    zone_lists: dict[str, ZoneList] = {}
    desk = _Desk(
        house=house,
        plan=plan,
        place=place,
        adopted=None if adopted is None else tuple(map(str, adopted.policies)),
        book=place.recipients(),
        policies={},
        zone_lists=zone_lists,
        judge=KeptJudge(zone_lists),
        releases=Releases(house),
    )
    desk.add(plan.candidate)
    return desk


def _names(request: ReleaseRequest, desk: _Desk) -> tuple[str, ...]:
    """Name the policies that would judge a request were the candidate in place; the one that was named comes first."""
    candidate = str(desk.plan.candidate.name)
    if desk.plan.alone:
        return (candidate,)
    names = [str(request.policy)] if request.policy else []
    names += [name for name in desk.adopted or () if name not in names]
    new = not (desk.place.root / f"{candidate}.yaml").is_file()
    return (*names, candidate) if new and candidate not in names else tuple(names)


def _replayed(request: ReleaseRequest, before: Verdict, text: str, names: Sequence[str], desk: _Desk) -> Replayed:
    same = {"request": request.id, "judged_at": before.judged_at, "before": before.decision}
    try:
        after = _waived_then(_verdict(request, before, text, names, desk), before)
    except (NeedsDataError, GeogateError) as error:
        reason = error.summary if isinstance(error, GeogateError) else str(error)
        return Replayed(**same, after=None, reason=reason)  # type: ignore[arg-type]
    old, new = _grave(before), _grave(after)
    return Replayed(
        **same,  # type: ignore[arg-type]
        after=after.decision,
        added=tuple(sorted(new - old)),
        gone=tuple(sorted(old - new)),
    )


def _waived_then(after: Verdict, before: Verdict) -> Verdict:
    """Carry waivers over to what they covered then: a trial is about the rules, not about their exceptions."""
    by = {(finding.rule, finding.layer): finding.waived for finding in before.findings if finding.waived}
    findings = tuple(replace(each, waived=by.get((each.rule, each.layer), each.waived)) for each in after.findings)
    return replace(after, findings=findings)


def _grave(verdict: Verdict) -> set[RuleId]:
    return {finding.rule for finding in verdict.findings if finding.effect != "note"}


def _verdict(request: ReleaseRequest, before: Verdict, text: str, names: Sequence[str], desk: _Desk) -> Verdict:
    kept = read_facts(text)
    if kept is None:
        raise NeedsDataError("an earlier version of geogate kept too little")
    found = _applicable(before, kept, names, desk)
    _require_same_bytes(request, found)
    past = _past(request, before, found, desk)
    kept = replace(kept, circumstances=replace(kept.circumstances, history=past.releases))
    try:
        case = _case(before, found, desk)
        return desk.judge.verdict(case, policy=found.policy, kept=kept, before=before)
    except NeedsDataError:
        if not desk.plan.with_data or request.artefact is None:
            raise
    question = replace(_question(request, before, kept, found, desk), recall=past)
    return judge_artefact(
        request.artefact, staging=desk.house.staging(), question=question, means=desk.house.means()
    ).verdict


def _applicable(before: Verdict, kept: Kept, names: Sequence[str], desk: _Desk) -> Applicable:
    facts = Facts(
        declaration=before.declaration,
        recipient=kept.circumstances.recipient,
        posture=kept.circumstances.posture,
        purpose=before.purpose,
    )
    together = not desk.plan.alone and (desk.adopted is not None or len(names) > 1)
    policies = [desk.policy(name) for name in names]
    return applicable(policies, facts, today=before.judged_at.date(), together=together)


def _past(request: ReleaseRequest, before: Verdict, found: Applicable, desk: _Desk) -> Known:
    """Recall what the recipient had got at the moment of the verdict, as rules that count would have seen it."""
    memory = Memory.of(found.policy, before.judged_at.date())
    secret = pepper(desk.house.settings, before.recipient) if memory.measures and desk.plan.with_data else b""
    return Known(releases=desk.releases.before(request, before.judged_at, memory=memory), pepper=secret)


def _require_same_bytes(request: ReleaseRequest, found: Applicable) -> None:
    """Refuse to speak of a release that would have been encoded otherwise, so that other bytes were judged."""
    artefact = request.artefact
    if artefact is not None and artefact.encoding is not found.policy.encoding:
        raise NeedsDataError(f"the candidate wants another encoding than {artefact.encoding}; submit it again")


def _case(before: Verdict, found: Applicable, desk: _Desk) -> Case:
    basis = Basis(
        policy=found.policy.name,
        policy_digest=found.policy.digest,
        recipients_digest=before.basis.recipients_digest,
        zones=zone_digests(desk.zone_lists),
        versions=versions(),
        policies=found.policies,
        passed_over=found.passed_over,
    )
    return Case(
        subject=before.subject,
        subject_size=before.subject_size,
        recipient=before.recipient,
        destination=before.destination,
        purpose=before.purpose,
        basis=basis,
        judged_at=before.judged_at,
        parts=before.parts,
        isolation=before.isolation,
        declaration=before.declaration,
    )


def _question(request: ReleaseRequest, before: Verdict, kept: Kept, found: Applicable, desk: _Desk) -> Question:
    return Question(
        policy=found.policy,
        policies=found.policies,
        passed_over=found.passed_over,
        declaration=before.declaration,
        book=desk.book,
        recipient=kept.circumstances.recipient,
        destination=before.destination,
        posture=kept.circumstances.posture,
        purpose=before.purpose,
        assume_crs=request.assume_crs,
        zone_lists={name: desk.zone_lists[name] for name in sorted(desk.zone_lists)},
        at=before.judged_at,
    )


def summary(replayed: Sequence[Replayed]) -> tuple[tuple[str, int], ...]:
    """Count what would become of releases: ``clear to deny``, the same, and those that need the data."""
    changed = Counter(f"{each.before} to {each.after}" for each in replayed if each.changes)
    reasons = Counter(each.reason for each in replayed if each.after is None)
    return (
        ("judged again", sum(each.after is not None for each in replayed)),
        ("the same decision", sum(each.after is not None and not each.changes for each in replayed)),
        *sorted(changed.items()),
        *((f"not said: {reason}", count) for reason, count in sorted(reasons.items())),
    )
