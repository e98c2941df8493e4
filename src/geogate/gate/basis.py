"""What a verdict rests on and says, compared with today's, and how long it may wait for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from geogate.gate.place import zone_digests
from geogate.gate.versions import versions

if TYPE_CHECKING:
    from datetime import datetime

    from geogate.gate.examine import Question
    from geogate.model.finding import Finding
    from geogate.model.verdict import Verdict
    from geogate.policy.policy import Policy

_EACH_DAY: Final = "days left"
"""The unit of what grows less each day without anything having changed."""


def rests_on_today(verdict: Verdict, question: Question) -> bool:
    """Say whether a verdict was reached by today's rules, and by the software that is installed today."""
    return same_rules(verdict, question) and not other_versions(verdict)


def same_rules(verdict: Verdict, question: Question) -> bool:
    """Say whether policy, recipients and zone lists are still those by which the verdict was reached."""
    before = (verdict.basis.policy_digest, verdict.basis.recipients_digest, verdict.basis.zones)
    return before == (question.policy.digest, question.book.digest, zone_digests(question.zone_lists))


def other_versions(verdict: Verdict) -> tuple[str, ...]:
    """Name what reads, measures or judges, and is not of the version by which the verdict was reached."""
    return tuple(sorted({name for name, _ in {*verdict.basis.versions} ^ {*versions()}}))


def says_the_same(before: Verdict, today: Verdict) -> bool:
    """Say whether two verdicts on the same bytes show people the same layers, parts, answers and findings.

    Only the number of days that are left to something may differ.
    """
    return (_seen(before), Counter(map(_lasting, before.findings))) == (
        _seen(today),
        Counter(map(_lasting, today.findings)),
    )


def review_ends(verdict: Verdict, policy: Policy) -> datetime:
    """Give the first moment at which a held release takes no approvals any more."""
    return verdict.judged_at + timedelta(days=policy.review_days)


def _seen(verdict: Verdict) -> tuple[object, ...]:
    answers = Counter((check.rule, check.layer, check.satisfied) for check in verdict.checks)
    return (verdict.decision, verdict.subject, verdict.rules, verdict.layers, verdict.parts, answers)


def _lasting(finding: Finding) -> Finding:
    return replace(finding, measured="") if finding.unit == _EACH_DAY else finding
