"""What readers and writers do in a child process: open, list, measure, encode; every answer can be read strictly.

It must not decide, and it says nothing but values of the types that are declared here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.accounting import parts_as_is
from geogate.gate.derived import DerivedLayer, derived_layers
from geogate.gate.opening import open_files, unreadable
from geogate.gate.passes import Means, local_passes
from geogate.gate.progress import Progress
from geogate.measures.measure import Unmeasured
from geogate.measures.source import UnreadableError
from geogate.model.dataset import FilePart, Format, LayerKind
from geogate.model.document import canonical_json
from geogate.model.errors import GeogateError
from geogate.model.finding import Finding
from geogate.model.names import LayerName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyproj import CRS

    from geogate.engines.ending import Ending
    from geogate.gate.opening import Opened, OpenedLayer
    from geogate.gate.passes import Passes
    from geogate.measures.measure import LayerFacts, Measure, Measurement
    from geogate.measures.source import Source
    from geogate.measures.tools import Tools
    from geogate.sandbox import Inside

OPENED: Final = "opened"
LAYERS: Final = "layers"
PASSES: Final = "passes"
"""What one call leaves to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An error of the product by the name of its class: there is no verdict. No text is from the data."""

    error: str
    summary: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A reader's refusal, word for word."""

    summary: str
    remedy: str
    layer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerReport:
    """What is known of a layer before its pass; ``crs`` is the name of its reference system."""

    name: LayerName
    kind: LayerKind
    rows: int | None
    crs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedReport:
    """The layers that can be judged, in the order of their numbers, the findings about all that cannot, all parts."""

    layers: tuple[LayerReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    parts: tuple[FilePart, ...] = ()
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What a measure found, as JSON text, or why it could not."""

    measure: str
    measurement: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsReport:
    """What a pass found; nothing of it counts where there is a refusal or a trouble."""

    rows: int = 0
    complete: bool = False
    claimed: int | None = None
    facts: tuple[Fact, ...] = ()
    refusal: Refusal | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedReport:
    """The files that were written, by their names in the output; none where there are findings or a trouble."""

    names: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be opened, and how it will be measured.

    ``files`` have a path each, relative to the child's folder, and the name within the dataset.
    """

    files: tuple[tuple[str, str], ...]
    assume_crs: str
    as_is: bool
    tools: Tools
    endings: tuple[Ending, ...] = ()


def open_dataset(inside: Inside, order: Order) -> OpenedReport:
    """Open the files and name their layers and parts; what is opened is kept for the calls that follow."""
    files = {inside.folder / path: name for path, name in order.files}
    try:
        opened = open_files(files, assume_crs=order.assume_crs, scratch=_scratch(inside, "members"))
        if order.as_is:
            parts = parts_as_is(opened, files=files, scratch=_scratch(inside, "again"))
            opened = replace(opened, parts=parts)
    except UnreadableError as error:
        return OpenedReport(findings=(unreadable(error),))
    except GeogateError as error:
        return OpenedReport(trouble=_trouble(error))
    means = Means(progress=Progress(on_rows=inside.progress))
    inside.kept[OPENED] = opened
    inside.kept[LAYERS] = list(opened.layers)
    inside.kept[PASSES] = local_passes(means, tools=order.tools, endings=order.endings)
    return OpenedReport(layers=_reports(opened.layers), findings=opened.findings, parts=opened.parts)


def find_hidden(inside: Inside) -> OpenedReport:
    """Name the layers of positions that hide in the layers that were measured; their numbers go on from those."""
    opened: Opened = inside.kept[OPENED]
    try:
        hidden, findings = derived_layers(opened.layers, names=tuple(opened.names.values()))
    except UnreadableError as error:
        return OpenedReport(findings=(unreadable(error),))
    except GeogateError as error:
        return OpenedReport(trouble=_trouble(error))
    inside.kept[LAYERS] += hidden
    return OpenedReport(layers=_reports(hidden), findings=findings)


def measure(inside: Inside, number: int, measures: Sequence[Measure[Any]]) -> FactsReport:
    """Measure a layer by its number, in one pass."""
    layer: OpenedLayer | DerivedLayer = inside.kept[LAYERS][number]
    passes: Passes = inside.kept[PASSES]
    try:
        return _facts_report(layer.run(measures, passes=passes))
    except UnreadableError as error:
        return FactsReport(refusal=Refusal(summary=error.summary, remedy=error.remedy, layer=error.layer))
    except GeogateError as error:
        return FactsReport(trouble=_trouble(error))


def encode_dataset(inside: Inside, shapefile_as: Format, *, kernels: bool, workers: int) -> EncodedReport:
    """Write geogate's own encoding of what was opened into the output."""
    from geogate.seal.canonical import encode

    opened: Opened = inside.kept[OPENED]
    if inside.output is None:
        raise ValueError("there is no output")
    written: list[Path] = []
    try:
        for folder, sources in _by_folder(opened).items():
            into = inside.output / folder
            into.mkdir(parents=True, exist_ok=True)
            written += encode(
                sources, into=into, shapefile_as=shapefile_as, kernels=kernels, workers=workers, names=opened.names
            )
    except UnreadableError as error:
        return EncodedReport(findings=(unreadable(error),))
    except GeogateError as error:
        return EncodedReport(trouble=_trouble(error))
    return EncodedReport(names=tuple(path.relative_to(inside.output).as_posix() for path in written))


def _by_folder(opened: Opened) -> dict[PurePosixPath, list[tuple[Source, Mapping[str, CRS]]]]:
    """Group sources by their folder within the dataset, because a file's name is its own only within its folder."""
    folders: dict[PurePosixPath, list[tuple[Source, Mapping[str, CRS]]]] = {}
    for source in opened.sources:
        folder = PurePosixPath(opened.names[source.path]).parent
        folders.setdefault(folder, []).append((source, opened.crs_of(source)))
    return folders


def _scratch(inside: Inside, name: str) -> Path:
    if inside.scratch is None:
        raise ValueError("there is no scratch folder")
    folder = inside.scratch / name
    folder.mkdir(exist_ok=True)
    return folder


def _trouble(error: GeogateError) -> Trouble:
    return Trouble(error=type(error).__name__, summary=error.summary, hint=error.hint)


def _reports(layers: Sequence[OpenedLayer | DerivedLayer]) -> tuple[LayerReport, ...]:
    return tuple(
        LayerReport(name=layer.name, kind=layer.schema.kind, rows=layer.schema.rows, crs=layer.summary().crs)
        for layer in layers
    )


def _facts_report(found: LayerFacts) -> FactsReport:
    facts = tuple(_fact(name, value) for name, value in found.values.items())
    return FactsReport(rows=found.rows, complete=found.complete, claimed=found.claimed, facts=facts)


def _fact(name: str, found: Measurement | Unmeasured) -> Fact:
    if isinstance(found, Unmeasured):
        return Fact(measure=name, measurement=None, reason=found.reason)
    return Fact(measure=name, measurement=canonical_json(found))
