"""SedonaDB, the single-node engine of Apache Sedona."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import sedonadb

if TYPE_CHECKING:
    from benchmarks.question import Ints, Pairs, Question


class SedonaDB:
    """A context with both files as views; it has as many threads as the process has cores."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._context = sedonadb.connect()

    def counts(self) -> Ints:
        """Count the pairs of each zone."""
        condition = "ST_Intersects(p.geometry, z.geometry)"
        if self._question.within_m:
            condition = f"ST_DWithin(p.geometry, z.geometry, {self._question.within_m!r})"
        self._context.read_parquet(str(self._question.planar_layer)).to_view("p", overwrite=True)
        self._context.read_parquet(str(self._question.planar_zones)).to_view("z", overwrite=True)
        found = pa.table(
            self._context.sql(f"SELECT z.zone AS zone, count(*) AS n FROM p JOIN z ON {condition} GROUP BY z.zone")  # noqa: S608 own words
        )
        counts = np.zeros(self._question.zone_count, np.int64)
        counts[found.column("zone").to_numpy()] = found.column("n").to_numpy()
        return counts

    def pairs(self) -> Pairs | None:
        """Find none: the rows of a file have no numbers in SedonaDB."""
        return None
