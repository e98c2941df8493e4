"""Submit: seal the staged bytes, judge the artefact that would leave, and give a clear verdict its clearance.

Each step is an entry in the ledger before the next begins. What fails on the way leaves a request that is failed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from geogate.destinations.acceptable import require_acceptable
from geogate.engines.local import cores
from geogate.gate.authority import require
from geogate.gate.basis import rests_on_today, review_ends, says_the_same
from geogate.gate.clear import Terms, ballot_of, clear
from geogate.gate.examine import Examined, Subject, denied, examine, write_docs
from geogate.gate.exposure import ExceededError, require_still_within
from geogate.gate.facts import kept_facts
from geogate.gate.inspection import inspected
from geogate.gate.intake import dataset_files, dataset_name
from geogate.gate.keys import signing_key
from geogate.gate.obligations import enter
from geogate.gate.opening import odd_parts, removed_parts
from geogate.gate.passes import kernels_for
from geogate.gate.progress import logged
from geogate.gate.question import ask
from geogate.gate.reading import Order
from geogate.measures.tools import Tools
from geogate.model.authority import Action
from geogate.model.dataset import Artefact, Encoding
from geogate.model.errors import GeogateError
from geogate.model.lifecycle import State
from geogate.model.names import RequestId
from geogate.model.release import ReleaseRequest
from geogate.model.verdict import Decision
from geogate.policy.obligations import Trigger
from geogate.telemetry.fields import Event, Stage
from geogate.telemetry.work import bind, event, timed, working

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.gate.examine import Question
    from geogate.gate.feed_series import Series
    from geogate.gate.house import House, Wish
    from geogate.gate.passes import Means
    from geogate.gate.progress import Progress
    from geogate.ledger.ledger import Ledger
    from geogate.ledger.transaction import Transaction
    from geogate.model.dataset import Dataset, FilePart
    from geogate.model.finding import Finding
    from geogate.model.names import Nonce
    from geogate.model.verdict import Verdict
    from geogate.seal.staging import Staging


_STARTS = {State.DENIED: Trigger.DENIED, State.HELD: Trigger.HELD}
"""States to which a submission comes that can start an obligation; a clearance enters its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What became of a wish: the request, the verdict, and the clearance where there is one.

    ``repeated`` says that the same artefact was submitted to the same place before and that request goes on.
    """

    request: RequestId
    state: State
    verdict: Verdict
    clearance: Nonce | None
    repeated: bool = False

    @property
    def decision(self) -> Decision:
        """The decision of the verdict."""
        return self.verdict.decision


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sealed:
    """What is in staging; ``artefact`` is ``None`` where none could be made, and ``findings`` say why.

    ``removed`` are the parts of the dataset that the artefact does not have.
    """

    dataset: Dataset
    artefact: Artefact | None
    findings: tuple[Finding, ...]
    removed: tuple[FilePart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """Everything that one submission works with; ``series`` is what a batch of a feed belongs to."""

    house: House
    ledger: Ledger
    staging: Staging
    question: Question
    means: Means
    docs: Path | None
    series: Series | None = None


def submit(
    wish: Wish,
    *,
    house: House,
    progress: Progress | None = None,
    docs: Path | None = None,
    series: Series | None = None,
) -> Submission:
    """Seal and judge a dataset; a clear verdict gets a clearance, a held one waits for review.

    The same artefact for the same recipient, place and purpose under the same policy and zones is judged anew but
    not asked for twice: where such a request is held or cleared, that one is returned. ``docs`` is a folder for the
    Data Docs of the verdict. A batch of a ``series`` is asked for anew each time.

    Raises: ForbiddenError, InputError, UsageError, PolicyError, ServiceError; then nothing may leave by this request.
    """
    with working(Stage.SUBMIT):
        return _submit(wish, house=house, means=house.means(progress or logged("judging")), docs=docs, series=series)


def _submit(wish: Wish, *, house: House, means: Means, docs: Path | None, series: Series | None) -> Submission:
    require(Action.SUBMIT, house=house)
    signing_key(house.settings)
    question = ask(wish, house=house)
    if series is not None:
        question = replace(question, running=series.running(question))
    ledger = house.ledger()
    try:
        staging = house.staging()
        desk = _Desk(
            house=house, ledger=ledger, staging=staging, question=question, means=means, docs=docs, series=series
        )
        request = _open(wish, desk)
        bind(request=request.id, policy=request.policy)
        try:
            return _process(wish, request, desk)
        except BaseException as error:
            _fail(request, desk, reason=type(error).__name__)
            raise
    finally:
        ledger.close()


def _open(wish: Wish, desk: _Desk) -> ReleaseRequest:
    house, question = desk.house, desk.question
    request = ReleaseRequest(
        id=house.new_request_id(),
        requester=house.actor,
        recipient=question.recipient.id,
        destination=question.destination,
        purpose=wish.purpose,
        policy=question.policy.name,
        assume_crs=wish.assume_crs,
        declaration=wish.declaration,
        continues=RequestId(wish.continues),
        created_at=house.clock(),
        state=State.DRAFT,
    )
    with desk.ledger.transaction(house.actor, at=house.clock()) as tx:
        tx.open_request(request)
        if desk.series is not None:
            desk.series.opened(request.id, tx=tx)
    return request


def _process(wish: Wish, request: ReleaseRequest, desk: _Desk) -> Submission:
    with timed(Stage.SEALING):
        sealed = _seal(wish, desk)
    with desk.ledger.transaction(desk.house.actor, at=desk.house.clock()) as tx:
        tx.seal(request.id, dataset=sealed.dataset, artefact=sealed.artefact)
    _require_acceptable(sealed, desk)
    examined = _judge(sealed, desk)
    say_judged(examined.verdict)
    with desk.ledger.transaction(desk.house.actor, at=desk.house.clock()) as tx:
        verdict = examined.verdict
        circumstances = desk.question.circumstances(verdict.subject_size)
        tx.screen(request.id, verdict=verdict, measurements=kept_facts(examined.answer, circumstances))
    write_docs(examined, desk.docs)
    return _conclude(request, sealed, examined, desk)


def _require_acceptable(sealed: _Sealed, desk: _Desk) -> None:
    """See that the place takes files of this kind.

    Raises: UsageError.
    """
    files = sealed.artefact.files if sealed.artefact else ()
    require_acceptable(desk.question.destination, ((file, desk.staging.open(file.sha256)) for file in files))


def _seal(wish: Wish, desk: _Desk) -> _Sealed:
    with timed(Stage.INTAKE), desk.staging.scratch() as scratch, dataset_files(wish.dataset, scratch=scratch) as files:
        name = dataset_name(wish.dataset)
        dataset = desk.staging.stage(tuple(files), names=tuple(files.values()), dataset=name)
    if desk.question.policy.encoding is Encoding.VERBATIM:
        return _Sealed(dataset=dataset, artefact=Artefact(files=dataset.files, encoding=Encoding.VERBATIM), findings=())
    return _encode(dataset, desk)


def _encode(dataset: Dataset, desk: _Desk) -> _Sealed:
    """Write geogate's own encoding of the sealed copy; what the reader cannot vouch for makes no artefact."""
    staging, policy = desk.staging, desk.question.policy
    kernels = kernels_for(dataset.size)
    with staging.view(dataset.files) as paths, staging.scratch() as into:
        files = {path: file.name for path, file in zip(paths, dataset.files, strict=True)}
        order = Order(
            files=tuple((name, name) for name in files.values()),
            assume_crs=desk.question.assume_crs,
            as_is=False,
            tools=Tools(kernels=kernels),
        )
        with inspected(order, files, minimum=policy.isolation, on_rows=_ignore, output=into) as inspection:
            findings = (*inspection.findings, *odd_parts(inspection.parts, as_is=False))
            if findings:
                return _Sealed(dataset=dataset, artefact=None, findings=findings)
            said = inspection.encode(policy.shapefile_as, kernels=kernels, workers=cores())
            findings = (*said.findings, *inspection.finish(said.names))
            if findings:
                return _Sealed(dataset=dataset, artefact=None, findings=findings)
            removed = removed_parts(inspection.parts)
        digests = staging.adopt([into / name for name in said.names], names=said.names)
    artefact = Artefact(files=digests, encoding=Encoding.CANONICAL)
    return _Sealed(dataset=dataset, artefact=artefact, findings=(), removed=removed)


def _ignore(_rows: int) -> None:
    """Take no notice: what is written is told when it is judged."""


def _judge(sealed: _Sealed, desk: _Desk) -> Examined:
    if sealed.artefact is None:
        dataset = sealed.dataset
        verdict = denied(dataset.digest, dataset.size, question=desk.question, findings=sealed.findings)
        return Examined(verdict=verdict, answer=None)
    examined = judge_artefact(sealed.artefact, staging=desk.staging, question=desk.question, means=desk.means)
    more = () if desk.series is None else desk.series.judged(examined)
    verdict = examined.verdict
    return replace(examined, verdict=replace(verdict, removed=sealed.removed, findings=(*verdict.findings, *more)))


def say_judged(verdict: Verdict) -> None:
    """Write a log line about a verdict: the decision, and the rules that found something."""
    event(
        Event.JUDGED,
        decision=verdict.decision.value,
        rules=[finding.rule for finding in verdict.findings if not finding.waived],
        layers=len(verdict.layers),
        rows=sum(layer.rows for layer in verdict.layers),
        bytes=verdict.subject_size,
        isolation=verdict.isolation[0] if verdict.isolation else None,
    )


def judge_artefact(artefact: Artefact, *, staging: Staging, question: Question, means: Means) -> Examined:
    """Judge sealed bytes, from the copy that would be sent.

    Raises: RefusedError when the copy is missing or has changed.
    """
    with staging.view(artefact.files) as paths:
        files = {path: file.name for path, file in zip(paths, artefact.files, strict=True)}
        subject = Subject(files=files, digest=lambda: artefact.digest, size=artefact.size, as_is=True)
        return examine(subject, question=question, means=means)


def _conclude(request: ReleaseRequest, sealed: _Sealed, examined: Examined, desk: _Desk) -> Submission:
    """Take the step that follows from the decision."""
    house, ledger, verdict = desk.house, desk.ledger, examined.verdict
    if verdict.decision is Decision.DENY or sealed.artefact is None:
        return _move(request, State.DENIED, verdict, desk, reason="the verdict denies")
    earlier = _earlier(verdict, desk) if desk.series is None else None
    if earlier is not None:
        _move(request, State.WITHDRAWN, verdict, desk, reason=f"repeats request {earlier.request}, which goes on")
        return earlier
    if verdict.decision is Decision.HOLD:
        return _move(request, State.HELD, verdict, desk, reason="the verdict holds")
    terms = Terms.of(desk.question)
    cleared = replace(request, verdict=verdict, artefact=sealed.artefact)
    with ledger.transaction(house.actor, at=house.clock()) as tx:
        try:
            require_still_within(examined, desk.question, tx, seen=verdict)
        except ExceededError as error:
            exceeded = error
            tx.move(request.id, State.FAILED, reason=error.summary)
            _stop(desk, error.summary, tx=tx)
            # A refusal like any other: it starts the clocks of the rules that refuse.
            refused = replace(verdict, findings=(*verdict.findings, *error.findings))
            enter(desk.question.policy.obligations, refused, Trigger.DENIED, request=request.id, tx=tx)
        else:
            with timed(Stage.CLEARANCE):
                nonce = clear(cleared, tx=tx, terms=terms, house=house)
            event(Event.CLEARED, nonce=nonce)
            return Submission(request=request.id, state=State.CLEARED, verdict=verdict, clearance=nonce)
    raise exceeded


def _move(request: ReleaseRequest, state: State, verdict: Verdict, desk: _Desk, *, reason: str) -> Submission:
    with desk.ledger.transaction(desk.house.actor, at=desk.house.clock()) as tx:
        tx.move(request.id, state, reason=reason)
        if state in {State.DENIED, State.HELD}:
            _stop(desk, reason, tx=tx)
        if state in _STARTS:
            enter(desk.question.policy.obligations, verdict, _STARTS[state], request=request.id, tx=tx)
    return Submission(request=request.id, state=state, verdict=verdict, clearance=None)


def _stop(desk: _Desk, why: str, *, tx: Transaction) -> None:
    if desk.series is not None:
        desk.series.stopped(why, tx=tx)


def _earlier(verdict: Verdict, desk: _Desk) -> Submission | None:
    """Find a request for the same release, on a verdict that says the same, that is still on its way."""
    for request in desk.ledger.find_open(ballot_of(verdict), purpose=verdict.purpose):
        before = request.verdict
        if before is None or not says_the_same(before, verdict) or not rests_on_today(before, desk.question):
            continue
        if before.declaration != verdict.declaration:
            continue
        if request.state is State.HELD and desk.house.clock() < review_ends(before, desk.question.policy):
            return Submission(request=request.id, state=State.HELD, verdict=verdict, clearance=None, repeated=True)
        if request.state is State.CLEARED:
            kept = desk.ledger.clearance_of(request.id)
            if kept is not None and desk.house.clock() < kept[0].expires_at:
                nonce = kept[0].nonce
                return Submission(
                    request=request.id, state=State.CLEARED, verdict=verdict, clearance=nonce, repeated=True
                )
    return None


def _fail(request: ReleaseRequest, desk: _Desk, *, reason: str) -> None:
    """Mark a request that could not be processed; where the ledger is what failed, the draft says so itself."""
    try:
        with desk.ledger.transaction(desk.house.actor, at=desk.house.clock()) as tx:
            tx.move(request.id, State.FAILED, reason=reason)
    except GeogateError:
        return
