"""DuckDB with its spatial extension, which joins with an operator of its own (SPATIAL_JOIN)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from benchmarks.question import Pairs

if TYPE_CHECKING:
    from benchmarks.question import Ints, Question

EXTENSION = "spatial.duckdb_extension"


def load_spatial(connection: Any) -> None:
    """Load the extension that is installed as a Python package, or else the one that DuckDB itself has.

    Raises: duckdb.Error where there is none.
    """
    package = importlib.util.find_spec("duckdb_ext")
    folders = package.submodule_search_locations if package else None
    files = [path for folder in folders or () for path in Path(folder).rglob(EXTENSION)]
    connection.execute(f"LOAD '{files[0]}'" if files else "LOAD spatial")


def available() -> bool:
    """Tell whether the extension is there."""
    try:
        with duckdb.connect() as connection:
            load_spatial(connection)
    except duckdb.Error:
        return False
    return True


class DuckDB:
    """A connection in memory."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._connection: Any = duckdb.connect()
        load_spatial(self._connection)
        self._connection.execute(f"SET threads = {question.threads}")

    def counts(self) -> Ints:
        """Count the pairs of each zone."""
        found = self._connection.execute(
            f"SELECT z.zone, count(*) AS n {self._join('false')} GROUP BY z.zone"
        ).fetchnumpy()
        counts = np.zeros(self._question.zone_count, np.int64)
        counts[found["zone"]] = found["n"]
        return counts

    def pairs(self) -> Pairs:
        """Take DuckDB's own numbers of the rows."""
        found = self._connection.execute(
            f"SELECT p.file_row_number AS number, z.zone {self._join('true')}"
        ).fetchnumpy()
        return Pairs(row=found["number"].astype(np.int64), zone=found["zone"].astype(np.int64))

    def _join(self, numbered: str) -> str:
        condition = "ST_Intersects(p.geometry, z.geometry)"
        if self._question.within_m:
            condition = f"ST_DWithin(p.geometry, z.geometry, {self._question.within_m!r})"
        return (
            f"FROM read_parquet('{self._question.planar_layer}', file_row_number = {numbered}) p "
            f"JOIN read_parquet('{self._question.planar_zones}') z ON {condition}"
        )
