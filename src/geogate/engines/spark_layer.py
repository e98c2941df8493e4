"""A layer on its way through Spark: what executors are told of it, and facts from what they answer if that is whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from geogate.engines.spark_answers import values_of
from geogate.engines.spark_work import SAME, SharedCRS, SharedLayer, identity
from geogate.measures.measure import LayerFacts
from geogate.measures.source import UnreadableError
from geogate.model.errors import InputError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyproj

    from geogate.engines.spark_answers import Answer
    from geogate.engines.spark_work import Run
    from geogate.measures.measure import Measure, Measurement, Unmeasured
    from geogate.measures.source import LayerSchema, Part, SplitSource


@dataclass(frozen=True, slots=True)
class CutLayer:
    """A layer of an opened source, cut into parts; to be measured in the reference system ``crs``."""

    source: SplitSource
    schema: LayerSchema
    crs: pyproj.CRS
    parts: tuple[Part, ...]

    def size(self) -> int:
        """Return the bytes of the file.

        Raises: InputError.
        """
        try:
            return self.source.path.stat().st_size
        except OSError as error:
            raise _gone(self.schema) from error

    def shared(self) -> SharedLayer:
        """Say what an executor needs to read the layer.

        Raises: InputError.
        """
        try:
            # A layer may be registered by a path that is relative to where the driver happens to run.
            path = self.source.path.absolute()
            return SharedLayer(
                path=path,
                number=self.source.layers.index(self.schema),
                schema=replace(self.schema, crs=None),
                crs=SharedCRS.of(self.crs),
                identity=identity(path),
            )
        except OSError as error:
            raise _gone(self.schema) from error

    def facts(self, answer: Answer | None, *, runs: Sequence[Run], measures: Sequence[Measure[Any]]) -> LayerFacts:
        """Make facts of the merged answer about all runs of the layer.

        Raises: UnreadableError when the rows could not be read to the end, or are not as many as the file claims;
            ServiceError when an executor was not fit, or anything is missing from the answer or too much in it.
        """
        if answer is not None and answer.trouble:
            raise ServiceError(answer.trouble, hint=SAME)
        answered = [] if answer is None else [each.run for each in answer.runs]
        if answered != [run.number for run in runs]:
            raise ServiceError("Spark did not answer for each part exactly once", hint="no verdict was reached")
        if answer is None:
            return self._whole(0, {measure.id: measure.empty() for measure in measures})
        if answer.unreadable is not None:
            refusal = answer.unreadable
            raise UnreadableError(refusal.summary, remedy=refusal.remedy, layer=refusal.layer)
        read = [each.rows for each in answer.runs]
        if read != [tuple(part.rows for part in run.parts) for run in runs]:
            raise UnreadableError(
                "a part of the layer has other rows than the file claims", remedy=_REMEDY, layer=self.schema.name
            )
        return self._whole(sum(map(sum, read)), values_of(answer, measures))

    def _whole(self, rows: int, values: dict[Any, Measurement | Unmeasured]) -> LayerFacts:
        if self.schema.rows is not None and rows != self.schema.rows:
            raise UnreadableError(
                f"{rows} rows were read where the file claims {self.schema.rows}",
                remedy=_REMEDY,
                layer=self.schema.name,
            )
        return LayerFacts(rows=rows, values=values, claimed=self.schema.rows)


_REMEDY = "export the file again; it is damaged or was cut short"


def _gone(schema: LayerSchema) -> InputError:
    return InputError(f"the file of layer {schema.name!r} cannot be read any more")
