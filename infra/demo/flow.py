"""Airflow: its database, one run of the export DAG in a process of its own, and how the run's tasks ended."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.demo.folder import REPOSITORY, DemoError
from infra.demo.surroundings import airflow_environment, clean_environment, worker_environment

if TYPE_CHECKING:
    from infra.demo.folder import Folder
    from infra.demo.surroundings import Stage

DAG: Final = "export_gate"
LONGEST_SECONDS: Final = 200
"""A run that takes longer is ended: a service that is down would be tried again for minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How the run ended: its state, and how many tasks of each kind ended in which state."""

    state: str
    tasks: Counter[tuple[str, str]]

    def count(self, task: str, state: str) -> int:
        """Count the tasks of a kind that ended in a state."""
        return self.tasks[task, state]


def start_migration(folder: Folder) -> subprocess.Popen[bytes]:
    """Begin to make Airflow's database; it takes seconds in which other things can be done."""
    with folder.airflow_log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env=clean_environment() | airflow_environment(folder.airflow),
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def finish_migration(process: subprocess.Popen[bytes]) -> None:
    """Wait for the database.

    Raises: DemoError when Airflow could not make it.
    """
    try:
        code = process.wait(timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        code = -1
    finally:
        process.kill()
    if code:
        raise DemoError("Airflow could not make its database: airflow.log says why")


def run_dag(stage: Stage, *, staged: str) -> Run:
    """Run the DAG over a prefix of staged exports, with the worker's key and no other.

    Raises: DemoError when the run does not end, or its state and the exit code do not agree.
    """
    folder = stage.folder
    # One process runs the whole DAG here, and nobody could review meanwhile.
    wanted = {"staged": staged, "when_held": "fail"}
    command = [sys.executable, "-m", "airflow", "dags", "test", DAG, "-c", json.dumps(wanted)]
    with folder.airflow_log.open("ab") as log:
        try:
            ended = subprocess.run(  # noqa: S603 - our own interpreter
                command,
                env=worker_environment(stage) | airflow_environment(folder.airflow),
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=LONGEST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DemoError(f"the DAG did not end in {LONGEST_SECONDS} seconds: airflow.log says why") from None
    run = _read(folder)
    if (ended.returncode == 0) != (run.state == "success"):
        raise DemoError(f"the run is {run.state}, and Airflow's exit code is {ended.returncode}")
    return run


def _read(folder: Folder) -> Run:
    """Read the one run from Airflow's database."""
    with closing(sqlite3.connect(f"file:{folder.airflow / 'airflow.db'}?mode=ro", uri=True)) as database:
        states = database.execute("select state from dag_run where dag_id = ?", (DAG,)).fetchall()
        tasks = database.execute("select task_id, state from task_instance where dag_id = ?", (DAG,)).fetchall()
    if len(states) != 1:
        raise DemoError(f"Airflow has {len(states)} runs of {DAG} instead of one: airflow.log says why")
    return Run(state=str(states[0][0]), tasks=Counter((name.rsplit(".", 1)[-1], str(state)) for name, state in tasks))
