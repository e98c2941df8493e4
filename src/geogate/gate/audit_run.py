"""One run of the audit, in parts that can be judged side by side, and taken up where a run that died stopped.

A part is the releases that were opened in one month. What a part found lies in the gate's home until the run is over;
what did not change since an earlier night is known by the digest of all that it depends on.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.audit_basis import Today
from geogate.gate.audit_findings import AuditFinding, Kind
from geogate.gate.audit_judging import Sent, judge_sent
from geogate.gate.authority import require
from geogate.gate.exposure_then import Releases
from geogate.gate.reconcile_seen import audit_folder, write_whole
from geogate.ledger.failures import DamagedError
from geogate.model.authority import Action
from geogate.model.dataset import Artefact, Dataset
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import GeogateError, ServiceError, UsageError
from geogate.model.lifecycle import State
from geogate.model.release import ReleaseRequest
from geogate.model.verdict import Decision, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.gate.audit_basis import TodaysBasis
    from geogate.gate.house import House
    from geogate.ledger.sent import Left

RETENTION: Final = timedelta(days=3653)
"""What was sent longer ago is not judged again, unless a longer time is asked for."""

TAKEN_UP: Final = timedelta(hours=20)
"""An unfinished run that began longer ago is begun anew: the rules may be others by now."""

KEPT_EVERY: Final = 500
"""Releases after which it is kept first what is known of a part, and then each time that a quarter more is."""

_PART: Final = re.compile(r"[0-9A-Za-z._-]{1,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that began; ``since`` is when what it judges was sent at the earliest."""

    id: str
    since: datetime
    hours: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDone:
    """What became of a part: ``same`` are those that nothing changed for, ``streamed`` those whose bytes were read."""

    part: str
    audited: int
    same: int
    streamed: int
    findings: tuple[AuditFinding, ...]


def begin(*, hours: int | None = None, house: House) -> Run:
    """Begin a run, or take up the one that did not end; without ``hours`` all that is within its retention.

    Raises: ForbiddenError, ServiceError.
    """
    require(Action.AUDIT, house=house)
    now = house.clock()
    unfinished = _unfinished(house)
    if unfinished is not None and unfinished.hours == (hours or 0):
        return unfinished
    since = now - (RETENTION if hours is None else timedelta(hours=hours))
    with house.ledger() as ledger:
        parts = tuple(part for part, _ in ledger.parts_sent())
    run = Run(id=f"{now:%Y%m%dT%H%M%S%f}Z", since=since, hours=hours or 0, parts=parts)
    folder = audit_folder(house) / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    write_whole(folder / "run.json", canonical_json(run))
    return run


def _unfinished(house: House) -> Run | None:
    try:
        text = (audit_folder(house) / "run" / "run.json").read_text(encoding="utf-8")
        run = from_json(Run, text)
    except (OSError, ValueError):
        return None
    began = datetime.strptime(run.id, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=run.since.tzinfo)
    return run if timedelta(0) <= house.clock() - began < TAKEN_UP else None


def judge_part(part: str, *, run: Run, house: House) -> PartDone:
    """Judge the releases of one part again; what is done already is not done again.

    Raises: ForbiddenError; UsageError for a part that there cannot be; PolicyError when what it is judged by cannot be
        read; ServiceError: then the part is not done, and goes on where it stopped.
    """
    require(Action.AUDIT, house=house)
    if not _PART.fullmatch(part):
        raise UsageError("there is no such part of an audit")
    done = done_file(part, house=house)
    try:
        found: PartDone = from_json(PartDone, done.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = _judge(part, run, house)
        write_whole(done, canonical_json(found))
    return found


def done_file(part: str, *, house: House) -> Path:
    """Say where lies what became of a part, once it is judged."""
    return audit_folder(house) / "run" / f"part-{part}.json"


def forget(*, house: House) -> None:
    """Say that a run is over."""
    shutil.rmtree(audit_folder(house) / "run", ignore_errors=True)


@dataclass(slots=True)
class _Known:
    """The releases of a part that would leave as they left, by what that rests on."""

    path: Path
    before: dict[str, Any]
    now: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, part: str, house: House) -> _Known:
        folder = audit_folder(house) / "judged"
        folder.mkdir(exist_ok=True, mode=0o700)
        path = folder / f"{part}.json"
        try:
            before: Any = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            before = {}
        return cls(path, before if isinstance(before, dict) else {})

    def same(self, request: str, digest: str) -> bool:
        holds = bool(self.before.get(request) == digest)
        if holds:
            self.now[request] = digest
        return holds

    def keep(self) -> None:
        write_whole(self.path, canonical_json(self.before | self.now))


def _judge(part: str, run: Run, house: House) -> PartDone:
    today, releases, known = Today.of(house), Releases(house), _Known.of(part, house)
    audited = same = streamed = saved = 0
    findings: list[AuditFinding] = []
    with house.ledger() as ledger:
        for left in ledger.left(part=part, kept=True):
            if left.state is not State.SENT or datetime.fromisoformat(left.changed_at) < run.since:
                continue
            audited += 1
            found = _again(left, today=today, releases=releases, known=known)
            same += found is None
            if isinstance(found, AuditFinding):
                findings.append(found)
            streamed += found is True
            if audited - saved >= max(KEPT_EVERY, saved // 4):
                known.keep()
                saved = audited
    known.keep()
    return PartDone(part=part, audited=audited, same=same, streamed=streamed, findings=tuple(findings))


def _again(left: Left, *, today: Today, releases: Releases, known: _Known) -> AuditFinding | bool | None:
    """Judge a release; ``None`` where nothing changed, otherwise whether its bytes were read, or what was found."""
    draft = _read(ReleaseRequest, left.draft)
    about, recipient = str(left.request), str(draft.recipient)
    if left.verdict is None or left.artefact is None:
        return _unsaid(about, recipient, "the ledger has no verdict on it")
    try:
        basis = today.basis(draft)
    except ServiceError:
        raise
    except GeogateError as error:
        return _unsaid(about, recipient, error.summary)
    digest = _digest(left, basis)
    if known.same(about, digest):
        return None
    try:
        return _judged(left, draft, basis, today=today, releases=releases, known=known, digest=digest)
    except ServiceError:
        raise
    except GeogateError as error:
        return _unsaid(about, recipient, error.summary)


def _judged(  # noqa: PLR0913 - what one release is judged with
    left: Left,
    draft: ReleaseRequest,
    basis: TodaysBasis,
    *,
    today: Today,
    releases: Releases,
    known: _Known,
    digest: str,
) -> AuditFinding | bool:
    before = _read(Verdict, left.verdict or "")
    request = _whole(draft, left)
    sent = Sent(request=request, before=before, kept=left.kept, receipt=left.receipt)
    found = judge_sent(sent, basis, today=today, releases=releases)
    gravity = list(Decision)
    decided = [(each.verdict.decision, each) for each in found]
    decision, gravest = max(decided, key=lambda each: gravity.index(each[0]))
    verdict = gravest.verdict
    if gravity.index(decision) > gravity.index(before.decision):
        rules = ", ".join(sorted({str(each.rule) for each in verdict.findings if not each.waived}))
        summary = f"left on {before.decision}, would be {decision} today: {rules}"
        about, recipient = str(left.request), str(draft.recipient)
        return AuditFinding(kind=Kind.CHANGED, about=about, summary=summary, recipient=recipient, requests=(about,))
    known.now[str(left.request)] = digest
    return gravest.streamed


def _whole(draft: ReleaseRequest, left: Left) -> ReleaseRequest:
    dataset = None if left.dataset is None else _read(Dataset, left.dataset)
    return replace(draft, state=left.state, dataset=dataset, artefact=_read(Artefact, left.artefact or ""))


def _unsaid(about: str, recipient: str, why: str) -> AuditFinding:
    summary = f"cannot be judged again: {why}"
    return AuditFinding(kind=Kind.UNSAID, about=about, summary=summary, recipient=recipient, requests=(about,))


def _digest(left: Left, basis: TodaysBasis) -> str:
    """Pin all that the answer rests on."""
    hashed = hashlib.sha256()
    for text in (left.draft, left.artefact, left.verdict, left.measurements, basis.digest):
        hashed.update(f"{len(text or '')}:".encode())
        hashed.update((text or "").encode())
    return hashed.hexdigest()[:32]


def _read(kind: Any, text: str) -> Any:
    try:
        return from_json(kind, text)
    except ValueError as error:
        raise DamagedError(f"a {kind.__name__} in the ledger cannot be read") from error


def denies(finding: AuditFinding) -> bool:
    """Say whether a release would be denied today, so that it has to come back."""
    return finding.kind is Kind.CHANGED and " would be deny today" in finding.summary
