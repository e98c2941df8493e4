"""Ask for waivers, approve and revoke them, and see how they stand; each of it is an entry of the ledger."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from geogate.gate.authority import require
from geogate.gate.place import place_of
from geogate.gate.review import LONGEST_COMMENT
from geogate.gate.waivers_apply import classes_of, rule_digest
from geogate.gate.waivers_ledger import APPROVED, ASKED, REVOKED, Approved, Asked, Revoked, waivers_in, waivers_of
from geogate.ledger.laws import PUT_BACK
from geogate.model.authority import Action
from geogate.model.errors import RefusedError, UsageError
from geogate.model.names import Actor, PolicyName, RecipientId, RuleId, person, says_something
from geogate.model.waiver import Waiver, WaiverStanding, WaiverState

if TYPE_CHECKING:
    from datetime import datetime

    from geogate.gate.house import House
    from geogate.policy.policy import Policy, PolicyRule


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverWish:
    """What somebody wants a waiver of; ``policy`` is the one that requests name, ``rule`` as findings name it."""

    policy: str
    rule: str
    recipient: str
    dataset: str
    reason: str
    owner: str
    ticket: str
    days: int
    zone_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRow:
    """A waiver as it stands now, with what can be done about it by whoever looks, or why not."""

    standing: WaiverStanding
    state: WaiverState
    why_no_approval: str

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        import json

        from geogate.model.document import canonical_json

        found: dict[str, Any] = json.loads(canonical_json(self.standing))
        return found | {"state": self.state.value, "approvers": sorted(self.standing.approvers)}


def ask_waiver(wish: WaiverWish, *, house: House) -> Waiver:
    """Ask for a waiver; it holds when two others have approved it.

    Raises: ForbiddenError; UsageError where something is missing or does not exist; RefusedError where the policy does
        not let the rule be waived, or not for so long; PolicyError.
    """
    require(Action.ASK_WAIVER, house=house)
    _require_said(wish)
    policy, rule = _rule(wish, house=house)
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        now = tx.act.now
        waiver = Waiver(
            id=f"w{now:%Y%m%d}-{secrets.token_hex(6)}",
            policy=PolicyName(wish.policy),
            rule=RuleId(wish.rule),
            rule_digest=rule_digest(rule),
            recipient=RecipientId(wish.recipient),
            dataset=wish.dataset,
            zone_class=wish.zone_class,
            reason=wish.reason,
            owner=Actor(wish.owner),
            ticket=wish.ticket,
            asked_by=house.actor,
            asked_at=now,
            expires_at=now + timedelta(days=min(wish.days, policy.waiver_days)),
        )
        tx.note(ASKED, Asked(waiver=waiver))
    return waiver


def approve_waiver(waiver_id: str, *, house: House) -> WaiverStanding:
    """Approve a waiver that waits for it.

    Raises: ForbiddenError; UsageError for an unknown one; RefusedError for who asked for it, owns it or has approved
        it, or where it waits for nobody.
    """
    require(Action.APPROVE_WAIVER, house=house)
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        played = waivers_in(tx).get(waiver_id)
        if played is None:
            raise _unknown(waiver_id)
        if tx.act.put_back:
            raise RefusedError(PUT_BACK)
        if why := _why_no_approval(played.standing, house=house, now=tx.act.now):
            raise RefusedError(why)
        tx.note(APPROVED, Approved(id=waiver_id, asked=played.asked))
        return waivers_in(tx)[waiver_id].standing


def revoke_waiver(waiver_id: str, *, reason: str, house: House) -> WaiverStanding:
    """End a waiver at once: what was cleared by it is not sent any more.

    Raises: ForbiddenError; UsageError without a reason or for an unknown one; RefusedError where it is over.
    """
    require(Action.REVOKE_WAIVER, house=house)
    _require_line(reason, what="--reason")
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        played = waivers_in(tx).get(waiver_id)
        if played is None:
            raise _unknown(waiver_id)
        state = played.standing.state(tx.act.now)
        if state in {WaiverState.REVOKED, WaiverState.EXPIRED}:
            raise RefusedError(f"the waiver is {state} already")
        tx.note(REVOKED, Revoked(id=waiver_id, reason=reason))
        return waivers_in(tx)[waiver_id].standing


def waivers(*, everything: bool = False, house: House) -> tuple[WaiverRow, ...]:
    """List the waivers that hold or wait for approval, or all, those first that end first.

    Raises: ForbiddenError, ServiceError.
    """
    require(Action.SEE_WAIVERS, house=house)
    with house.ledger() as ledger:
        found, now = waivers_of(ledger), ledger.now(house.clock())
    rows = [_row(each.standing, house=house, now=now) for each in found.values()]
    shown = (row for row in rows if everything or row.state in {WaiverState.ASKED, WaiverState.HOLDS})
    return tuple(sorted(shown, key=lambda row: (row.standing.waiver.expires_at, row.standing.waiver.id)))


def waiver(waiver_id: str, *, house: House) -> WaiverRow:
    """Show one waiver.

    Raises: ForbiddenError, UsageError for an unknown one, ServiceError.
    """
    require(Action.SEE_WAIVERS, house=house)
    with house.ledger() as ledger:
        found, now = waivers_of(ledger).get(waiver_id), ledger.now(house.clock())
    if found is None:
        raise _unknown(waiver_id)
    return _row(found.standing, house=house, now=now)


def _row(standing: WaiverStanding, *, house: House, now: datetime) -> WaiverRow:
    return WaiverRow(
        standing=standing, state=standing.state(now), why_no_approval=_why_no_approval(standing, house=house, now=now)
    )


def _why_no_approval(standing: WaiverStanding, *, house: House, now: datetime) -> str:
    state, name = standing.state(now), person(house.actor)
    if state is not WaiverState.ASKED:
        return f"the waiver is {state}" if state is not WaiverState.HOLDS else "the waiver holds already"
    if name in {person(standing.waiver.asked_by), person(standing.waiver.owner)}:
        return "who asked for a waiver or owns it cannot approve it"
    return "you have approved it; each person approves once" if name in standing.approvers else ""


def _unknown(waiver_id: str) -> UsageError:
    return UsageError(f"there is no waiver {waiver_id[:60]!r}", hint="geogate waivers list --all shows every one")


def _require_said(wish: WaiverWish) -> None:
    if not wish.dataset.strip() or len(wish.dataset) > LONGEST_COMMENT:
        raise UsageError("say --dataset", hint="a pattern, in which * is any letters")
    for what in ("reason", "owner", "ticket", "recipient", "policy", "rule"):
        _require_line(getattr(wish, what), what=f"--{what}")
    if wish.days < 1:
        raise UsageError("a waiver holds for a day or more")


def _require_line(text: str, *, what: str) -> None:
    if not says_something(text) or len(text) > LONGEST_COMMENT:
        raise UsageError(f"say {what}, in up to {LONGEST_COMMENT} characters")


def _rule(wish: WaiverWish, *, house: House) -> tuple[Policy, PolicyRule]:
    """Find the rule, which its policy must let be waived, for the recipient and the class of zones that are named.

    Raises: UsageError, RefusedError, PolicyError.
    """
    place = place_of(house)
    policy = place.policy(wish.policy)
    place.recipient(place.recipients(), wish.recipient)
    rule = next((each for each in policy.asked if each.id == wish.rule), None)
    if rule is None:
        raise UsageError(f"policy {policy.name} has no rule {wish.rule[:60]!r} that is asked")
    if not rule.waivable:
        raise RefusedError(
            f"policy {policy.name} does not let rule {rule.id} be waived", hint="only rules with waivable: true can be"
        )
    if wish.days > policy.waiver_days:
        raise RefusedError(f"policy {policy.name} lets a waiver hold for {policy.waiver_days} days at most")
    classes = classes_of(rule, place.zone_lists(policy, today=house.today()))
    if (classes is None) == bool(wish.zone_class) or (classes is not None and classes != {wish.zone_class}):
        known = "it is not about zones" if classes is None else f"all its zones are of {', '.join(sorted(classes))}"
        raise UsageError("the class of zones does not fit the rule", hint=known)
    return policy, rule
