"""What a recipient got before, for rules that count over releases; read when one is judged and when it is cleared.

Two releases that are judged at the same moment do not see each other. Therefore what is cleared is counted once more in
the transaction that clears it, when nobody else can clear.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from geogate.gate.keyring import read_ring
from geogate.gate.keys import signing_key
from geogate.gate.remembered import Remembered
from geogate.measures.hidden.columns import ColumnContents, Contents
from geogate.measures.measure import Unmeasured
from geogate.measures.subjects import Subjects, together
from geogate.model.dataset import Artefact, LayerKind
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import RefusedError
from geogate.model.finding import Effect, Outcome
from geogate.model.past import MeasuredLayer, PastRelease
from geogate.model.release import ReleaseRequest
from geogate.policy.decide import WHOLE_DATASET, finding_of
from geogate.rules.recipient_total_history import earliest, remembered, totals_in
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from geogate.gate.examine import Examined, Question
    from geogate.gate.house import House
    from geogate.gate.settings import Settings
    from geogate.ledger.disclosed import Disclosed
    from geogate.ledger.transaction import Transaction
    from geogate.measures.subjects import SubjectCount
    from geogate.model.declaration import Declaration
    from geogate.model.finding import Finding, Problem
    from geogate.model.names import RecipientId, Sha256
    from geogate.model.parties import Circumstances
    from geogate.model.verdict import Verdict
    from geogate.policy.policy import Policy, PolicyRule
    from geogate.suites.judge import LayerAnswer

LATELY = "another release to the same recipient was cleared meanwhile"


_MOST_READ: Final = 10_000
"""Releases of which a process remembers what it read, as one that follows a feed for months."""

_READ: Final[Remembered[tuple[MeasuredLayer, ...] | None]] = Remembered(_MOST_READ)


class ExceededError(RefusedError):
    """What passed when it was judged passes no more; ``findings`` say by which rules."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(f"{LATELY}: {findings[0].summary}", hint="submit the dataset again")
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What rules need of past releases: the values of some measures, since a day; nothing where no rule counts."""

    measures: tuple[SubjectCount, ...]
    since: date | None

    @classmethod
    def of(cls, policy: Policy, today: date) -> Memory:
        """Find out what the rules of a policy need."""
        totals = [total for use in policy.rules for total in totals_in(use.params)]
        return cls(measures=remembered(totals), since=earliest(totals, today) if totals else None)

    def history(self, releases: Iterable[Disclosed], *, besides: Sha256) -> tuple[PastRelease, ...]:
        """Read what the recipient got, without releases of the very same bytes, which tell nothing new.

        Those of one day with one declaration are put together, so that a year of them fits in memory.
        """
        found: dict[tuple[str, str], PastRelease] = {}
        seen = {besides}
        for release in releases:
            artefact = None if release.artefact is None else artefact_digest(release.artefact)
            too_old = self.since is None or (release.on is not None and release.on < self.since)
            if too_old or artefact in seen:
                continue
            declaration, declared = _declared(release.request)
            past = PastRelease(on=release.on, declaration=declaration, layers=self._layers(release))
            key = (str(release.on), declared)
            found[key] = past if key not in found else _merged(found[key], past)
        return tuple(found.values())

    def _layers(self, release: Disclosed) -> tuple[MeasuredLayer, ...] | None:
        """Read what was measured; ``None`` where that is not wholly known."""
        return _READ.of(release.measurements or "", (str(measure.id) for measure in self.measures), self._read)

    def _read(self, text: str) -> tuple[MeasuredLayer, ...] | None:
        try:
            layers = list(json.loads(text)["layers"].values())
            return tuple(self._layer(layer) for layer in layers) if layers else None
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    def _layer(self, layer: Any) -> MeasuredLayer:
        if layer["complete"] is not True or not isinstance(layer["rows"], int):
            raise ValueError("the layer was not read to its end")
        values: dict[str, Any] = {}
        for measure in self.measures:
            value = layer["values"].get(measure.id)
            if value is not None and set(value) != {"reason"}:
                subjects = from_json(Subjects, canonical_json(value))
                values[measure.id] = together([subjects])
        kind = LayerKind(layer.get("kind", LayerKind.VECTOR))
        return MeasuredLayer(kind=kind, rows=layer["rows"], values=values)


@lru_cache(maxsize=_MOST_READ)
def artefact_digest(text: str) -> Sha256:
    """Give the digest of an artefact from its document; each is read once."""
    return from_json(Artefact, text).digest


@lru_cache(maxsize=_MOST_READ)
def _declared(text: str) -> tuple[Declaration, str]:
    """Give what was declared of a release from its draft, and that as a text."""
    declaration = from_json(ReleaseRequest, text).declaration
    return declaration, canonical_json(declaration)


def _merged(one: PastRelease, other: PastRelease) -> PastRelease:
    if one.layers is None or other.layers is None:
        return replace(one, layers=None)
    layers: dict[tuple[LayerKind, tuple[str, ...]], MeasuredLayer] = {}
    for layer in (*one.layers, *other.layers):
        key = (layer.kind, tuple(sorted(layer.values)))
        before = layers.get(key)
        if before is not None:
            values = {name: before.values[name] + value for name, value in layer.values.items()}
            layer = replace(layer, rows=before.rows + layer.rows, values=values)  # noqa: PLW2901
        layers[key] = layer
    return replace(one, layers=tuple(layers.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Reads what the recipient got before, from the ledger, which is left alone where no rule counts."""

    house: House
    memory: Memory
    recipient: RecipientId

    def __call__(self, besides: Callable[[], Sha256], /) -> tuple[PastRelease, ...]:
        """Read it; ``besides`` is asked for the digest of what is judged.

        Raises: ServiceError when the ledger cannot be read.
        """
        if not self.memory.measures:
            return ()
        with self.house.ledger() as ledger:
            return self.memory.history(ledger.disclosed_to(self.recipient, now=self.house.clock()), besides=besides())

    @property
    def pepper(self) -> bytes:
        """The secret for hashes of ids that the ledger keeps, another one for each recipient.

        Raises: UsageError when the signing key, from which it is derived, cannot be read.
        """
        return pepper(self.house.settings, self.recipient) if self.memory.measures else b""


def pepper(settings: Settings, recipient: RecipientId) -> bytes:
    """Derive a secret from the gate's first signing key, which a rotation keeps for this.

    With another one old hashes fit no new ones, and count twice.

    Raises: UsageError when the key cannot be read.
    """
    kept = read_ring(settings).pepper
    key = bytes.fromhex(kept) if kept else hashlib.sha256(signing_key(settings).signer.private_bytes).digest()
    return hmac.digest(key, b"geogate subjects of " + str(recipient).encode(), "sha256")


class Past(Protocol):
    """Says what the recipient got before."""

    @property
    def pepper(self) -> bytes:
        """The secret for hashes of ids."""
        ...

    def __call__(self, besides: Callable[[], Sha256], /) -> tuple[PastRelease, ...]:
        """Say it; ``besides`` is asked for the digest of what is judged."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Says that the recipient got these releases before: what a replay or a trial of a policy knows already."""

    releases: tuple[PastRelease, ...]
    pepper: bytes = b""

    def __call__(self, besides: Callable[[], Sha256], /) -> tuple[PastRelease, ...]:
        """Give them."""
        del besides
        return self.releases


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingBefore:
    """Says that the recipient got nothing before: for trials of a policy that are no release."""

    pepper: bytes = b""

    def __call__(self, besides: Callable[[], Sha256], /) -> tuple[PastRelease, ...]:
        """Read nothing."""
        del besides
        return ()


def require_still_within(examined: Examined, question: Question, tx: Transaction, *, seen: Verdict) -> None:
    """Count once more, in the transaction that clears, and refuse what only passed because another was not seen.

    ``seen`` is the verdict by which it is cleared: what it says already, people knew who approved.

    Raises: ExceededError, or RefusedError where nothing can be counted.
    """
    memory = Memory.of(question.policy, question.at.date())
    if not memory.measures and question.running is None:
        return
    verdict = examined.verdict
    history = memory.history(tx.disclosed_to(verdict.recipient), besides=verdict.subject) if memory.measures else ()
    earlier = () if question.running is None else question.running.within(tx, verdict.subject)
    known = replace(question.circumstances(verdict.subject_size), history=history, earlier=earlier)
    before = {finding.rule for finding in seen.findings}
    layers = examined.answer.layers if examined.answer else ()
    found: list[Finding] = []
    for use in question.policy.rules:
        if not _counts_on(use, question) or use.effect is Effect.NOTE or use.id in before:
            continue
        for problem in _problems(use, layers, known, question):
            # It is refused, whatever the rule would have done to a release that people can look at.
            outcome = Outcome(rule=use.id, layer=WHOLE_DATASET, observed="counted again", problems=(problem,))
            found.append(replace(finding_of(problem, outcome, use), effect=Effect.DENY))
    if found:
        raise ExceededError(found)


def _counts_on(use: PolicyRule, question: Question) -> bool:
    """Tell whether what a rule says depends on what left before."""
    adds_up = registered()[use.expectation].adds_up
    return any(totals_in(use.params)) or (
        question.running is not None and adds_up(use.params, question.zone_lists) is not None
    )


def hides(layer: LayerAnswer) -> bool:
    """Tell whether a layer is of positions that hide in another one, whose rows were counted there."""
    facts = layer.facts
    contents = None if facts is None else facts.values.get(ColumnContents().id)
    return facts is not None and isinstance(contents, Contents) and facts.rows > 0 and contents.rows == 0


def _problems(
    use: PolicyRule, layers: Sequence[LayerAnswer], known: Circumstances, question: Question
) -> Iterator[Problem]:
    from geogate.suites.judge import measured

    rule = registered()[use.expectation]
    needed = [measure.id for measure in rule.measures(use.params, question.zone_lists)]
    for layer in layers:
        if layer.facts is None:
            raise RefusedError("a layer was not measured, so that nothing can be counted")
        if hides(layer):
            known = replace(known, beside=tuple(replace(each, again=True) for each in known.beside))
        if layer.kind in rule.kinds_of(use.params):
            values = {name: layer.facts.values[name] for name in needed}
            if any(isinstance(value, Unmeasured) for value in values.values()):
                raise RefusedError("a layer was not measured, so that nothing can be counted")
            yield from rule.judge(use.params, values, known).problems  # type: ignore[arg-type]
        known = replace(known, beside=(*known.beside, *measured([layer], again=hides(layer))))
