"""What a pass measured and what was known of the release, as the text that the ledger keeps beside the verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date  # noqa: TC003 - documents are read by the annotations
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.across import columns_beside
from geogate.measures.hidden.columns import Contents
from geogate.measures.hidden.columns_classes import KeptContents
from geogate.measures.hidden.text import TextPositions, TextScan
from geogate.measures.measure import MeasureId, Sparing, Unmeasured
from geogate.model.dataset import LayerKind
from geogate.model.document import canonical_json, from_json
from geogate.model.names import LayerName
from geogate.model.parties import Circumstances

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.measures.measure import LayerFacts, Measure, Measurement
    from geogate.suites.judge import SuiteAnswer

SCHEMA: Final = 2
"""The version of the text; 1 had neither circumstances nor kinds of layers nor the classes of columns."""


def kept_facts(answer: SuiteAnswer | None, circumstances: Circumstances) -> str:
    """Write the measurements of all layers as canonical JSON; layers that could not be measured are null."""
    answers = answer.layers if answer else ()
    layers: dict[str, Any] = {}
    found = columns_beside([None if layer.facts is None else layer.facts.values for layer in answers])
    for layer, beside in zip(answers, found, strict=True):
        facts = layer.facts
        layers[layer.layer] = (
            None
            if facts is None
            else {
                "kind": layer.kind.value,
                "rows": facts.rows,
                "complete": facts.complete,
                "beside": beside,
                "values": {str(name): _kept(value, facts) for name, value in facts.values.items()},
            }
        )
    # Zones are secret, and long; which lists there were stands in the verdict.
    known = replace(circumstances, zone_lists={}, history=None, beside=(), earlier=())
    return canonical_json({"schema": SCHEMA, "circumstances": known, "layers": layers})


def _kept(value: Measurement | Unmeasured, facts: LayerFacts) -> object:
    """Leave out of a measurement what tells values, and the hashes of device ids, by which somebody is recognised."""
    if isinstance(value, Contents):
        return KeptContents.of(value, _positions(facts))
    return value.kept() if isinstance(value, Sparing) else value


def _positions(facts: LayerFacts) -> frozenset[str]:
    """Name the columns in whose texts positions were found."""
    texts = facts.values.get(TextScan().id)
    columns = texts.columns if isinstance(texts, TextPositions) else ()
    return frozenset(column.column for column in columns if column.likely)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLayer:
    """What was kept of one layer that was measured; ``values`` are documents by the ids of their measures.

    ``beside`` are columns that could tell positions together with those of another layer, ``None`` where an earlier
    version did not keep them.
    """

    name: LayerName
    kind: LayerKind
    rows: int
    complete: bool
    values: Mapping[str, Any]
    beside: tuple[str, ...] | None = None

    @property
    def spared(self) -> bool:
        """Whether less may be known than was measured."""
        return True

    def value(self, measure: Measure[Any]) -> Measurement | Unmeasured | None:
        """Give what a measure found, ``None`` where the layer was not measured by it.

        Raises: ValueError when it is not exactly such a measurement.
        """
        name = measure.id
        if name not in self.values:
            return None
        document = self.values[name]
        kind: Any = type(measure.empty())
        if set(document) == {"reason"}:
            kind = Unmeasured
        elif kind is Contents:
            kind = KeptContents
        found: Measurement | Unmeasured = from_json(kind, canonical_json(document))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was kept of a release that was judged; ``unread`` are layers that could not be measured."""

    circumstances: Circumstances
    layers: tuple[KeptLayer, ...]
    unread: tuple[LayerName, ...]


def _circumstances(document: dict[str, Any]) -> Circumstances:
    """Read circumstances; those that differ in the day and the size only are read once.

    Raises: ValueError when they are not exactly such.
    """
    own = {name: document[name] for name in _OWN if name in document}
    if own.keys() != _OWN.keys():
        return from_json(Circumstances, canonical_json(document))
    said = from_json(_Own, canonical_json(own))
    return replace(_same(canonical_json({**document, **_OWN})), today=said.today, subject_size=said.subject_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """What circumstances have of their own."""

    today: date
    subject_size: int


_OWN: Final = {"today": "1970-01-01", "subject_size": 0}


@lru_cache(maxsize=256)
def _same(text: str) -> Circumstances:
    return from_json(Circumstances, text)


def read_facts(text: str) -> Kept | None:
    """Read what was kept; ``None`` where it was kept by a version that kept less.

    Raises: ValueError when it cannot be read.
    """
    document = json.loads(text)
    if document.get("schema") != SCHEMA:
        return None
    found = {LayerName(name): layer for name, layer in document["layers"].items()}
    return Kept(
        circumstances=_circumstances(document["circumstances"]),
        layers=tuple(
            KeptLayer(
                name=name,
                kind=LayerKind(layer["kind"]),
                rows=layer["rows"],
                complete=layer["complete"],
                values={MeasureId(key): value for key, value in layer["values"].items()},
                beside=tuple(layer["beside"]) if "beside" in layer else None,
            )
            for name, layer in found.items()
            if layer is not None
        ),
        unread=tuple(name for name, layer in found.items() if layer is None),
    )
