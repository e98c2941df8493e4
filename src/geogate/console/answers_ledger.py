"""What the API answers about the ledger, its heads and the audits, as pydantic models."""

from __future__ import annotations

from datetime import datetime

from geogate.console.answers import Answer, ObligationAnswer
from geogate.gate.anchors import Compared
from geogate.gate.console_audit import AuditPage


class EntryAnswer(Answer):
    """An entry of the ledger; what a vote says is hidden until its review is over."""

    seq: int
    at: str
    kind: str
    request: str
    actor: str
    what: str
    body: str
    hash: str


class LedgerAnswer(Answer):
    """A page of entries, the newest first."""

    lines: tuple[EntryAnswer, ...]
    head_seq: int
    head_hash: str
    page: int
    pages: int


class TreeHeadAnswer(Answer):
    """The ledger at a moment: how many entries it had, the root of their tree, and the hash of the last one."""

    size: int
    root: str
    last: str
    at: datetime


class HeadsAnswer(Answer):
    """The ledger's last entry and the last head that was signed; ``behind`` entries came after it."""

    entries: int
    last: str
    signed: TreeHeadAnswer | None
    key: str
    behind: int
    anchored: str


class SignedHeadAnswer(Answer):
    """A head in the envelope that signs it, by the id of the key."""

    head: TreeHeadAnswer
    envelope: str
    key: str


class ProblemAnswer(Answer):
    """What is wrong with the ledger; ``seq`` is 0 where it is about no single entry."""

    seq: int
    what: str


class ComparedAnswer(Answer):
    """A ledger that was verified, and with how many kept heads it was compared; it is whole without problems."""

    entries: int
    heads: int
    problems: tuple[ProblemAnswer, ...]

    @classmethod
    def of(cls, compared: Compared) -> ComparedAnswer:
        """Make it of what was found."""
        report = compared.report
        problems = tuple(ProblemAnswer.model_validate(each) for each in report.problems)
        return cls(entries=report.entries, heads=compared.heads, problems=problems)


class AuditChangeAnswer(Answer):
    """What an audit found."""

    request: str
    summary: str


class AuditRunAnswer(Answer):
    """One audit, and what it found."""

    at: datetime
    by: str
    hours: int
    audited: int
    changes: tuple[AuditChangeAnswer, ...]
    overdue: tuple[AuditChangeAnswer, ...]
    waivers: tuple[str, ...]


class FailingAnswer(Answer):
    """A receiver that cannot be notified at present."""

    receiver: str
    since: datetime
    why: str


class AuditsAnswer(Answer):
    """The latest audits, the newest first, of ``count``; ``ended`` are ids of waivers that held and are over."""

    runs: tuple[AuditRunAnswer, ...]
    count: int
    late: bool
    overdue: tuple[ObligationAnswer, ...]
    ended: tuple[str, ...]
    failing: tuple[FailingAnswer, ...]

    @classmethod
    def of(cls, found: AuditPage) -> AuditsAnswer:
        """Make it of what the page of audits shows."""
        return cls(
            runs=tuple(AuditRunAnswer.model_validate(each) for each in found.runs),
            count=found.count,
            late=found.late,
            overdue=tuple(map(ObligationAnswer.of, found.overdue)),
            ended=tuple(each.waiver.id for each in found.ended),
            failing=tuple(FailingAnswer.model_validate(each) for each in found.failing),
        )
