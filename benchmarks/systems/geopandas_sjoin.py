"""geopandas.sjoin, as most people would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from benchmarks.question import Pairs

if TYPE_CHECKING:
    from benchmarks.question import Ints, Question


class SpatialJoin:
    """Reads all rows into memory, then joins."""

    def __init__(self, question: Question) -> None:
        self._question = question

    def counts(self) -> Ints:
        """Count the pairs of each zone."""
        return np.bincount(self._joined()["zone"], minlength=self._question.zone_count).astype(np.int64)

    def pairs(self) -> Pairs:
        """Take the index of the join for the numbers of the rows."""
        joined = self._joined()
        return Pairs(row=joined.index.to_numpy(np.int64), zone=joined["zone"].to_numpy(np.int64))

    def _joined(self) -> Any:
        rows = gpd.read_parquet(self._question.planar_layer, columns=["geometry"])
        zones = gpd.read_parquet(self._question.planar_zones)
        if self._question.within_m:
            return gpd.sjoin(rows, zones, predicate="dwithin", distance=self._question.within_m)
        return gpd.sjoin(rows, zones, predicate="intersects")
