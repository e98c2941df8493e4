"""The numbers of a policy with which something is compared, and on which sides of them its cases lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.rules.registry import registered
from geogate.rules.words import numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from geogate.model.verdict import Verdict
    from geogate.policy.cases import PolicyCase
    from geogate.policy.policy import Policy

PASSES: Final = {">=": {"at", "over"}, ">": {"over"}, "<=": {"at", "under"}, "<": {"under"}}
"""On which sides of a limit a comparison holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedNumber:
    """A number with which something is compared: of which rule, how, and on which sides of it something can be."""

    rule: str
    path: str
    operator: str
    sides: tuple[str, ...]


def limits_of(policy: Policy) -> Mapping[str, ComparedNumber]:
    """Name each number that something is compared with, as ``rule.parameter``.

    Nothing that is counted is under zero.
    """
    return {
        f"{rule.id}.{number.path}": ComparedNumber(
            rule=str(rule.id),
            path=number.path,
            operator=number.operator,
            sides=("under", "at", "over") if number.value else ("at", "over"),
        )
        for rule in policy.asked
        for number in numbers_of(registered()[rule.expectation], rule.params)
        if number.operator
    }


def sides_that_lie(case: PolicyCase, verdict: Verdict, limits: Mapping[str, ComparedNumber]) -> Iterator[str]:
    """Say of which numbers the case says a side that the verdict does not bear out."""
    fired = {str(finding.rule) for finding in verdict.findings}
    asked = {str(check.rule) for check in verdict.checks}
    for name, side in case.limits.items():
        limit = limits[name]
        if limit.rule not in asked:
            yield f"{side} the limit {name} the rule {limit.rule} is not asked"
        elif (side in PASSES[limit.operator]) is (limit.rule in fired):
            does = "finds something" if limit.rule in fired else "finds nothing"
            yield f"{side} the limit {name} ({limit.operator}) the rule {does}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCoverage:
    """In how many cases a rule that is asked found something, and in how many nothing; and the sides of its numbers."""

    rule: str
    fired: int
    passed: int
    sides: tuple[tuple[str, frozenset[str]], ...]
    possible: tuple[tuple[str, ...], ...]

    @property
    def gaps(self) -> tuple[str, ...]:
        """What no case shows."""
        missing = [
            f"{name}: {side}"
            for (name, shown), possible in zip(self.sides, self.possible, strict=True)
            for side in possible
            if side not in shown
        ]
        return (
            *(("never finds anything",) if not self.fired else ()),
            *(("is never satisfied",) if not self.passed else ()),
            *missing,
        )


def coverage(policy: Policy, shown: Sequence[tuple[PolicyCase, Verdict]]) -> tuple[RuleCoverage, ...]:
    """Say which rules and which sides of their numbers cases show; ``shown`` are those that came out as expected."""
    limits = limits_of(policy)
    found = []
    for rule in policy.asked:
        fired = [verdict for _, verdict in shown if any(finding.rule == rule.id for finding in verdict.findings)]
        heard = [verdict for _, verdict in shown if any(check.rule == rule.id for check in verdict.checks)]
        own = {name: limit for name, limit in limits.items() if limit.rule == rule.id}
        sides = tuple(
            (limit.path, frozenset(case.limits[name] for case, _ in shown if name in case.limits))
            for name, limit in own.items()
        )
        found.append(
            RuleCoverage(
                rule=str(rule.id),
                fired=len(fired),
                passed=sum(verdict not in fired for verdict in heard),
                sides=sides,
                possible=tuple(limit.sides for limit in own.values()),
            )
        )
    return tuple(found)
