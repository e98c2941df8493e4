"""What the API answers and takes, as pydantic models; their fields are those of the gate's read models."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from geogate.gate.anchors import Compared
from geogate.gate.console_audit import AuditPage
from geogate.gate.obligations import Owed
from geogate.gate.review import LONGEST_COMMENT, Tally
from geogate.gate.reviews_queue import Queue
from geogate.gate.reviews_release import Release
from geogate.model.lifecycle import State
from geogate.model.release import Choice


class Answer(BaseModel):
    """An answer, which is made of a value of the gate."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class ErrorAnswer(Answer):
    """Why something was refused or failed, and what to do about it."""

    error: str
    hint: str


class QueueRowAnswer(Answer):
    """One request of the queue."""

    request: str
    state: State
    opened_at: datetime
    since: datetime
    deadline: datetime | None
    overdue: bool
    dataset: str
    requester: str
    recipient: str
    destination: str
    purpose: str
    policy: str
    continues: str
    votes: int
    needed: int
    voted: bool
    mine: bool
    acts: str
    next: str


class QueueAnswer(Answer):
    """A page of the queue; ``counts`` are of all requests in every state, whatever was filtered."""

    rows: tuple[QueueRowAnswer, ...]
    total: int
    page: int
    pages: int
    counts: dict[State, int]
    own_only: bool

    @classmethod
    def of(cls, queue: Queue) -> QueueAnswer:
        """Make it of a page of the queue."""
        return cls.model_validate(
            {
                **{name: getattr(queue, name) for name in ("rows", "total", "page", "pages", "own_only")},
                "counts": dict(queue.counts),
            }
        )


class ActionAnswer(Answer):
    """A step, and why it cannot be taken now; empty where it can."""

    step: str
    why_not: str


class MeasuredAnswer(Answer):
    """A number against its limit."""

    rule: str
    layer: str
    measured: str
    operator: str
    limit: str
    unit: str
    effect: str
    waived: str


class BarAnswer(Answer):
    """A class and how many are in it."""

    label: str
    count: int


class HistogramAnswer(Answer):
    """What was counted in one layer, by classes in their order."""

    layer: str
    title: str
    counted: str
    bars: tuple[BarAnswer, ...]


class VoteAnswer(Answer):
    """A vote that may be seen."""

    reviewer: str
    choice: Choice
    comment: str
    at: datetime


class CommentAnswer(Answer):
    """What somebody said."""

    by: str
    at: datetime
    text: str


class EarlierAnswer(Answer):
    """Another release that the same recipient got, or may get."""

    request: str
    state: State
    since: datetime
    dataset: str
    purpose: str
    policy: str
    same: bool


class ReleaseAnswer(Answer):
    """One release; ``seen`` is what a vote has to name, ``verdict`` the verdict's own document."""

    request: str
    state: State
    since: datetime
    deadline: datetime | None
    requester: str
    recipient: str
    destination: str
    purpose: str
    policy: str
    artefact: str
    decision: str
    seen: str
    verdict: dict[str, Any] | None
    measured: tuple[MeasuredAnswer, ...]
    histograms: tuple[HistogramAnswer, ...]
    earlier: tuple[EarlierAnswer, ...]
    exposure: tuple[str, ...]
    comments: tuple[CommentAnswer, ...]
    votes: tuple[VoteAnswer, ...]
    hidden_votes: int
    needed: int
    rounds: tuple[str, ...]
    clearance: str | None
    actions: tuple[ActionAnswer, ...]

    @classmethod
    def of(cls, found: Release, *, seen: str, verdict: dict[str, Any] | None) -> ReleaseAnswer:
        """Make it of the page of a release."""
        request = found.request
        page = ("since", "deadline", "measured", "histograms", "earlier", "exposure", "comments", "actions")
        same = (*page, "votes", "hidden_votes", "needed", "clearance")
        wish = ("state", "requester", "recipient", "destination", "purpose", "policy")
        return cls.model_validate(
            {
                **{name: getattr(found, name) for name in same},
                **{name: getattr(request, name) for name in wish},
                "request": request.id,
                "artefact": request.artefact.digest if request.artefact else "",
                "decision": request.verdict.decision.value if request.verdict else "",
                "seen": seen,
                "verdict": verdict,
                "rounds": tuple(each.request for each in found.rounds),
            }
        )


class TallyAnswer(Answer):
    """Where a review stands after a vote."""

    request: str
    state: State
    votes: int
    needed: int
    clearance: str | None

    @classmethod
    def of(cls, tally: Tally) -> TallyAnswer:
        """Make it of what a vote gave."""
        return cls.model_validate(tally)


class StateAnswer(Answer):
    """The state that a request has now."""

    request: str
    state: State


class UnmaskAnswer(Answer):
    """Until when exact positions are shown to whoever asked."""

    request: str
    until: datetime


class CellsAnswer(Answer):
    """Positions in coarse cells: west, south, positions, those of them in zones, and those that hide.

    ``positions`` are those of geometries, ``pixels`` those of images that show anything.
    """

    step: float
    positions: int
    pixels: int
    hidden: int
    layers: int
    undrawn: int
    cells: tuple[tuple[float, float, int, int, int], ...]


class WaiverAnswer(Answer):
    """A waiver as it stands."""

    id: str
    state: str
    policy: str
    rule: str
    recipient: str
    dataset: str
    zone_class: str
    reason: str
    owner: str
    ticket: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    approvers: tuple[str, ...]
    why_no_approval: str
    seen: str


class ObligationAnswer(Answer):
    """Something that is due by law."""

    key: str
    state: str
    due: date
    what: str
    policy: str
    legal_basis: str
    requests: tuple[str, ...]
    done: str

    @classmethod
    def of(cls, owed: Owed) -> ObligationAnswer:
        """Make it of an obligation as it stands."""
        arisen = owed.arisen
        return cls(
            key=arisen.key,
            state=owed.state,
            due=arisen.due,
            what=arisen.what,
            policy=arisen.policy,
            legal_basis=arisen.legal_basis,
            requests=owed.requests,
            done=owed.done,
        )


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


class Order(BaseModel):
    """What a service sends; a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class VoteOrder(Order):
    """A vote; ``seen`` is that of the release as it was looked at."""

    choice: Choice
    seen: str = Field(max_length=64)
    comment: str = Field(default="", max_length=LONGEST_COMMENT)


class TextOrder(Order):
    """A comment, or a reason."""

    text: str = Field(default="", max_length=LONGEST_COMMENT)


class WaiverOrder(Order):
    """A wish for a waiver."""

    policy: str = Field(max_length=64)
    rule: str = Field(max_length=200)
    recipient: str = Field(max_length=64)
    dataset: str = Field(max_length=300)
    reason: str = Field(max_length=LONGEST_COMMENT)
    owner: str = Field(max_length=300)
    ticket: str = Field(max_length=300)
    days: int = Field(default=30, ge=1, le=90)
    zone_class: str = Field(default="", max_length=200)


class SeenOrder(Order):
    """An approval of a waiver; ``seen`` is that of the waiver as it was looked at."""

    seen: str = Field(max_length=64)


class DischargeOrder(Order):
    """That an obligation was met, and how."""

    key: str = Field(max_length=500)
    comment: str = Field(max_length=LONGEST_COMMENT)
