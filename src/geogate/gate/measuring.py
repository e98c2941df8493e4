"""Measure all layers of a dataset by the engine that was chosen."""

from __future__ import annotations

import importlib
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from geogate.gate.engine import EngineName
from geogate.gate.inspection import inspected, inspected_here, readers
from geogate.gate.passes import alive, endings_of, local_passes, tools_for
from geogate.gate.reading import OPENED, PASSES, Order
from geogate.measures.source import SplitSource
from geogate.model.errors import PolicyError, ServiceError
from geogate.model.isolation import IsolationLevel
from geogate.readers import open_dataset
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import pyproj

    from geogate.engines.spark import SparkDataset
    from geogate.gate.examine import Question, Subject
    from geogate.gate.here import Here
    from geogate.gate.inspection import Inspection
    from geogate.gate.opening import Opened
    from geogate.gate.passes import Means, Passes
    from geogate.measures.measure import LayerPass, MeasureId
    from geogate.measures.source import LayerSchema, Source
    from geogate.measures.tools import Tools
    from geogate.policy.policy import Policy


@contextmanager
def opened_for(subject: Subject, *, question: Question, means: Means) -> Iterator[Inspection]:
    """Open the files of a subject in a child that is isolated as the policy demands, ready to be measured.

    Spark, if it is begun for this, ends with the block.

    Raises: PolicyError when the policy demands isolation, which Spark's executors do not have; ServiceError when this
        machine cannot isolate readers so, or Spark does not begin; UsageError when it runs under another master.
    """
    tools = tools_for(subject.size, zone_lists=question.zone_lists, indexes=means.indexes)
    if question.recall is not None:
        tools = replace(tools, pepper=question.recall.pepper)
    order = Order(
        files=tuple((name, name) for name in subject.files.values()),
        assume_crs=question.assume_crs,
        as_is=subject.as_is,
        tools=tools,
        endings=endings_of(question.policy, question.zone_lists),
    )
    opening: AbstractContextManager[Inspection]
    if means.engine.name is EngineName.SPARK:
        require_none(question.policy)
        opening = _on_spark(order, subject, question=question, means=means)
    else:
        with suppress(ServiceError):
            # What is wrong is said when they are needed.
            readers(tools)
        # Loads Great Expectations, which takes as long, while the readers' libraries are loaded.
        importlib.import_module("geogate.suites.judge")
        keep_indexes(question, tools)
        opening = inspected(
            order,
            subject.files,
            minimum=question.policy.isolation,
            on_rows=means.progress.on_rows,
            indexes=tools.indexes if tools.kernels else None,
        )
    with opening as inspection:
        yield inspection


def require_none(policy: Policy) -> None:
    """Refuse Spark under a policy that demands isolation: executors read files in processes of Spark's own.

    Raises: PolicyError.
    """
    if policy.isolation is not IsolationLevel.NONE:
        raise PolicyError(
            f"policy {policy.name} demands that readers are isolated, and Spark's executors are not",
            hint="measure on this machine, or isolate the executors and let the policy say: isolation: none",
        )


def keep_indexes(question: Question, tools: Tools) -> None:
    """Compile the zone lists that are not compiled yet: a child cannot keep what it compiles.

    Raises: PolicyError, ServiceError as ``CompiledIndex.open``.
    """
    if not tools.kernels or tools.indexes is None:
        return
    from geogate.zones.compiled import CompiledIndex

    for use in question.policy.rules:
        for measure in registered()[use.expectation].measures(use.params, question.zone_lists):
            zone_list, buffer_m = getattr(measure, "zone_list", None), getattr(measure, "buffer_m", None)
            if zone_list is not None and buffer_m is not None:
                CompiledIndex.open(zone_list, buffer_m=buffer_m, folder=tools.indexes).verified()


@contextmanager
def _on_spark(order: Order, subject: Subject, *, question: Question, means: Means) -> Iterator[Inspection]:
    with inspected_here(order, subject.files, on_rows=means.progress.on_rows) as inspection:
        kept = cast("Here", inspection.child).kept
        opened: Opened | None = kept.get(OPENED)
        if opened is None:
            yield inspection
            return
        with passes_over(opened, question=question, means=means, tools=order.tools) as passes:
            kept[PASSES] = passes
            yield inspection


@contextmanager
def passes_over(opened: Opened, *, question: Question, means: Means, tools: Tools) -> Iterator[Passes]:
    """Make ready to measure the layers of a dataset on Spark, which ends with the block if it is begun for this.

    Layers that cannot be read in parts are measured on this machine.

    Raises: ServiceError when Spark does not begin, UsageError when it runs under another master.
    """
    local = local_passes(means, tools=tools, endings=endings_of(question.policy, question.zone_lists))
    if not any(isinstance(layer.source, SplitSource) for layer in opened.layers):
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
