"""Positions that hide in a layer's columns or in names, as layers of their own that are judged like any other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyproj

from geogate.gate.derived_canary import require_found
from geogate.measures.hidden.carrier import MOST_CARRIERS, carriers_in_texts
from geogate.measures.hidden.columns import ColumnContents, Contents
from geogate.measures.hidden.numbers import numbers_in
from geogate.measures.hidden.source import HiddenSource
from geogate.measures.hidden.source_names import NamesSource
from geogate.measures.hidden.text import TextPositions, TextScan, name_positions
from geogate.measures.hidden.text_halves import together
from geogate.measures.inventory import LayerInventory
from geogate.measures.measure import LayerFacts, Unmeasured
from geogate.measures.source import UnreadableError
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count
from geogate.model.names import LayerName
from geogate.model.verdict import LayerSummary
from geogate.policy.decide import gate_finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geogate.gate.opening import OpenedLayer
    from geogate.gate.passes import Passes
    from geogate.measures.hidden.carrier import Carrier
    from geogate.measures.measure import Measure, MeasureId
    from geogate.measures.source import LayerSchema, Source
    from geogate.model.finding import Finding

WITH_NUMBERS = frozenset({LayerKind.VECTOR, LayerKind.POINT_CLOUD, LayerKind.RASTER_VALUES})
"""Kinds of layers whose numbers come from the file, and not from a reader that says what an image is like."""

WITH_TEXTS = frozenset(LayerKind) - {LayerKind.RASTER}
"""Kinds of layers whose texts come from the file; of images a reader says in its own words which pixels they show."""

NAMES = LayerName("names")
"""The layer of positions that names say."""

JUDGED_BEFORE = (ColumnContents(), TextScan())
"""What is found in the columns of a derived layer was found in those of the layer that it comes from."""


@dataclass(slots=True)
class DerivedLayer:
    """The positions of one carrier, or of names; read once, and its columns are not looked into again."""

    name: LayerName
    source: Source
    schema: LayerSchema
    crs: pyproj.CRS = field(default_factory=lambda: pyproj.CRS.from_epsg(4326))
    facts: LayerFacts | None = field(default=None, init=False)

    def run(self, measures: Sequence[Measure[Any]], /, *, passes: Passes) -> LayerFacts:
        """Measure the positions in one pass, their inventory always included.

        Raises: UnreadableError, or when the layer was read before.
        """
        if self.facts is not None:
            raise UnreadableError("the layer was read twice", remedy="report this: it is a fault of geogate")
        before: dict[MeasureId, Any] = {measure.id: measure.empty() for measure in JUDGED_BEFORE}
        every = (*measures, LayerInventory())
        wanted = {measure.id: measure for measure in every if measure.id not in before}
        found = passes(self.source, self.schema, self.crs)(tuple(wanted.values()))
        self.facts = LayerFacts(
            rows=found.rows, values={**before, **found.values}, complete=found.complete, claimed=found.claimed
        )
        return self.facts

    def summary(self) -> LayerSummary:
        """Say what was seen of the positions."""
        return LayerSummary(name=self.name, rows=self.facts.rows if self.facts else 0, crs="EPSG:4326")


def derived_layers(
    layers: Sequence[OpenedLayer], *, names: Sequence[str]
) -> tuple[tuple[DerivedLayer, ...], tuple[Finding, ...]]:
    """Make a layer of each carrier that the passes over the layers found; and findings where that cannot be said.

    ``names`` are those of the files; those of layers and columns are looked at too.

    Raises: ServiceError when a search does not find what is planted for it.
    """
    require_found(searched)
    return searched(layers, names=names)


def searched(
    layers: Sequence[OpenedLayer], *, names: Sequence[str]
) -> tuple[tuple[DerivedLayer, ...], tuple[Finding, ...]]:
    """Do so without asking whether the searches are alive."""
    taken = {layer.name for layer in layers}
    found: list[DerivedLayer] = []
    findings: list[Finding] = []
    every = _names(layers, names)
    halves = together([name_positions(every), *(texts for layer in layers for texts in _texts_of(layer))])
    for layer in layers:
        carriers, wrong = carriers_of(layer, halves=halves)
        findings += wrong
        for number, carrier in enumerate(carriers, start=1):
            name = _free(layer.name, number, taken)
            taken.add(name)
            source = HiddenSource(
                source=layer.source, layer=layer.schema, own_crs=layer.crs, carrier=carrier, name=str(name)
            )
            found.append(DerivedLayer(name, source, source.layers[0]))
    first = layers[0].source
    said = NamesSource.of(every, path=first.path, format=first.format, halves=halves)
    if len(said.lonlat):
        found.append(DerivedLayer(_free(NAMES, 1, taken), said, said.layers[0]))
    return tuple(found), tuple(findings)


def _names(layers: Sequence[OpenedLayer], files: Sequence[str]) -> tuple[str, ...]:
    """List the names of files, layers and columns."""
    found = [*files]
    for layer in layers:
        found += [layer.schema.name, layer.schema.geometry_column, *_fields(layer.schema.attributes)]
    return tuple(dict.fromkeys(found))


def _fields(parts: Any) -> Iterator[str]:
    """List the names of columns, and of the fields of nested ones."""
    for part in parts:
        yield part.name
        kind = part.type
        yield from _fields([kind.field(place) for place in range(kind.num_fields)])


def _texts_of(layer: OpenedLayer) -> Iterator[TextPositions]:
    """Give what was found in the texts of a layer, if they are its own."""
    texts = None if layer.facts is None else layer.facts.values.get(TextScan().id)
    if isinstance(texts, TextPositions) and layer.schema.kind in WITH_TEXTS:
        yield texts


def carriers_of(
    layer: OpenedLayer, *, halves: frozenset[str] = frozenset()
) -> tuple[tuple[Carrier, ...], tuple[Finding, ...]]:
    """Name the places where positions hide in a layer; none where it was not read, which denies already.

    ``halves`` are the forms that count as halves of positions because of what else there is in the dataset.
    """
    if layer.facts is None or not layer.facts.complete:
        return (), ()
    contents = layer.facts.values.get(ColumnContents().id)
    texts = layer.facts.values.get(TextScan().id)
    if not isinstance(contents, Contents) or not isinstance(texts, TextPositions):
        return (), tuple(_not_looked_into(layer.name, (contents, texts)))
    numbers = numbers_in(contents).carriers if layer.schema.kind in WITH_NUMBERS else ()
    read = frozenset(column for carrier in numbers for column in carrier.columns)
    written = carriers_in_texts(texts, halves=halves, read=read) if layer.schema.kind in WITH_TEXTS else ()
    carriers = (*numbers, *written)
    if len(carriers) > MOST_CARRIERS:
        return (), (_too_many(layer.name, len(carriers)),)
    return carriers, ()


def _free(layer: LayerName, number: int, taken: set[LayerName]) -> LayerName:
    mark = "#"
    while LayerName(f"{layer}{mark}{number}") in taken:
        mark += "#"
    return LayerName(f"{layer}{mark}{number}")


def _not_looked_into(layer: LayerName, answers: tuple[object, ...]) -> Iterator[Finding]:
    reasons = [answer.reason for answer in answers if isinstance(answer, Unmeasured)]
    yield gate_finding(
        "columns-not-measured",
        layer=layer,
        summary=reasons[0] if reasons else "the columns of the layer were not looked into",
        remedy="leave out the columns that cannot be read, or write them in a plain type",
    )


def _too_many(layer: LayerName, count: int) -> Finding:
    return gate_finding(
        "too-many-carriers",
        layer=layer,
        summary="too many columns say positions to judge them all",
        remedy="leave out the columns besides the geometry that say positions",
        counts=(Count(what="places where positions could hide", value=count),),
    )
