"""Remedies under the packs that are shipped: what a pack denies or holds passes once its remedies were carried out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from gating.files import frame

from geogate.gate.remedy import Orders, Remedied, remedy
from geogate.model.verdict import Decision
from geogate.policy.declaration import declaration_of

if TYPE_CHECKING:
    from gating.gate import Gate

PACKS = Path(__file__).parents[2] / "expectations"


@pytest.fixture
def packs(gate: Gate) -> Gate:
    """A gate whose place has the packs, and the test's recipient."""
    own = gate.policies.root
    shutil.copytree(PACKS, gate.root / "packs")
    shutil.copy(own / "recipients.yaml", gate.root / "packs" / "recipients.yaml")
    gate.settings["GEOGATE_POLICIES"] = str(gate.root / "packs")
    return gate


def under(gate: Gate, policy: str, dataset: Path, *declared: str) -> Remedied:
    wish = gate.wish(dataset, policy=policy, declaration=declaration_of(declared))
    return remedy(wish, Orders(output=gate.root / f"result{dataset.suffix}"), house=gate.house())


@pytest.mark.parametrize(
    ("state", "transaction", "coarser_m"),
    [("US-CA", "research", 999), ("US-MD", "sale", 754), ("US-MN", "research", 80)],
)
def test_traces_of_persons_leave_as_laws_of_the_states_ask(
    packs: Gate, state: str, transaction: str, coarser_m: float
) -> None:
    random = np.random.default_rng(3)
    own = frame([*map(tuple, random.uniform([-123, 33], [-117, 41], (400, 2)).tolist())], ("x",))
    own.to_parquet(packs.staged / "traces.parquet")
    declared = ("subjects=persons", "subject_countries=US", f"subject_regions={state}", f"transaction={transaction}")
    found = under(packs, "us-state-precise-geolocation", packs.staged / "traces.parquet", *declared)
    assert found.before.decision is not Decision.CLEAR
    assert found.decision is Decision.CLEAR, (found.left, found.after and found.after.findings)
    left = geopandas.read_parquet(packs.root / "result.parquet")
    latitudes = np.unique(shapely.get_y(left.geometry.values))
    assert np.diff(latitudes).min() * 111_000 > coarser_m


def test_a_table_leaves_without_small_cells_and_none_follows(packs: Gate) -> None:
    counts = [4, 12, 33, 0, 57, 106]
    areas = [*"abcde", "Total"]
    rows = [f"1.{n},50.{n},{area},{count}" for n, (area, count) in enumerate(zip(areas, counts, strict=True), 1)]
    path = packs.staged / "counts.csv"
    path.write_text("\n".join(["lon,lat,area,count", *rows, ""]))
    found = under(packs, "sdc-aggregates-and-ecology", path, "data=aggregates", "subject_countries=GB")
    assert found.before.decision is Decision.DENY
    assert found.decision is Decision.CLEAR, (found.left, found.after and found.after.findings)
    left = pd.read_csv(packs.root / "result.csv")["count"]
    assert {*left.dropna()} <= {*counts} - {4, 0}


def test_sensitive_species_leave_as_coarse_as_their_category(packs: Gate) -> None:
    own = frame([(8.12345, 47.12345)] * 4, ("x",))
    own["sensitivity"] = ["1", "2", "3", "none"]
    own.to_parquet(packs.staged / "species.parquet")
    found = under(packs, "sdc-aggregates-and-ecology", packs.staged / "species.parquet", "data=species")
    assert found.decision is Decision.CLEAR, (found.left, found.after and found.after.findings)
    left = geopandas.read_parquet(packs.root / "result.parquet")
    assert shapely.get_x(left.geometry.values).tolist() == [8.1, 8.12, 8.12345]


def test_trees_near_an_airfield_leave_under_the_baseline(packs: Gate) -> None:
    random = np.random.default_rng(1)
    own = frame([*map(tuple, random.uniform([6, 47], [14, 54], (1_500, 2)).tolist())], ("tree",))
    own.to_parquet(packs.staged / "trees.parquet")
    found = under(packs, "baseline", packs.staged / "trees.parquet", "subjects=places")
    assert found.before.decision is Decision.DENY
    assert [each.proposal.kind.value for each in found.plan] == ["keep-out", "coarsen"]
    assert found.decision is Decision.CLEAR, (found.left, found.after and found.after.findings)
