"""polars-st: GEOS for polars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import polars_st as st

from benchmarks.question import Pairs

if TYPE_CHECKING:
    from benchmarks.question import Ints, Question


class PolarsST:
    """A lazy plan from both files to the counts."""

    def __init__(self, question: Question) -> None:
        self._question = question

    def counts(self) -> Ints:
        """Count the pairs of each zone."""
        found = self._joined().group_by("zone").len().collect()
        counts = np.zeros(self._question.zone_count, np.int64)
        counts[found["zone"].to_numpy()] = found["len"].to_numpy()
        return counts

    def pairs(self) -> Pairs:
        """Give the rows their numbers while they are read."""
        found = self._joined().select("number", "zone").collect()
        return Pairs(row=found["number"].to_numpy().astype(np.int64), zone=found["zone"].to_numpy().astype(np.int64))

    def _joined(self) -> Any:
        rows = pl.scan_parquet(self._question.planar_layer, row_index_name="number")
        zones = pl.scan_parquet(self._question.planar_zones)
        rows = rows.select("number", geometry=st.from_wkb("geometry"))
        zones = zones.select("zone", geometry=st.from_wkb("geometry"))
        if self._question.within_m:
            return rows.st.sjoin(zones, on="geometry", predicate="dwithin", distance=self._question.within_m)
        return rows.st.sjoin(zones, on="geometry", predicate="intersects")
