"""A pass over a Spark table: its geometry column is WKB, Spark's own geometry, or Apache Sedona's.

A table has no bytes that could be cleared: this measures rows before they are written, and what leaves is a file that
is measured again. The rows of a table have no order, so that reasons count rows within a partition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from geogate.engines.spark_answers import ANSWERS, Answer, RunRows, found_by, sent, values_of
from geogate.engines.spark_job import Job
from geogate.engines.spark_session import spark_failures
from geogate.engines.spark_task import crs_of, one_core, unfit
from geogate.engines.spark_tools import received_tools, shared_tools
from geogate.engines.spark_work import SAME, SharedCRS, TableWork, library_versions
from geogate.engines.worker import Failure, Worker
from geogate.measures.batch import LayerBatch
from geogate.measures.measure import LayerFacts
from geogate.measures.published import published
from geogate.measures.tools import PLAIN, Tools
from geogate.model.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    import pyproj
    from pyspark.sql import DataFrame

    from geogate.measures.measure import Measure

SEDONA: Final = "org.apache.spark.sql.sedona_sql.UDT.GeometryUDT"
"""Sedona's geometry column, by the name of its class in Scala."""

_ASSUME: Final = "say which with crs=, for example EPSG:4326"


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePass:
    """A ``LayerPass`` over the rows of a DataFrame, as ``table_pass`` makes it; ``geometry`` holds WKB.

    Raises: ServiceError when Spark fails, or an executor is not fit; PolicyError when a zone list cannot be compiled.
    """

    frame: DataFrame
    geometry: str
    crs: pyproj.CRS
    tools: Tools = PLAIN

    def __call__(self, measures: Sequence[Measure[Any]], /) -> LayerFacts:
        """Answer all measures from one pass."""
        session = self.frame.sparkSession
        work = TableWork(
            measures=tuple(measures),
            tools=shared_tools(session, measures, self.tools),
            versions=library_versions(),
            geometry=self.geometry,
            crs=SharedCRS.of(self.crs),
        )
        try:
            tasks = max(self.frame.rdd.getNumPartitions(), 1)
        except spark_failures() as error:
            raise ServiceError("Spark cannot plan how to read the table") from error
        answers = Job(session=session, work=work, tasks=tasks).run(
            lambda sent: self.frame.mapInArrow(MeasurePartition(sent), ANSWERS)
        )
        return _facts(answers.get(0), work)


def table_pass(frame: DataFrame, *, geometry: str, crs: pyproj.CRS | None = None, tools: Tools = PLAIN) -> TablePass:
    """Make the pass over a table, in the reference system of its geometry column or, if that has none, in ``crs``.

    Raises: UsageError when the column is missing or holds no geometry that can be measured, when its reference system
        is not known or not published, or when Sedona's functions are not registered.
    """
    if frame.columns.count(geometry) != 1:
        raise UsageError("the table has no such geometry column, or more than one", hint="name one column")
    kind = frame.schema[geometry].dataType
    stated = _reference(kind, crs)
    system = published(stated)
    if system is None:
        raise UsageError("no authority publishes that reference system", hint=_ASSUME)
    try:
        wkb = frame.withColumn(geometry, _wkb(frame[geometry], kind))
    except spark_failures() as error:
        raise UsageError(
            "Spark cannot turn the geometry column into WKB", hint="for Sedona: SedonaContext.create(session)"
        ) from error
    return TablePass(frame=wkb, geometry=geometry, crs=system, tools=tools)


def _wkb(column: Any, kind: Any) -> Any:
    from pyspark.sql import functions
    from pyspark.sql.types import BinaryType

    return column if isinstance(kind, BinaryType) else functions.call_function("ST_AsBinary", column)


def _reference(kind: Any, stated: pyproj.CRS | None) -> pyproj.CRS:
    """Find the reference system of a geometry column.

    Raises: UsageError.
    """
    own = own_reference(kind)
    if own is not None and stated is not None and not own.equals(stated, ignore_axis_order=True):
        raise UsageError("the table states another reference system", hint="leave crs= away")
    found = own or stated
    if found is None:
        raise UsageError("the geometry column does not say which reference system it has", hint=_ASSUME)
    return found


def own_reference(kind: Any) -> pyproj.CRS | None:
    """Return the reference system that a type states, ``None`` where it states none.

    Raises: UsageError for a type that is no geometry, or whose rows may differ.
    """
    import pyproj
    from pyspark.sql.types import BinaryType, UserDefinedType

    if isinstance(kind, BinaryType):
        return None
    if isinstance(kind, UserDefinedType) and kind.scalaUDT() == SEDONA:
        return None
    name = type(kind).__name__
    if name == "GeographyType":
        raise UsageError("the edges of a GEOGRAPHY are not planar", hint="densify the lines; make a GEOMETRY of them")
    if name != "GeometryType":
        raise UsageError("the column holds no geometry", hint="WKB, GEOMETRY, or the geometry of Apache Sedona")
    if kind.srid < 0:
        raise UsageError("each row has a reference system of its own", hint="bring all rows into one, ST_SetSrid")
    return pyproj.CRS.from_epsg(kind.srid) if kind.srid else None


@dataclass(frozen=True, slots=True)
class MeasurePartition:
    """Measures the rows of one partition, for ``mapInArrow``; ``work`` is Spark's broadcast of the ``TableWork``."""

    work: Any

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Give one answer."""
        from pyspark import TaskContext

        one_core()
        work: TableWork = self.work.value
        trouble = unfit(work, work.crs)
        if trouble:
            yield sent([Answer(layer=0, trouble=trouble)])
            return
        tools = received_tools(work.tools)
        worker = Worker(work.measures, tools)
        for batch in batches:
            worker.add(_layer_batch(batch, work, first_row=worker.rows))
        partition = TaskContext.get().partitionId()
        found = tuple(
            replace(each, reason=f"in partition {partition}: {each.reason}") if isinstance(each, Failure) else each
            for each in found_by(worker, work.measures)
        )
        runs = (RunRows(run=partition, rows=(worker.rows,)),)
        yield sent([Answer(layer=0, runs=runs, found=found, kernels=tools.kernels)])


def _layer_batch(batch: pa.RecordBatch, work: TableWork, *, first_row: int) -> LayerBatch:
    import pyarrow as pa

    wkb = batch.column(work.geometry).cast(pa.binary())
    others = [name for name in batch.schema.names if name != work.geometry]
    return LayerBatch(wkb=wkb, attributes=batch.select(others), crs=crs_of(work.crs), first_row=first_row)


def _facts(answer: Answer | None, work: TableWork) -> LayerFacts:
    """Make facts of the merged answer of all partitions.

    Raises: ServiceError.
    """
    if answer is None:
        return LayerFacts(rows=0, values={measure.id: measure.empty() for measure in work.measures})
    if answer.trouble:
        raise ServiceError(answer.trouble, hint=SAME)
    partitions = [each.run for each in answer.runs]
    if len(set(partitions)) != len(partitions):
        raise ServiceError("Spark measured a partition twice", hint="no verdict was reached")
    values = values_of(answer, work.measures)
    return LayerFacts(rows=sum(sum(each.rows) for each in answer.runs), values=values)
