"""From the policies of a place to the one that judges a release: those that apply, put together, and worst wins."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from geogate.model.dataset import Encoding, LayerKind
from geogate.model.document import canonical_json
from geogate.model.isolation import LEVELS
from geogate.model.names import RuleId, Sha256
from geogate.model.verdict import PassedOver, PolicyUse
from geogate.policy.scope import match

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from geogate.policy.obligations import Obligation
    from geogate.policy.policy import Policy, PolicyRule
    from geogate.policy.scope import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicable:
    """What judges a release: one policy with the rules that are asked, and why others are not.

    ``policies`` is empty where only one policy was considered and it has no scope.
    """

    policy: Policy
    policies: tuple[PolicyUse, ...]
    passed_over: tuple[PassedOver, ...]


def applicable(policies: Sequence[Policy], facts: Facts, *, today: date, together: bool) -> Applicable:
    """Put together the policies that apply to a release; the first is the one that was named.

    With ``together`` rules are called ``<policy>/<rule>`` and the digest is that of all policies, also of those that
    do not apply. Of every option the strictest counts, so that a further policy never lets more leave. Where no policy
    applies there is no rule, which denies.

    Raises: ValueError without a policy.
    """
    if not policies:
        raise ValueError("there is no policy that could apply")
    matches = [match(policy.scope, facts) for policy in policies]
    uses = tuple(
        PolicyUse(name=policy.name, digest=policy.digest, applied=found.applies, why=found.why)
        for policy, found in zip(policies, matches, strict=True)
    )
    applying = [policy for policy, found in zip(policies, matches, strict=True) if found.applies]
    asked: list[PolicyRule] = []
    passed: list[PassedOver] = []
    if together:
        applying = [replace(policy, obligations=tuple(map(_named, policy.obligations))) for policy in applying]
    for policy in applying:
        for rule in policy.rules:
            named = replace(rule, id=RuleId(f"{policy.name}/{rule.id}")) if together else rule
            why = _why_not(named, facts, policy)
            if why:
                passed.append(PassedOver(rule=named.id, why=why))
            else:
                in_shadow = _in_shadow(named, today)
                asked.append(named if named.in_shadow is in_shadow else replace(named, in_shadow=in_shadow))
    first = policies[0]
    whole = _strictest(first, applying, rules=tuple(asked))
    if together:
        whole = replace(whole, digest=_digest(policies))
    shown = together or first.scope is not None
    return Applicable(policy=whole, policies=uses if shown else (), passed_over=tuple(passed))


def _named(obligation: Obligation) -> Obligation:
    """Name the rules of an obligation as they are called where policies are put together."""
    return replace(obligation, rules=tuple(RuleId(f"{obligation.policy}/{rule}") for rule in obligation.rules))


def _why_not(rule: PolicyRule, facts: Facts, policy: Policy) -> str:
    if rule.disabled:
        least = policy.min_confidence
        unsure = rule.confidence is not None and least is not None and not rule.confidence.at_least(least)
        return f"disabled: its source is {rule.confidence}, the policy wants {least}" if unsure else "disabled"
    found = match(rule.when, facts)
    return "" if found.applies else found.why


def _in_shadow(rule: PolicyRule, today: date) -> bool:
    return rule.shadow_until is not None and today <= rule.shadow_until


def _strictest(first: Policy, applying: Sequence[Policy], *, rules: tuple[PolicyRule, ...]) -> Policy:
    every = applying or [first]
    canonical = any(policy.encoding is Encoding.CANONICAL for policy in every)
    return replace(
        first,
        rules=rules,
        encoding=Encoding.CANONICAL if canonical else Encoding.VERBATIM,
        reviewers=max(policy.reviewers for policy in every),
        review_days=min(policy.review_days for policy in every),
        clearance_hours=min(policy.clearance_hours for policy in every),
        waiver_days=min(policy.waiver_days for policy in every),
        kinds=_kinds(first, applying),
        isolation=min((policy.isolation for policy in every), key=LEVELS.index),
        stop_early=all(policy.stop_early for policy in every),
        obligations=tuple(each for policy in applying for each in policy.obligations),
    )


def _kinds(first: Policy, applying: Sequence[Policy]) -> tuple[LayerKind, ...]:
    """Give the kinds of layers that may leave: those that the first policy and all without a scope cover.

    A law with a scope neither lets further kinds leave nor denies those of which it does not speak; where only such
    policies apply, all of them must cover a kind.
    """
    general = [policy for policy in applying if policy.name == first.name or policy.scope is None] or applying
    return tuple(kind for kind in LayerKind if general and all(kind in policy.kinds for policy in general))


def _digest(policies: Sequence[Policy]) -> Sha256:
    pinned = sorted({(str(policy.name), str(policy.digest)) for policy in policies})
    text = canonical_json({"named": policies[0].name, "policies": pinned})
    return Sha256(hashlib.sha256(text.encode()).hexdigest())
