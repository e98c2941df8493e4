"""Positions in columns on their way through the gate: judged like geometries, and held where nobody can tell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pytest
import shapely
from gating.place import columns, destination, inventory, precision, zones

from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

ROWS = 60
COARSE = np.stack([8 + np.arange(ROWS) % 10 / 10, 47 + np.arange(ROWS) // 10 / 10], axis=1)
"""Places on a tenth of a degree, far from the zone."""

INSIDE = np.stack([20.4 + np.arange(ROWS) * 1e-5, 20.6 - np.arange(ROWS) * 1e-5], axis=1).round(6)
"""Places within the zone."""


@pytest.fixture(autouse=True)
def _coarse_policy(gate: Gate) -> None:
    gate.policies.write_policy([precision("precision", 100, ">="), zones(), destination(), columns(), inventory()])


def staged(gate: Gate, name: str = "data.parquet", *, geometries: Any = COARSE, **attributes: Any) -> Path:
    path = gate.staged / name
    frame = geopandas.GeoDataFrame(attributes, geometry=shapely.points(geometries), crs="EPSG:4326")
    frame.to_parquet(path)
    return path


def rules_of(verdict: Any) -> set[tuple[str, str]]:
    return {(str(finding.rule), str(finding.layer).rpartition(".parquet")[2]) for finding in verdict.findings}


def finer(seed: int = 1) -> Any:
    return (COARSE + np.random.default_rng(seed).uniform(-0.04, 0.04, COARSE.shape)).round(6)


def test_a_layer_with_harmless_columns_clears(gate: Gate) -> None:
    verdict = gate.screen(staged(gate, kind=["a", "b"] * 30, count=np.arange(ROWS) % 7))
    assert (verdict.decision, verdict.findings) == (Decision.CLEAR, ())
    observed = {str(check.rule): check.observed for check in verdict.checks}
    assert observed["columns"] == "2 columns (2 code), 2 not declared"


def test_a_finer_copy_is_denied_by_the_rule_about_precision(gate: Gate) -> None:
    x, y = finer().T
    verdict = gate.screen(staged(gate, temperature=x, humidity=y))
    assert verdict.decision is Decision.DENY
    assert ("precision", "#1") in rules_of(verdict)
    assert [layer.rows for layer in verdict.layers] == [ROWS, ROWS]


def test_a_coarse_copy_is_judged_and_clears(gate: Gate) -> None:
    x, y = COARSE.T
    verdict = gate.screen(staged(gate, label_lon=(x + 0.01).round(2), label_lat=y))
    assert (verdict.decision, len(verdict.layers)) == (Decision.CLEAR, 2)


def test_named_positions_in_a_zone_are_denied_by_the_rule_about_zones(gate: Gate) -> None:
    x, y = INSIDE.T
    gate.policies.write_policy([zones(), destination(), columns()])
    verdict = gate.screen(staged(gate, owner_lon=x, owner_lat=y))
    assert ("zones", "#1") in rules_of(verdict)


def test_positions_in_texts_are_judged_in_zones_too(gate: Gate) -> None:
    gate.policies.write_policy([zones(), destination(), columns()])
    verdict = gate.screen(staged(gate, note=[f"seen at {y:.5f}, {x:.5f}" for x, y in INSIDE]))
    assert verdict.decision is Decision.DENY
    assert ("zones", "#1") in rules_of(verdict)


def test_unrelated_numbers_with_digits_enough_are_held_until_somebody_declares_them(gate: Gate) -> None:
    x, y = INSIDE.T
    path = staged(gate, alpha=x, beta=y)
    verdict = gate.screen(path)
    assert (verdict.decision, rules_of(verdict)) == (Decision.HOLD, {("columns", "")})
    declared = [{"name": name, "holds": "number"} for name in ("alpha", "beta")]
    gate.policies.write_policy([destination(), columns(declared=declared)])
    assert gate.screen(path).decision is Decision.CLEAR


def test_declaring_columns_does_not_switch_the_search_off(gate: Gate) -> None:
    x, y = finer().T
    declared = [{"name": "*", "holds": "number"}]
    gate.policies.write_policy([precision("precision", 100, ">="), destination(), columns(declared=declared)])
    verdict = gate.screen(staged(gate, temperature=x, humidity=y))
    assert {("precision", "#1"), ("columns", "")} <= rules_of(verdict)


def test_too_many_places_where_positions_hide_are_denied(gate: Gate) -> None:
    hidden = {f"{axis}{n}": finer(n)[:, "xy".index(axis)] for n in range(13) for axis in "xy"}
    verdict = gate.screen(staged(gate, **hidden))
    assert ("gate/too-many-carriers", "") in rules_of(verdict)
    assert verdict.decision is Decision.DENY


def test_a_policy_for_rasters_only_does_not_let_derived_positions_pass(gate: Gate) -> None:
    x, y = finer().T
    gate.policies.write_policy([destination(), columns()], kinds=["raster"])
    verdict = gate.screen(staged(gate, temperature=x, humidity=y))
    assert ("gate/kind-not-covered", "#1") in rules_of(verdict)


def test_a_position_in_the_name_of_a_file_is_judged(gate: Gate) -> None:
    verdict = gate.screen(staged(gate, "site 20.51234N 20.61234E.parquet", kind=["a"] * ROWS))
    assert verdict.decision is Decision.DENY
    assert {str(finding.layer) for finding in verdict.findings} == {"names#1"}


def test_the_name_of_a_layer_that_exists_is_not_given_twice(gate: Gate) -> None:
    x, y = finer().T
    folder = gate.staged / "several"
    folder.mkdir()
    for name in ("a.parquet", "a.parquet#1.parquet"):
        frame = geopandas.GeoDataFrame({"p": x, "q": y}, geometry=shapely.points(COARSE), crs="EPSG:4326")
        frame.to_parquet(folder / name)
    verdict = gate.screen(folder)
    names = [layer.name for layer in verdict.layers]
    assert len(names) == len(set(names)) == 4


def test_no_value_of_a_column_is_said_or_kept(gate: Gate) -> None:
    x, y = finer().T
    named: dict[str, Any] = {"47.123456": ["a"] * ROWS}
    done = gate.submit(staged(gate, p=x, q=y, **named))
    with gate.ledger() as ledger:
        facts = "".join(str(entry) for entry in ledger.entries())
    said = json.dumps([str(finding) for finding in done.verdict.findings]) + facts
    assert "47.123456" not in json.dumps([str(finding.summary) for finding in done.verdict.findings])
    assert not any(f"{value:.6f}" in said for value in (*x[:20], *y[:20]))
