"""Measure the datasets of cases, each once and in the way of every release, and judge each case from that.

A dataset is measured by all rules of the policy at once, and their answers are compared with what is judged from what
was measured: were they ever to differ, there would be no result.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from geogate.gate.across import columns_beside
from geogate.gate.examine import Subject, examine
from geogate.gate.exposure import NothingBefore
from geogate.gate.facts import Kept, KeptLayer
from geogate.gate.passes import Means
from geogate.gate.policy_case_place import CasePlace, ZoneLists, question_of
from geogate.gate.policy_data import write_data
from geogate.gate.policy_kept import KeptJudge, NeedsDataError
from geogate.model.dataset import Encoding, FileDigest, content_digest
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import PolicyError, RefusedError
from geogate.model.finding import GATE
from geogate.seal.hashing import hash_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from geogate.gate.examine import Examined, Question
    from geogate.measures.measure import Measure, MeasureId, Measurement, Unmeasured
    from geogate.model.verdict import Verdict
    from geogate.policy.cases import PolicyCase
    from geogate.policy.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer(KeptLayer):
    """A layer that was measured just now; ``changed`` are fields that a case takes as measured otherwise."""

    live: Mapping[MeasureId, Any]
    changed: Mapping[MeasureId, Mapping[str, Any]]

    @property
    def spared(self) -> bool:
        """Everything is known."""
        return False

    def value(self, measure: Measure[Any]) -> Measurement | Unmeasured | None:
        """Give what was measured, with what is changed about it.

        Raises: ValueError when the measurement has no such field, or cannot have that value.
        """
        found: Measurement | Unmeasured | None = self.live.get(measure.id)
        if measure.id not in self.changed:
            return found
        document = {**json.loads(canonical_json(found)), **self.changed[measure.id]}
        changed: Measurement = from_json(type(measure.empty()), canonical_json(document))
        return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """A dataset that was measured: what was found, and the verdict of all rules of the policy together."""

    layers: tuple[_Layer, ...]
    whole: Verdict
    judge: KeptJudge

    def verdict(self, question: Question, measured: Mapping[str, Mapping[str, Any]]) -> Verdict:
        """Judge it as a case asks, with the numbers that the case takes as measured."""
        whole = self.whole
        try:
            return self.judge.verdict(
                question.case(whole.subject, whole.subject_size),
                policy=question.policy,
                kept=Kept(circumstances=_known(question, whole), layers=self._as_if(measured), unread=()),
                before=whole,
            )
        except NeedsDataError as error:
            raise PolicyError(f"measured has fields that the measurement does not have ({error})") from error

    def _as_if(self, measured: Mapping[str, Mapping[str, Any]]) -> tuple[_Layer, ...]:
        names = {name for layer in self.layers for name in layer.live}
        changes: dict[MeasureId, Mapping[str, Any]] = {}
        for key, fields in measured.items():
            meant = [name for name in names if name == key or name.startswith(f"{key}:")]
            if not meant:
                raise PolicyError(f"nothing measures {key!r}", hint=f"measured were {', '.join(sorted(names))}")
            changes |= dict.fromkeys(meant, fields)
        return tuple(replace(layer, changed=changes) for layer in self.layers)


def _known(question: Question, verdict: Verdict) -> Any:
    history = () if question.recall is None else question.recall(lambda: verdict.subject)
    return replace(question.circumstances(verdict.subject_size), history=history)


@dataclass(slots=True, kw_only=True)
class Trials:
    """Judges the cases of one policy; what several cases have in common is written, read and measured once."""

    policy: Policy
    beside: Path
    root: Path
    _recipients: bytes | None = field(default=None, init=False)
    _lists: dict[str, ZoneLists] = field(default_factory=dict, init=False)
    _measured: dict[str, _Measured] = field(default_factory=dict, init=False)
    _count: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        path = self.beside / "recipients.yaml"
        self._recipients = path.read_bytes() if path.is_file() else None

    def verdict(self, case: PolicyCase) -> Verdict:
        """Judge one case.

        Raises: PolicyError when it cannot be judged.
        """
        lists = self._lists_of(case)
        place = CasePlace(root=self._folder(), home=self.root, parsed=self.policy, lists=lists)
        try:
            question = question_of(case, place, home=self.root / "home", registered_here=self._recipients)
        except RefusedError as error:
            raise PolicyError(error.summary, hint=error.hint) from error
        return self._measure(case, question, lists).verdict(question, case.measured)

    def _folder(self) -> Path:
        self._count += 1
        folder = self.root / str(self._count)
        folder.mkdir()
        return folder

    def _lists_of(self, case: PolicyCase) -> ZoneLists:
        key = _key(case.zones)
        if key not in self._lists:
            self._lists[key] = ZoneLists.pinned(self.policy, case.zones, beside=self.beside, folder=self._folder())
        return self._lists[key]

    def _measure(self, case: PolicyCase, question: Question, lists: ZoneLists) -> _Measured:
        key = canonical_json([_key(case.zones), [each.model_dump_json() for each in case.data], case.assume_crs])
        if key not in self._measured:
            found = lists.on(question.at.date())
            everything = replace(
                question,
                policy=_everything(self.policy),
                policies=(),
                passed_over=(),
                zone_lists=found,
                recall=NothingBefore(),
            )
            self._measured[key] = _measure(self._write(case), everything)
        return self._measured[key]

    def _write(self, case: PolicyCase) -> list[Path]:
        folder = self._folder()
        beside = self.beside / "tests" / str(self.policy.name)
        return [
            write_data(shape, stem=f"data-{index}", folder=folder, beside=beside)
            for index, shape in enumerate(case.data, start=1)
        ]


def _key(shapes: Mapping[str, Any]) -> str:
    return canonical_json({name: shape.model_dump_json() for name, shape in shapes.items()})


def _everything(policy: Policy) -> Policy:
    """Ask all rules that are ever asked, and read every layer to its end."""
    rules = tuple(replace(rule, when=None) for rule in policy.asked)
    return replace(policy, scope=None, rules=rules, stop_early=False)


def _measure(files: Sequence[Path], question: Question) -> _Measured:
    digests = [_digest(path) for path in files]
    digest, size = content_digest(tuple(digests)), sum(each.size for each in digests)
    subject = Subject(
        files={path: path.name for path in files},
        digest=lambda: digest,
        size=size,
        as_is=question.policy.encoding is Encoding.VERBATIM,
    )
    examined = examine(subject, question=question, means=Means())
    found = _Measured(layers=_layers(examined), whole=examined.verdict, judge=KeptJudge(question.zone_lists))
    if _said(found.verdict(question, {})) != _said(examined.verdict):
        raise PolicyError("what was kept of a dataset is judged otherwise than the dataset; report this")
    return found


def _layers(examined: Examined) -> tuple[_Layer, ...]:
    answers = examined.answer.layers if examined.answer else ()
    return tuple(
        _Layer(
            name=answer.layer,
            kind=answer.kind,
            rows=answer.facts.rows,
            complete=answer.facts.complete,
            values=dict.fromkeys(answer.facts.values),
            beside=beside,
            live=answer.facts.values,
            changed={},
        )
        for answer, beside in zip(answers, columns_beside(answers), strict=True)
        if answer.facts is not None
    )


def _said(verdict: Verdict) -> set[tuple[str, ...]]:
    """Say what was found, and what was not answered once for each layer."""
    return {
        (finding.effect, finding.layer, finding.rule, "" if finding.rule.startswith(GATE) else finding.summary)
        for finding in verdict.findings
    }


def _digest(path: Path) -> FileDigest:
    with path.open("rb", buffering=0) as file:
        sha256, size = hash_file(file.fileno())
    return FileDigest(name=path.name, size=size, sha256=sha256)
