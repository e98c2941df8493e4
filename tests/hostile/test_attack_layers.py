"""Positions that are spread over the layers of a dataset, on their way through the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pytest
import shapely
from gating.place import columns, destination, precision, zones

from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

ROWS = 60
COARSE = np.stack([8 + np.arange(ROWS) % 10 / 10, 47 + np.arange(ROWS) // 10 / 10], axis=1)
RNG = np.random.default_rng(3)
LON, LAT = 20.5 + RNG.uniform(0, 0.01, ROWS), 20.6 + RNG.uniform(0, 0.01, ROWS)


def rules(*declared: dict[str, Any], undeclared: str = "harmless") -> list[dict[str, Any]]:
    return [precision("precision", 100, ">="), zones(), destination(), columns(undeclared, declared=declared)]


def staged(gate: Gate, **layers: dict[str, Any]) -> Path:
    folder = gate.staged / "data"
    folder.mkdir()
    for name, attributes in layers.items():
        frame = geopandas.GeoDataFrame(attributes, geometry=shapely.points(COARSE), crs="EPSG:4326")
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


def test_longitudes_in_one_file_and_latitudes_in_the_other_are_held(gate: Gate) -> None:
    gate.policies.write_policy(rules())
    verdict = gate.screen(staged(gate, one={"p": LON.round(6)}, two={"q": 30 + LAT.round(6)}))
    assert verdict.decision is Decision.HOLD
    found = {(finding.layer, finding.rule, finding.summary.rpartition(": ")[2]) for finding in verdict.findings}
    assert found == {("one.parquet", "columns", "p"), ("two.parquet", "columns", "q")}


def test_one_of_them_alone_is_a_number(gate: Gate) -> None:
    gate.policies.write_policy(rules())
    verdict = gate.screen(staged(gate, one={"p": LON.round(6)}, two={"q": np.arange(ROWS) % 7}))
    assert (verdict.decision, verdict.findings) == (Decision.CLEAR, ())


def test_what_is_declared_is_the_policys_matter(gate: Gate) -> None:
    number = {"name": "?", "holds": "number"}
    gate.policies.write_policy(rules(number))
    assert gate.screen(staged(gate, one={"p": LON}, two={"q": 30 + LAT})).decision is Decision.CLEAR


@pytest.mark.parametrize("undeclared", ["readable"])
def test_a_policy_that_lets_all_numbers_go_lets_these_go(gate: Gate, undeclared: str) -> None:
    gate.policies.write_policy(rules(undeclared=undeclared))
    assert gate.screen(staged(gate, one={"p": LON}, two={"q": 30 + LAT})).decision is Decision.CLEAR
