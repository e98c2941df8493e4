"""Measure the datasets of cases in the way of every release, and judge cases from what was measured.

Datasets are measured by all rules of the policy, and what these said is compared with what is judged from what was
measured: were they ever to differ, there would be no result.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from geogate.gate.across import beside_others, lone_in
from geogate.gate.examine import Subject, examine
from geogate.gate.facts import Kept, KeptLayer
from geogate.gate.passes import Means
from geogate.gate.policy_kept import KeptJudge, NeedsDataError
from geogate.model.dataset import Encoding, FileDigest, content_digest
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import PolicyError
from geogate.model.finding import GATE
from geogate.seal.hashing import hash_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from geogate.gate.examine import Examined, Question
    from geogate.measures.hidden.numbers_possible import Lone
    from geogate.measures.measure import Measure, MeasureId, Measurement, Unmeasured
    from geogate.model.parties import Circumstances
    from geogate.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """A dataset that was written, in a folder of its own."""

    folder: Path
    paths: tuple[Path, ...]

    @property
    def digests(self) -> tuple[FileDigest, ...]:
        """The files by their digests."""
        return tuple(_digest(path) for path in self.paths)

    def has(self, layer: str) -> bool:
        """Tell whether a layer is of this dataset, by its name among those of several."""
        return layer.startswith(f"{self.folder.name}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer(KeptLayer):
    """A layer that was measured just now; ``changed`` are fields that a case takes as measured otherwise."""

    live: Mapping[MeasureId, Any]
    lone: tuple[Lone, ...]
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
class Measured:
    """A dataset that was measured: what was found, and the verdict of all rules of the policy together."""

    layers: tuple[_Layer, ...]
    whole: Verdict
    judge: KeptJudge

    def verdict(self, question: Question, measured: Mapping[str, Mapping[str, Any]]) -> Verdict:
        """Judge it as a case asks, with the numbers that the case takes as measured.

        Raises: PolicyError when these are none that were measured.
        """
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

    def alone(self, files: Files) -> Measured | None:
        """Give what was found of one of several datasets; ``None`` where that cannot be told from the others."""
        findings = [finding for finding in self.whole.findings if finding.rule.startswith(GATE)]
        if any("#" in layer.name for layer in self.layers) or not all("/" in each.layer for each in findings):
            return None
        digests = files.digests
        own = replace(
            self.whole,
            subject=content_digest(digests),
            subject_size=sum(each.size for each in digests),
            layers=tuple(layer for layer in self.whole.layers if files.has(layer.name)),
            findings=tuple(finding for finding in findings if files.has(finding.layer)),
        )
        layers = [layer for layer in self.layers if files.has(layer.name)]
        return replace(self, layers=_beside(layers), whole=own)


def _known(question: Question, verdict: Verdict) -> Circumstances:
    history = () if question.recall is None else question.recall(lambda: verdict.subject)
    return replace(question.circumstances(verdict.subject_size), history=history)


def measure(datasets: Sequence[Files], question: Question) -> Measured:
    """Measure some datasets as if they were one, by all rules of the question's policy.

    Raises: PolicyError, ServiceError when there is no verdict.
    """
    digests = tuple(digest for files in datasets for digest in files.digests)
    digest, size = content_digest(digests), sum(each.size for each in digests)
    several = len(datasets) > 1
    subject = Subject(
        files={
            path: f"{files.folder.name}/{path.name}" if several else path.name
            for files in datasets
            for path in files.paths
        },
        digest=lambda: digest,
        size=size,
        as_is=question.policy.encoding is Encoding.VERBATIM,
    )
    examined = examine(subject, question=question, means=Means())
    found = Measured(layers=_beside(_layers(examined)), whole=examined.verdict, judge=KeptJudge(question.zone_lists))
    if _said(found.verdict(question, {})) != _said(examined.verdict):
        raise PolicyError("what was kept of a dataset is judged otherwise than the dataset; report this")
    return found


def _layers(examined: Examined) -> list[_Layer]:
    return [
        _Layer(
            name=answer.layer,
            kind=answer.kind,
            rows=answer.facts.rows,
            complete=answer.facts.complete,
            values=dict.fromkeys(answer.facts.values),
            live=answer.facts.values,
            lone=lone_in(answer.facts.values),
            changed={},
        )
        for answer in (examined.answer.layers if examined.answer else ())
        if answer.facts is not None
    ]


def _beside(layers: Iterable[_Layer]) -> tuple[_Layer, ...]:
    """Say of each layer which columns could tell positions together with those of another one."""
    layers = tuple(layers)
    found = beside_others([layer.lone for layer in layers])
    return tuple(replace(layer, beside=names) for layer, names in zip(layers, found, strict=True))


def _said(verdict: Verdict) -> set[tuple[str, ...]]:
    """Say what was found, of the gate's own findings only that there are some."""
    return {
        (finding.effect, finding.layer, finding.rule, "" if finding.rule.startswith(GATE) else finding.summary)
        for finding in verdict.findings
    }


def _digest(path: Path) -> FileDigest:
    with path.open("rb", buffering=0) as file:
        sha256, size = hash_file(file.fileno())
    return FileDigest(name=path.name, size=size, sha256=sha256)
