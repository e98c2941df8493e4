"""Open staged files and name their layers; whatever is odd becomes a finding that denies, never a shorter list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from geogate.measures.hidden.columns import ColumnContents
from geogate.measures.hidden.text import TextScan
from geogate.measures.inventory import Inventory, LayerInventory
from geogate.measures.measure import Unmeasured
from geogate.measures.published import published
from geogate.measures.reference import crs_name
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, LayerKind, layer_name, together
from geogate.model.errors import UsageError
from geogate.model.finding import Count, Effect
from geogate.model.names import LayerName
from geogate.model.verdict import LayerSummary
from geogate.policy.decide import WHOLE_DATASET, gate_finding
from geogate.readers import open_named
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    import pyproj

    from geogate.gate.passes import Passes
    from geogate.measures.measure import LayerFacts, Measure
    from geogate.measures.source import LayerSchema, Source
    from geogate.model.dataset import FilePart
    from geogate.model.finding import Finding
    from geogate.policy.policy import Policy, PolicyRule


ALWAYS = (LayerInventory(), ColumnContents(), TextScan())
"""What is measured of every layer, whatever the rules need."""


@dataclass(slots=True)
class OpenedLayer:
    """One layer that can be read; it remembers what its pass found, and is read once."""

    name: LayerName
    source: Source
    schema: LayerSchema
    crs: pyproj.CRS
    facts: LayerFacts | None = field(default=None, init=False)

    def run(self, measures: Sequence[Measure[Any]], /, *, passes: Passes) -> LayerFacts:
        """Measure the layer in one pass; its inventory and what its columns hold are always included.

        Raises: UnreadableError, or when the layer was read before.
        """
        if self.facts is not None:
            raise UnreadableError("the layer was read twice", remedy="report this: it is a fault of geogate")
        wanted = {measure.id: measure for measure in (*measures, *ALWAYS)}
        self.facts = passes(self.source, self.schema, self.crs)(tuple(wanted.values()))
        return self.facts

    def summary(self) -> LayerSummary:
        """Say what was seen of the layer."""
        rows = self.facts.rows if self.facts else 0
        return LayerSummary(name=self.name, rows=rows, crs=crs_name(self.crs))


class Described(Protocol):
    """What is known of a layer before its pass."""

    @property
    def kind(self) -> LayerKind:
        """What the layer is made of."""
        ...


class Layer(Protocol):
    """A layer that is judged, and what its pass found once it was made."""

    @property
    def name(self) -> LayerName:
        """The name within the dataset."""
        ...

    @property
    def schema(self) -> Described:
        """What is known before the pass."""
        ...

    @property
    def facts(self) -> LayerFacts | None:
        """What the pass found."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The sources of a dataset, the layers that can be judged, and the findings about all that cannot."""

    sources: tuple[Source, ...]
    layers: tuple[OpenedLayer, ...]
    findings: tuple[Finding, ...]
    parts: tuple[FilePart, ...] = ()
    names: Mapping[Path, str] = field(default_factory=dict)
    """The name of each source within the dataset, by its path."""

    @property
    def claimed(self) -> int | None:
        """The rows that all layers together claim, ``None`` where one makes no claim."""
        rows = [layer.schema.rows for layer in self.layers]
        return None if None in rows else sum(filter(None, rows))

    def crs_of(self, source: Source) -> Mapping[str, pyproj.CRS]:
        """Return the reference of each layer of a source by the layer's name."""
        return {layer.schema.name: layer.crs for layer in self.layers if layer.source is source}


def open_files(files: Mapping[Path, str], *, assume_crs: str, scratch: Path) -> Opened:
    """Open all files of a dataset; ``assume_crs`` holds for layers that do not state a reference.

    ``files`` gives each file's name within the dataset; layers are named after it. Containers are unpacked into
    ``scratch``, a private folder that has to last as long as the sources are read.

    Raises: UsageError when ``assume_crs`` is not a reference.
    """
    assumed = parse_crs(assume_crs)
    try:
        opened = open_named(files, scratch=scratch)
        listed = tuple((source, source.layers) for source in opened.sources)
        parts = together([*opened.parts, *(part for source in opened.sources for part in source.contents)])
    except UnreadableError as error:
        return Opened(sources=(), layers=(), findings=(unreadable(error),))
    layers: list[OpenedLayer] = []
    findings: list[Finding] = []
    for source, schemas in listed:
        file = opened.names[source.path]
        if not schemas:
            findings.append(_nothing_in(LayerName(file), "the file has no layers"))
        for schema in schemas:
            name = layer_name(file, schema.name, only=len(schemas) == 1)
            stated = schema.crs or assumed
            crs = published(stated) if stated is not None else None
            if stated is None:
                findings.append(_no_reference(name))
            elif crs is None:
                findings.append(_unpublished_reference(name))
            else:
                layers.append(OpenedLayer(name, source, schema, crs))
    return Opened(
        sources=opened.sources, layers=tuple(layers), findings=tuple(findings), parts=parts, names=opened.names
    )


def removed_parts(parts: Sequence[FilePart]) -> tuple[FilePart, ...]:
    """Name the parts that a canonical encoding leaves out."""
    return tuple(part for part in parts if part.fate is Fate.REMOVED)


def odd_parts(parts: Sequence[FilePart], *, as_is: bool) -> tuple[Finding, ...]:
    """Find the parts that nothing can judge, and where bytes leave as they are those that are not judged."""
    findings = []
    for part in parts:
        if part.fate is Fate.REFUSED:
            findings.append(_unjudged_part(part, "which nothing can judge or remove", "export the file without them"))
        elif part.fate is Fate.REMOVED and as_is:
            remedy = "choose a policy that encodes canonically, which leaves them out, or export the file without them"
            findings.append(_unjudged_part(part, "which no rule sees, and the bytes leave as they are", remedy))
    return tuple(findings)


def _unjudged_part(part: FilePart, why: str, remedy: str) -> Finding:
    return gate_finding(
        "unjudged-part",
        summary=f"the dataset has {part.what}, {why}",
        remedy=remedy,
        counts=(Count(what=part.what, value=part.count),),
    )


def kinds_covered(policy: Policy, looks: Callable[[PolicyRule], bool]) -> tuple[LayerKind, ...]:
    """Name the kinds of layers that a policy covers and at which a rule looks that can deny or hold.

    ``looks`` tells whether a rule looks at the data. A rule that only notes, such as one in shadow, is silent here.
    """
    deciding = (use for use in policy.rules if use.effect is not Effect.NOTE and looks(use))
    looked = frozenset[LayerKind]().union(*(registered()[use.expectation].kinds_of(use.params) for use in deciding))
    covered = set(policy.kinds) | ({LayerKind.RASTER_VALUES} if LayerKind.RASTER in policy.kinds else set())
    return tuple(kind for kind in LayerKind if kind in covered and kind in looked)


def kinds_not_covered(layers: Sequence[Layer], kinds: Sequence[LayerKind]) -> tuple[Finding, ...]:
    """Find the layers of a kind for which the policy was not written."""
    return tuple(
        gate_finding(
            "kind-not-covered",
            layer=layer.name,
            summary=f"the policy does not cover layers of kind {layer.schema.kind}",
            remedy="choose a policy whose kinds have it, or leave the layer out",
        )
        for layer in layers
        if layer.schema.kind not in kinds
    )


def odd_layers(layers: Sequence[Layer]) -> tuple[Finding, ...]:
    """Find the layers that no rule can judge rightly: without rows, without a position, or with impossible ones.

    Only photos may do without a position: what leaves of them is the picture.
    """
    findings = []
    for layer in layers:
        inventory = layer.facts.values.get(LayerInventory().id) if layer.facts else None
        if layer.facts is None or not isinstance(inventory, Inventory):
            findings.append(_not_measured(layer.name, inventory))
        elif not layer.facts.complete:
            findings.append(_ended_early(layer.name, layer.facts))
        elif layer.facts.rows != inventory.rows:
            findings.append(_not_measured(layer.name, inventory))
        elif layer.facts.rows == 0:
            findings.append(_nothing_in(layer.name, "the layer has no rows"))
        elif inventory.vertices == 0 and layer.schema.kind is not LayerKind.PHOTO:
            findings.append(_nothing_in(layer.name, "no row of the layer has a position"))
        elif impossible := inventory.non_finite + inventory.outside:
            findings.append(_impossible(layer.name, impossible))
    return tuple(findings)


LOOK_AT_HEIGHTS = frozenset({"expect_layer_inventory", "expect_columns_to_be_declared"})
"""Rules of which one must be in a policy under which layers with heights or measures leave."""


def unlooked_ordinates(layers: Sequence[Layer], expectations: Collection[str]) -> tuple[Finding, ...]:
    """Find the layers whose heights or measures leave though no rule looks at them: they can hold any two numbers."""
    if LOOK_AT_HEIGHTS & set(expectations):
        return ()
    deep = []
    for layer in layers:
        inventory = layer.facts.values.get(LayerInventory().id) if layer.facts else None
        if layer.schema.kind is LayerKind.VECTOR and isinstance(inventory, Inventory):
            deep += [layer] if inventory.has_z or inventory.has_m else []
    return tuple(
        gate_finding(
            "unjudged-ordinates",
            layer=layer.name,
            summary="no rule looks at the heights or measures of the geometries",
            remedy="leave them out, or add expect_layer_inventory or expect_columns_to_be_declared to the policy",
        )
        for layer in deep
    )


def unreadable(error: UnreadableError, *, layer: LayerName = WHOLE_DATASET) -> Finding:
    """Turn a reader's refusal into a finding."""
    name = LayerName(error.layer) if layer == WHOLE_DATASET else layer
    return gate_finding("unreadable", layer=name, summary=error.summary, remedy=error.remedy)


def _nothing_in(layer: LayerName, summary: str) -> Finding:
    return gate_finding("empty", layer=layer, summary=summary, remedy="leave it out, or export it again with its rows")


def _not_measured(layer: LayerName, answer: object) -> Finding:
    summary = answer.reason if isinstance(answer, Unmeasured) else "the layer was not read to its end"
    remedy = "export the layer again; if that does not help, report it"
    return gate_finding("not-measured", layer=layer, summary=summary, remedy=remedy)


def _ended_early(layer: LayerName, facts: LayerFacts) -> Finding:
    of = f" of {facts.claimed:,}" if facts.claimed is not None else ""
    return gate_finding(
        "ended-early",
        layer=layer,
        summary=f"the layer was read until a denial was certain, {facts.rows:,}{of} rows; counts are at least",
        remedy="repair what the other findings name and submit again; then all rows are read",
    )


def _impossible(layer: LayerName, vertices: int) -> Finding:
    return gate_finding(
        "impossible-position",
        layer=layer,
        summary="positions are not finite, or not on the Earth as the reference system has it",
        remedy="correct the reference system or these positions; longitudes go from -180 to 180",
        counts=(Count(what="vertices", value=vertices),),
    )


def _no_reference(layer: LayerName) -> Finding:
    remedy = "declare it in the file, or state it with --assume-crs, which the ledger keeps"
    summary = "the layer has no coordinate reference system"
    return gate_finding("no-reference", layer=layer, summary=summary, remedy=remedy)


def _unpublished_reference(layer: LayerName) -> Finding:
    summary = "the layer's coordinate reference system is not one that an authority publishes"
    remedy = "reproject the layer to a published one, for example: gdf.to_crs(4326)"
    return gate_finding("unpublished-reference", layer=layer, summary=summary, remedy=remedy)


def parse_crs(text: str) -> pyproj.CRS | None:
    """Read the reference that a requester states.

    Raises: UsageError when PROJ does not know it.
    """
    if not text:
        return None
    import pyproj

    try:
        crs = published(pyproj.CRS.from_user_input(text))
    except pyproj.exceptions.CRSError as error:
        raise UsageError("that is no coordinate reference system", hint="for example EPSG:4326") from error
    if crs is None:
        raise UsageError("no authority publishes that coordinate reference system", hint="for example EPSG:4326")
    return crs
