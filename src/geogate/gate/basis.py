"""What a verdict rests on, compared with today's, and how long it may wait for people."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from geogate.gate.place import zone_digests

if TYPE_CHECKING:
    from datetime import datetime

    from geogate.gate.examine import Question
    from geogate.model.verdict import Verdict
    from geogate.policy.policy import Policy


def rests_on_today(verdict: Verdict, question: Question) -> bool:
    """Say whether policy, recipients and zone lists are still those by which the verdict was reached."""
    before = (verdict.basis.policy_digest, verdict.basis.recipients_digest, verdict.basis.zones)
    return before == (question.policy.digest, question.book.digest, zone_digests(question.zone_lists))


def review_ends(verdict: Verdict, policy: Policy) -> datetime:
    """Give the first moment at which a held release takes no approvals any more."""
    return verdict.judged_at + timedelta(days=policy.review_days)
