"""Judge files as they lie: open, measure, run the suite, decide; the one way to a verdict."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from geogate.gate.across import with_other_layers
from geogate.gate.addressed import unregistered_place
from geogate.gate.asked import named_policy_is_out, silent_laws
from geogate.gate.measuring import opened_for
from geogate.gate.opening import (
    kinds_covered,
    kinds_not_covered,
    odd_layers,
    odd_parts,
    removed_parts,
    unlooked_ordinates,
)
from geogate.gate.place import zone_digests
from geogate.gate.versions import versions
from geogate.gate.waivers_apply import NO_WAIVERS, Waiving, with_waivers
from geogate.model.errors import ServiceError
from geogate.model.finding import Effect
from geogate.model.parties import Circumstances
from geogate.model.verdict import Basis
from geogate.policy.decide import Case, decide
from geogate.rules.registry import registered
from geogate.telemetry.fields import Stage
from geogate.telemetry.work import timed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from geogate.gate.exposure import Past
    from geogate.gate.feed_exposure import Running
    from geogate.gate.inspection import Inspection, RemoteLayer
    from geogate.gate.passes import Means
    from geogate.measures.measure import LayerFacts, LayerPass, Measure
    from geogate.model.dataset import LayerKind
    from geogate.model.declaration import Declaration
    from geogate.model.finding import Finding
    from geogate.model.names import Sha256
    from geogate.model.parties import Posture, Recipient, RecipientBook
    from geogate.model.past import MeasuredLayer
    from geogate.model.verdict import PassedOver, PolicyUse, Verdict
    from geogate.policy.policy import Policy, PolicyRule
    from geogate.suites.judge import LayerAnswer, SuiteAnswer
    from geogate.zones.zone import ZoneList


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Everything that a verdict depends on besides the data; read once, so that one verdict has one basis.

    ``recall`` reads what the recipient got before; without it that is not known, and no rule that counts it passes.
    ``named`` is the policy that the requester named, empty where those that are adopted judge alone.
    ``waiving`` are the waivers there are. ``running`` says to what the numbers of a batch of a feed add up.
    """

    policy: Policy
    policies: tuple[PolicyUse, ...]
    passed_over: tuple[PassedOver, ...]
    declaration: Declaration
    book: RecipientBook
    recipient: Recipient
    destination: str
    posture: Posture
    purpose: str
    assume_crs: str
    zone_lists: Mapping[str, ZoneList]
    at: datetime
    recall: Past | None = None
    named: str = ""
    waiving: Waiving = NO_WAIVERS
    running: Running | None = None

    @property
    def kinds(self) -> tuple[LayerKind, ...]:
        """The kinds of layers that the policy covers and at which one of its rules looks: silence is no clearance."""
        return kinds_covered(self.policy, self._looks)

    def _looks(self, use: PolicyRule) -> bool:
        """Tell whether a rule looks at the data, and not at the circumstances alone."""
        rule = registered()[use.expectation]
        return bool(rule.zone_lists(use.params) or rule.measures(use.params, self.zone_lists))

    def circumstances(self, size: int) -> Circumstances:
        """Give what rules may know besides the data."""
        return Circumstances(
            recipient=self.recipient,
            destination=self.destination,
            posture=self.posture,
            purpose=self.purpose,
            today=self.at.date(),
            subject_size=size,
            declaration=self.declaration,
            zone_lists=self.zone_lists,
        )

    def case(self, subject: Sha256, size: int) -> Case:
        """Say what the verdict is about."""
        basis = Basis(
            policy=self.policy.name,
            policy_digest=self.policy.digest,
            recipients_digest=self.book.digest,
            zones=zone_digests(self.zone_lists),
            versions=versions(),
            policies=self.policies,
            passed_over=self.passed_over,
            reviewers=self.policy.reviewers,
            review_days=self.policy.review_days,
        )
        return Case(
            subject=subject,
            subject_size=size,
            recipient=self.recipient.id,
            destination=self.destination,
            purpose=self.purpose,
            basis=basis,
            judged_at=self.at,
            declaration=self.declaration,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A verdict with the suite's answer behind it, which is ``None`` where no layer could be judged."""

    verdict: Verdict
    answer: SuiteAnswer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The files that are judged, each with its name within the dataset, and the digest that the verdict is about.

    ``digest`` may wait for bytes that are read beside the pass; there is no verdict before it is known. ``as_is`` says
    that these bytes would leave, so that no part may be one that only an encoding removes.
    """

    files: Mapping[Path, str]
    digest: Callable[[], Sha256]
    size: int
    as_is: bool


def examine(subject: Subject, *, question: Question, means: Means) -> Examined:
    """Judge the subject, which is read in a child process.

    Raises: UsageError when the stated reference is none; ServiceError when the files vanish, or the readers cannot be
        isolated as the policy demands.
    """
    with ExitStack() as stack:
        with timed(Stage.INSPECTION):
            inspection = stack.enter_context(opened_for(subject, question=question, means=means))
        return _examine(inspection, subject, question=question, means=means)


def _examine(inspection: Inspection, subject: Subject, *, question: Question, means: Means) -> Examined:
    from geogate.suites.judge import SuiteAnswer

    before = (*inspection.findings, *odd_parts(inspection.parts, as_is=subject.as_is))
    shown: tuple[LayerAnswer, ...] = ()
    found: tuple[LayerAnswer, ...] = ()
    hidden: tuple[RemoteLayer, ...] = ()
    strange: tuple[Finding, ...] = ()
    if inspection.layers:
        means.progress.on_total(inspection.claimed)
        known = question.circumstances(subject.size)
        if question.recall is not None:
            known = replace(known, history=question.recall(subject.digest))
        if question.running is not None:
            known = replace(known, earlier=question.running(subject.digest))
        lone = () if question.running is None else question.running.lone
        judged = _judged(inspection.layers, known, question=question)
        shown = with_other_layers(judged, policy=question.policy, before=lone)
        hidden, strange = inspection.hidden()
        if hidden:
            found = _judged(hidden, replace(known, beside=_measured(shown)), question=question, hidden=True)
    layers = (*inspection.layers, *hidden)
    answers = (*shown, *found)
    ended = inspection.finish()
    case = question.case(subject.digest(), subject.size)
    verdict = decide(
        replace(case, parts=inspection.parts, isolation=inspection.isolation),
        policy=question.policy,
        layers=[layer.summary() for layer in layers],
        outcomes=[outcome for answer in answers for outcome in answer.outcomes],
        gate_findings=(
            *before,
            *unregistered_place(question.circumstances(subject.size)),
            *kinds_not_covered(layers, question.kinds),
            *silent_laws(layers, question.policy, question.policies),
            *named_policy_is_out(question.named, question.policies),
            *strange,
            *ended,
            *(finding for answer in answers for finding in answer.findings),
            *odd_layers(layers),
            *unlooked_ordinates(
                layers, [use.expectation for use in question.policy.rules if use.effect is not Effect.NOTE]
            ),
        ),
    )
    verdict = with_waivers(verdict, question.waiving, policy=question.policy, zone_lists=question.zone_lists)
    if not subject.as_is:
        verdict = replace(verdict, removed=removed_parts(inspection.parts))
    answer = SuiteAnswer(policy=question.policy, layers=answers) if answers else None
    return Examined(verdict=verdict, answer=answer)


def _measured(answers: Sequence[LayerAnswer]) -> tuple[MeasuredLayer, ...]:
    from geogate.suites.judge import measured

    return measured(answers, again=True)


def _judged(
    layers: Sequence[RemoteLayer], circumstances: Circumstances, *, question: Question, hidden: bool = False
) -> tuple[LayerAnswer, ...]:
    from geogate.suites.judge import judge_layers
    from geogate.suites.subject import LayerUnderTest

    with timed(Stage.JUDGING, layers=len(layers)):
        answer = judge_layers(
            question.policy,
            [LayerUnderTest(name=layer.name, run=_timed(layer), kind=layer.schema.kind) for layer in layers],
            circumstances=circumstances,
            zone_lists=question.zone_lists,
            hidden=hidden,
        )
    return answer.layers


def _timed(layer: RemoteLayer) -> LayerPass:
    def run(measures: Sequence[Measure[Any]], /) -> LayerFacts:
        with timed(Stage.MEASURING) as said:
            facts = layer.run(measures)
            said["rows"] = facts.rows
            return facts

    return run


def write_docs(examined: Examined, folder: Path | None) -> None:
    """Write the Data Docs of a verdict into a folder; nothing where no folder is wanted or no layer could be judged.

    Raises: ServiceError when a page cannot be written.
    """
    if folder is None or examined.answer is None:
        return
    from geogate.suites.data_docs import write_data_docs

    try:
        write_data_docs(examined.answer, verdict=examined.verdict, folder=folder)
    except OSError as error:
        raise ServiceError(f"the Data Docs cannot be written ({error.strerror})", hint="name another folder") from error


def denied(digest: Sha256, size: int, *, question: Question, findings: Sequence[Finding]) -> Verdict:
    """Give the verdict on data that no rule could judge."""
    return decide(question.case(digest, size), policy=question.policy, layers=(), outcomes=(), gate_findings=findings)
