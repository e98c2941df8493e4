"""The systems by name: how they are called in the report, where they are, and whether they are installed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from benchmarks.question import Question, System


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One system. ``package`` is what must be installed, and whose version the report names."""

    label: str
    module: str
    name: str
    package: str
    needs: str

    def installed(self) -> bool:
        """Tell whether it can be run here."""
        if find_spec(self.needs) is None:
            return False
        module = importlib.import_module(f"benchmarks.systems.{self.module}") if self.module in _ASKED else None
        return module is None or bool(module.available())

    def version(self) -> str:
        """Return the package's version."""
        return metadata.version(self.package)

    def made(self, question: Question) -> System:
        """Import the system, and give it the question."""
        module: Any = importlib.import_module(f"benchmarks.systems.{self.module}")
        system: System = getattr(module, self.name)(question)
        return system


_ASKED: Final = ("postgis", "duckdb_spatial")
"""Modules whose ``available`` says more than that a package is there."""

BARE: Final = "bare"
OURS: Final = "geogate"

SYSTEMS: Final = {
    BARE: Entry(label="bare pyarrow read", module="bare", name="BareRead", package="pyarrow", needs="pyarrow"),
    OURS: Entry(label="geogate", module="ours", name="Geogate", package="geogate", needs="geogate"),
    "duckdb": Entry(label="DuckDB spatial", module="duckdb_spatial", name="DuckDB", package="duckdb", needs="duckdb"),
    "sedonadb": Entry(label="SedonaDB", module="sedona", name="SedonaDB", package="sedonadb", needs="sedonadb"),
    "polars-st": Entry(
        label="polars-st", module="polars_spatial", name="PolarsST", package="polars-st", needs="polars_st"
    ),
    "strtree": Entry(label="shapely STRtree", module="strtree", name="STRtree", package="shapely", needs="shapely"),
    "geopandas": Entry(
        label="geopandas.sjoin", module="geopandas_sjoin", name="SpatialJoin", package="geopandas", needs="geopandas"
    ),
    "postgis": Entry(label="PostGIS", module="postgis", name="PostGIS", package="psycopg", needs="psycopg"),
}

PEERS: Final = tuple(name for name in SYSTEMS if name not in (BARE, OURS))


def installed(names: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out the systems that are not installed."""
    return tuple(name for name in names if SYSTEMS[name].installed())
