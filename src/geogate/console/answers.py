"""What the API answers about releases, waivers and obligations, as pydantic models.

Their fields are those of the gate's read models.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from geogate.gate.obligations import Owed
from geogate.gate.review import Tally
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
