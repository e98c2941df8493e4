"""Airflow with SQLite in a folder of its own, in this process; and a gate's house for each test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dag_runs.gate_house import GateHouse, start_in
from dag_runs.runs import DagRuns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.dag_processing.dagbag import BundleDagBag

HERE = Path(__file__).parent
DAGS = HERE.parents[1] / "dags"
SINGLE = HERE / "dags"
IGNORED = ("ignore:Using `httpx` with `starlette.testclient` is deprecated:UserWarning",)
"""Warnings that Airflow's own dependencies give; all others stay errors."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder last, because Airflow changes the logging of the process that imports it."""
    here = [item for item in items if item.path.is_relative_to(HERE)]
    for item in here:
        for warning in IGNORED:
            item.add_marker(pytest.mark.filterwarnings(warning))
    items[:] = [item for item in items if item not in here] + here


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Set Airflow's environment before anything imports it, and make its database."""
    home = tmp_path_factory.mktemp("airflow")
    bundle = "airflow.dag_processing.bundles.local.LocalDagBundle"
    bundles = [{"name": path.name, "classpath": bundle, "kwargs": {"path": str(path)}} for path in (DAGS, SINGLE)]
    bundles[1]["name"] = "single"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(home))
        patch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        patch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps(bundles))
        from airflow.utils.db import initdb

        initdb()
        yield home


@pytest.fixture(scope="session")
def bags(airflow_home: Path) -> dict[str, BundleDagBag]:
    """Parse the DAG files as Airflow does."""
    del airflow_home
    from airflow.dag_processing.dagbag import BundleDagBag

    return {
        name: BundleDagBag(dag_folder=path, bundle_path=path, bundle_name=name)
        for name, path in (("dags", DAGS), ("single", SINGLE))
    }


@pytest.fixture(scope="session")
def dag_runs(bags: dict[str, BundleDagBag]) -> Callable[[str], DagRuns]:
    """Give a DAG that can be run, by its id."""
    dags = {dag_id: dag for bag in bags.values() for dag_id, dag in bag.dags.items()}
    return lambda dag_id: DagRuns(dags[dag_id])


@pytest.fixture
def runs(dag_runs: Callable[[str], DagRuns], house: GateHouse) -> Callable[[str], DagRuns]:
    """Give a DAG that can be run in the house of the test, by its id."""
    del house
    return dag_runs


@pytest.fixture
def house(tmp_path: Path, airflow_home: Path, monkeypatch: pytest.MonkeyPatch) -> GateHouse:
    """Build a gate's house, to which the environment points."""
    del airflow_home
    built = GateHouse(root=tmp_path / "house")
    built.build()
    start_in(built.environment(), monkeypatch)
    return built
