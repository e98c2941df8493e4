"""What changes layers in a child process, which is where files are read; it must not decide.

The child writes the changed layers as it writes any canonical encoding, and says nothing but the names of the files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from geogate.gate.opening import OpenedLayer
from geogate.gate.reading import OPENED, EncodedReport, encode_dataset
from geogate.remedies.source import ChangedSource, ChangedTable
from geogate.seal.csv import Delimited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geogate.gate.opening import Opened
    from geogate.measures.source import Source
    from geogate.measures.tools import Tools
    from geogate.model.dataset import Format
    from geogate.model.names import LayerName
    from geogate.remedies.changes import Change
    from geogate.sandbox import Inside


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerChanges:
    """The changes of a layer, by its name within the dataset."""

    layer: LayerName
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How the result is written."""

    shapefile_as: Format
    tools: Tools
    workers: int


def encode_changed(inside: Inside, orders: Sequence[LayerChanges], writing: Writing) -> EncodedReport:
    """Write geogate's own encoding of what was opened, with the layers changed."""
    opened: Opened = inside.kept[OPENED]
    by_layer = {order.layer: order.changes for order in orders}
    sources: dict[int, Source] = {}
    for source in opened.sources:
        own = {each.schema.name: each for each in opened.layers if each.source is source}
        sources[id(source)] = _changed(source, own, by_layer, writing.tools)
    layers = tuple(
        OpenedLayer(layer.name, sources[id(layer.source)], layer.schema, layer.crs) for layer in opened.layers
    )
    inside.kept[OPENED] = replace(opened, sources=tuple(sources.values()), layers=layers)
    return encode_dataset(inside, writing.shapefile_as, kernels=writing.tools.kernels, workers=writing.workers)


def _changed(
    source: Source, layers: Mapping[str, OpenedLayer], changes: Mapping[LayerName, tuple[Change, ...]], tools: Tools
) -> Source:
    own = {name: changes[layer.name] for name, layer in layers.items() if changes.get(layer.name)}
    if not own:
        return source
    crs = {name: layer.crs for name, layer in layers.items()}
    kind = ChangedTable if isinstance(source, Delimited) else ChangedSource
    return kind(source=source, changes=own, crs=crs, tools=tools)
