"""Measure all layers of a dataset by the engine that was chosen."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from geogate.gate.engine import EngineName
from geogate.gate.passes import alive, endings_of, local_passes, tools_for
from geogate.measures.source import SplitSource
from geogate.readers import open_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyproj

    from geogate.engines.spark import SparkDataset
    from geogate.gate.examine import Question
    from geogate.gate.opening import Opened
    from geogate.gate.passes import Means, Passes
    from geogate.measures.measure import LayerPass, MeasureId
    from geogate.measures.source import LayerSchema, Source
    from geogate.measures.tools import Tools


@contextmanager
def passes_over(opened: Opened, *, size: int, question: Question, means: Means) -> Iterator[Passes]:
    """Make ready to measure the layers of a dataset; Spark, if it is begun for this, ends with the block.

    Layers that cannot be read in parts are measured on this machine by either engine.

    Units: ``size`` in bytes.
    Raises: ServiceError when Spark does not begin, UsageError when it runs under another master.
    """
    tools = tools_for(size, zone_lists=question.zone_lists, indexes=means.indexes)
    local = local_passes(means, tools=tools, endings=endings_of(question.policy, question.zone_lists))
    in_parts = any(isinstance(layer.source, SplitSource) for layer in opened.layers)
    if means.engine.name is EngineName.LOCAL or not in_parts:
        yield local
        return
    from geogate.engines.spark import spark_dataset

    with spark_dataset(
        means.engine.master, opener=open_dataset, on_rows=means.progress.on_rows, tools=tools
    ) as dataset:
        yield _spark_passes(opened, dataset, local, tools)


def _spark_passes(opened: Opened, dataset: SparkDataset, local: Passes, tools: Tools) -> Passes:
    """Register every layer before the first is measured, so that one job can measure many."""
    found: set[MeasureId] = set()
    registered: dict[tuple[int, str], LayerPass] = {
        (id(layer.source), layer.schema.name): alive(
            dataset.layer(layer.source, layer.schema, layer.crs), tools=tools, found=found
        )
        for layer in opened.layers
        if isinstance(layer.source, SplitSource)
    }

    def make(source: Source, layer: LayerSchema, crs: pyproj.CRS, /) -> LayerPass:
        return registered.get((id(source), layer.name)) or local(source, layer, crs)

    return make
