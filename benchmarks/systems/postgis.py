"""PostGIS, where the environment (PGHOST and so on) leads to a PostgreSQL server that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import psycopg
import psycopg.sql
import pyarrow.parquet as pq

from benchmarks.question import GEOMETRY, Pairs

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.question import Ints, Question

BATCH_ROWS = 65_536


def available() -> bool:
    """Tell whether there is a server that knows PostGIS."""
    try:
        with psycopg.connect("", connect_timeout=2) as connection:
            found = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'").fetchone()
    except psycopg.Error:
        return False
    return found is not None


class PostGIS:
    """Tables of this session, loaded and indexed before the query: a database does not read the files each time."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._connection = psycopg.connect("", autocommit=True)
        self._connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        self._connection.execute(
            "SELECT set_config('max_parallel_workers_per_gather', %s, false)", [_workers(question)]
        )
        self._load("p", question.planar_layer)
        self._load("z", question.planar_zones)
        self._connection.execute("CREATE INDEX ON z USING gist (geometry)")
        self._connection.execute("ANALYZE z")
        self._connection.execute("ANALYZE p")

    def counts(self) -> Ints:
        """Count the pairs of each zone."""
        if self._question.within_m:
            found = self._connection.execute(
                "SELECT z.number, count(*) FROM p JOIN z ON ST_DWithin(p.geometry, z.geometry, %s) GROUP BY z.number",
                [self._question.within_m],
            ).fetchall()
        else:
            found = self._connection.execute(
                "SELECT z.number, count(*) FROM p JOIN z ON ST_Intersects(p.geometry, z.geometry) GROUP BY z.number"
            ).fetchall()
        counts = np.zeros(self._question.zone_count, np.int64)
        for zone, count in found:
            counts[zone] = count
        return counts

    def pairs(self) -> Pairs | None:
        """Find none: the counts are compared."""
        return None

    def _load(self, table: str, path: Path) -> None:
        name = psycopg.sql.Identifier(table)
        self._connection.execute(psycopg.sql.SQL("CREATE TEMP TABLE {} (number int, geometry geometry)").format(name))
        with (
            pq.ParquetFile(path) as file,
            self._connection.cursor() as cursor,
            cursor.copy(psycopg.sql.SQL("COPY {} FROM STDIN").format(name)) as copy,
        ):
            first = 0
            for batch in file.iter_batches(BATCH_ROWS, columns=[GEOMETRY]):
                for number, value in enumerate(batch.column(0).to_pylist(), start=first):
                    copy.write_row((number, value.hex()))
                first += batch.num_rows


def _workers(question: Question) -> str:
    # The one that leads works as well.
    return str(question.threads - 1)
