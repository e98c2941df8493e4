from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from geogate.airflow.surroundings import INTERNAL_KEY, MODE_KEY, SECTION, Mode

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import BundleDagBag

DAGS = Path(__file__).parents[2] / "dags"
HEAVY = ("boto3", "geopandas", "great_expectations", "numpy", "pandas", "pyarrow", "pyogrio", "pyproj", "shapely")
PARSE = f"""
import json, runpy, sys
for name in ("export_gate", "feed_example", "nightly_audit"):
    runpy.run_path(f"{DAGS}/{{name}}.py")
json.dump([name for name in {HEAVY!r} if name in sys.modules], sys.stdout)
"""
LOAD = """
import json, sys
import airflow.plugins_manager
before = set(sys.modules)
import geogate.airflow.plugin
json.dump(sorted({n.partition(".")[0] for n in set(sys.modules) - before} - {"geogate"}), sys.stdout)
"""
DESCRIBE = """
import json, sys
from geogate.airflow.provider import get_provider_info
get_provider_info()
json.dump(sorted(n for n in sys.modules if n.partition(".")[0] in {"airflow", "pydantic", "geogate"}), sys.stdout)
"""


def printed(script: str, home: Path) -> list[str]:
    """Run a script in a process of its own and read the list that it prints last."""
    environment = {**os.environ, "AIRFLOW_HOME": str(home), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.usefixtures("airflow_home")
def test_airflow_knows_the_provider_and_its_operators() -> None:
    from airflow.providers_manager import ProvidersManager

    provider = ProvidersManager().providers["geogate"]

    assert provider.data["operators"] == [
        {"integration-name": "Geogate", "python-modules": ["geogate.airflow.operators", "geogate.airflow.feeds"]}
    ]


def asked(home: Path, *arguments: str) -> str:
    """Ask Airflow's command about its configuration."""
    return subprocess.run(
        [Path(sys.executable).with_name("airflow"), "config", *arguments],
        env={**os.environ, "AIRFLOW_HOME": str(home), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_airflow_describes_the_settings_of_the_policy_and_their_default_enforces(tmp_path: Path) -> None:
    assert asked(tmp_path, "get-value", SECTION, MODE_KEY).strip() == Mode.ENFORCE

    listed = asked(tmp_path, "list", "--section", SECTION, "--include-env-vars", "--include-descriptions")

    for key in (MODE_KEY, INTERNAL_KEY):
        assert f"AIRFLOW__GEOGATE__{key.upper()}" in listed
    assert "enforce, warn or off" in listed


def test_what_every_airflow_command_reads_imports_nothing(tmp_path: Path) -> None:
    assert printed(DESCRIBE, tmp_path) == ["geogate", "geogate.airflow", "geogate.airflow.provider"]


def test_parsing_the_dags_imports_nothing_heavy(tmp_path: Path) -> None:
    assert printed(PARSE, tmp_path) == []


def test_the_plugin_that_every_task_imports_brings_no_console_with_it(tmp_path: Path) -> None:
    assert set(printed(LOAD, tmp_path)) <= {"airflow"}


@pytest.mark.usefixtures("airflow_home")
def test_airflow_loads_the_plugin_with_the_console_its_tabs_and_the_link() -> None:
    from airflow import plugins_manager

    (plugin,) = [each for each in plugins_manager.get_plugin_info() if each["name"] == "geogate"]

    assert [view["destination"] for view in plugin["external_views"]] == ["nav", "dag", "dag_run", "task_instance"]
    assert not any(view["href"].startswith("/") for view in plugin["external_views"])
    assert "geogate.airflow.links.ReleaseLink" in str(plugin["operator_extra_links"])
    assert "'/geogate'" in str(plugin["fastapi_apps"])


def test_the_dags_parse_without_a_complaint(bags: dict[str, BundleDagBag]) -> None:
    assert bags["dags"].import_errors == {}
    assert sorted(bags["dags"].dags) == ["export_gate", "feed_example", "nightly_audit"]


def test_no_leaf_can_turn_a_refused_run_green(bags: dict[str, BundleDagBag]) -> None:
    for dag in bags["dags"].dags.values():
        others = {task.task_id: task.trigger_rule.value for task in dag.tasks if task.trigger_rule != "all_success"}
        # A night without a part to judge still has its report; a part that failed leaves none.
        assert others == ({"report": "none_failed"} if dag.dag_id == "nightly_audit" else {})
        assert {task.task_id for task in dag.leaves} <= {"release.send", "audit", "feed"}


def test_the_policy_is_no_parameter_of_the_run(bags: dict[str, BundleDagBag]) -> None:
    dag = bags["dags"].dags["export_gate"]

    assert set(dag.params) == {"staged", "when_held"}
    assert dag.task_dict["release.gate"].policy == "baseline"
