"""Judge what was sent by the rules of today: from what was measured then where that suffices, else from the bytes.

What the bytes told tonight is kept, so that they need not be read in the next night for the same question.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from geogate.destinations.stored import Stored
from geogate.gate.again import ask_again
from geogate.gate.asked import named_policy_is_out, silent_laws
from geogate.gate.examine import Subject, examine
from geogate.gate.exposure import Memory
from geogate.gate.facts import kept_facts, read_facts
from geogate.gate.place import registered_place, zone_digests
from geogate.gate.policy_kept import NeedsDataError
from geogate.gate.reconcile_seen import audit_folder, write_whole
from geogate.gate.submit import judge_artefact
from geogate.gate.versions import versions
from geogate.gate.waivers_apply import with_waivers
from geogate.model.document import from_json
from geogate.model.errors import RefusedError
from geogate.model.release import Receipt
from geogate.model.verdict import Basis
from geogate.policy.decide import Case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from geogate.gate.audit_basis import Today, TodaysBasis
    from geogate.gate.examine import Examined, Question
    from geogate.gate.exposure_then import Releases
    from geogate.gate.house import House
    from geogate.model.dataset import LayerKind
    from geogate.model.names import LayerName
    from geogate.model.release import ReleaseRequest
    from geogate.model.verdict import Verdict

MEASURED: Final = "measured"
"""The folder of what was measured by audits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A release with what was measured of it and its receipt, as the texts that the ledger keeps."""

    request: ReleaseRequest
    before: Verdict
    kept: str | None
    receipt: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What would become of a release tonight; ``streamed`` says that its bytes were read for it."""

    verdict: Verdict
    streamed: bool


def judge_sent(sent: Sent, basis: TodaysBasis, *, today: Today, releases: Releases) -> tuple[Again, ...]:
    """Judge a release as of today, and where rules count over releases also as of its day, with what came before it.

    Raises: RefusedError when its bytes are needed and nowhere whole; UsageError, PolicyError, ServiceError.
    """
    for text in _measured(sent, today.house):
        try:
            verdicts = _from_kept(sent, text, basis, today=today, releases=releases)
        except NeedsDataError:
            continue
        return tuple(Again(verdict=verdict, streamed=False) for verdict in verdicts)
    return (Again(verdict=_from_bytes(sent, house=today.house), streamed=True),)


def _from_kept(sent: Sent, text: str, basis: TodaysBasis, *, today: Today, releases: Releases) -> list[Verdict]:
    kept = read_facts(text)
    if kept is None:
        raise NeedsDataError("an earlier version of geogate kept too little")
    request, before, policy = sent.request, sent.before, basis.policy
    then = before.judged_at.date()
    memory = Memory.of(policy, then)
    days: list[tuple[date, bool]] = [(today.house.today(), False)]
    if memory.measures:
        days.append((then, True))
    found = []
    for day, counts in days:
        history = releases.before(request, before.judged_at, memory=memory) if counts else ()
        known = replace(
            kept.circumstances,
            recipient=basis.recipient,
            posture=basis.posture,
            destination=request.destination,
            declaration=request.declaration,
            today=day,
            history=history,
        )
        case = _case(before, basis, today)
        verdict = basis.judge.verdict(case, policy=policy, kept=replace(kept, circumstances=known), before=before)
        layers = [_Layer(name=each.name, schema=_Kind(kind=each.kind)) for each in kept.layers]
        silent = silent_laws(layers, policy, basis.found.policies)  # type: ignore[arg-type]  # name and kind are asked
        found.append(_whole(replace(verdict, findings=(*verdict.findings, *silent)), sent, basis, today))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    kind: LayerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    name: LayerName
    schema: _Kind


def _whole(verdict: Verdict, sent: Sent, basis: TodaysBasis, today: Today) -> Verdict:
    """Add what the gate itself finds about the policies, and mark what waivers cover today."""
    request = sent.request
    out = named_policy_is_out(str(request.policy), basis.found.policies)
    verdict = replace(verdict, findings=(*(replace(each, waived="") for each in verdict.findings), *out))
    called = request.dataset.name if request.dataset else ""
    known = today.waiving(basis, dataset=called, requester=request.requester)
    return with_waivers(verdict, known, policy=basis.policy, zone_lists=basis.zone_lists)


def _case(before: Verdict, basis: TodaysBasis, today: Today) -> Case:
    return Case(
        subject=before.subject,
        subject_size=before.subject_size,
        recipient=before.recipient,
        destination=before.destination,
        purpose=before.purpose,
        basis=Basis(
            policy=basis.policy.name,
            policy_digest=basis.policy.digest,
            recipients_digest=today.book.digest,
            zones=zone_digests(basis.zone_lists),
            versions=versions(),
            policies=basis.found.policies,
            passed_over=basis.found.passed_over,
        ),
        judged_at=today.house.clock(),
        parts=before.parts,
        isolation=before.isolation,
        declaration=before.declaration,
    )


def _from_bytes(sent: Sent, *, house: House) -> Verdict:
    """Judge the sealed copy, or what lies at the destination where there is none any more."""
    request = sent.request
    if request.artefact is None:
        raise RefusedError(f"request {request.id} has no artefact that could be judged")
    question = ask_again(request, house=house)
    try:
        examined = judge_artefact(request.artefact, staging=house.staging(), question=question, means=house.means())
    except RefusedError:
        examined = _from_destination(sent, question, house=house)
    circumstances = question.circumstances(examined.verdict.subject_size)
    path = audit_folder(house) / MEASURED
    path.mkdir(exist_ok=True, mode=0o700)
    write_whole(path / f"{request.id}.json", kept_facts(examined.answer, circumstances))
    return examined.verdict


def _from_destination(sent: Sent, question: Question, *, house: House) -> Examined:
    """Fetch what was delivered, and judge it where it is still what was sent.

    Raises: RefusedError where it is not; ServiceError.
    """
    request = sent.request
    if sent.receipt is None or request.artefact is None:
        raise RefusedError("neither the sealed copy nor what was delivered is there")
    receipt = from_json(Receipt, sent.receipt)
    registered = registered_place(request.destination, question.recipient)
    place = house.lying_at(request.destination, registered=registered)
    with house.staging().scratch() as folder:
        files = {}
        for number, each in enumerate(receipt.deliveries):
            name = each.uri.removeprefix(request.destination)
            path = folder / str(number) / name.rpartition("/")[2]
            path.parent.mkdir()
            place.fetch(Stored(name=name, size=each.size, version=each.version, mark=""), path)
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != each.sha256:
                    raise RefusedError("the sealed copy is gone, and what lies at the destination was not sent")
            files[path] = name
        artefact = request.artefact
        subject = Subject(files=files, digest=lambda: artefact.digest, size=artefact.size, as_is=True)
        return examine(subject, question=question, means=house.means())


def _measured(sent: Sent, house: House) -> Iterator[str]:
    """Give what was measured when it was sent, then what an audit measured since."""
    if sent.kept is not None:
        yield sent.kept
    later = _measured_later(sent, house)
    if later is not None:
        yield later


def _measured_later(sent: Sent, house: House) -> str | None:
    try:
        return (audit_folder(house) / MEASURED / f"{sent.request.id}.json").read_text(encoding="utf-8")
    except OSError:
        return None
