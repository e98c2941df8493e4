"""Real runs of real DAGs in this process, and what is left of them afterwards.

Airflow is imported inside the functions: the environment that it reads must be set first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Place = tuple[str, int]
"""A task's id and its index in a mapped group, -1 outside of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnd:
    """How a task ended."""

    state: str
    tries: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that has ended; ``errors`` are the exceptions of its tasks, one for each try that failed."""

    run_id: str
    state: str
    tasks: Mapping[Place, TaskEnd]
    xcoms: Mapping[Place, Any]
    errors: Mapping[Place, tuple[BaseException, ...]]

    def message(self, task: str, index: int = -1) -> str:
        """Give what the last failure of a task said."""
        return str(self.errors[task, index][-1])

    def states(self, task: str) -> list[str]:
        """Give the ends of a mapped task in the order of its instances."""
        return [end.state for (name, _), end in sorted(self.tasks.items()) if name == task]


@dataclass(slots=True)
class DagRuns:
    """A DAG that can be run; tries follow each other at once, and failures are kept."""

    dag: Any
    after_each_failure: Callable[[], object] | None = None
    _errors: dict[Place, tuple[BaseException, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for task in self.dag.tasks:
            task.retry_delay = timedelta(0)
            task.retry_exponential_backoff = 0
            task.on_failure_callback = [self._keep]
            task.on_retry_callback = [self._keep]

    def run(self, **conf: object) -> Ended:
        """Run the DAG once."""
        self._errors.clear()
        return self._ended(self.dag.test(run_conf=conf))

    def run_marking(self, task: str, **conf: object) -> Ended:
        """Run the DAG while somebody marks a task as success instead of running it."""
        self._errors.clear()
        return self._ended(self.dag.test(run_conf=conf, mark_success_pattern=re.escape(task)))

    def clear_and_go_on(self, before: Ended, task: str, index: int) -> Ended:
        """Do what "Clear task" with its downstream does in the interface, then let the run go on to its end."""
        from airflow import settings
        from airflow.models.dagrun import DagRun
        from airflow.serialization.serialized_objects import DagSerialization
        from sqlalchemy import select

        self._errors.clear()
        session = settings.Session()
        scheduled = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(self.dag))
        below = scheduled.task_dict[task].get_flat_relative_ids(upstream=False)
        scheduled.clear(run_id=before.run_id, task_ids=[(name, index) for name in (task, *below)])
        run = session.scalar(select(DagRun).where(DagRun.run_id == before.run_id))
        assert run is not None
        run.dag = scheduled
        run.state = "running"
        session.commit()
        while run.state == "running":
            self._step(run, session)
        return self._ended(run)

    def _step(self, run: Any, session: Any) -> None:
        """Do what one turn of ``DAG.test`` does."""
        from airflow.sdk.definitions.dag import _run_task

        session.expire_all()
        ready, _ = run.update_state(session=session)
        for instance in ready:
            instance.try_number += 1
            instance.state = "scheduled"
        session.commit()
        for instance in ready:
            _run_task(ti=instance, task=self.dag.task_dict[instance.task_id])

    def _keep(self, context: Any) -> None:
        place = context["ti"].task_id, context["ti"].map_index
        self._errors[place] = (*self._errors.get(place, ()), context["exception"])
        if self.after_each_failure is not None:
            self.after_each_failure()

    def _ended(self, run: Any) -> Ended:
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session
        from sqlalchemy import select

        with create_session() as session:
            rows = session.scalars(
                select(XComModel).where(XComModel.run_id == run.run_id, XComModel.key == "return_value")
            )
            xcoms = {(row.task_id, row.map_index): XComModel.deserialize_value(row) for row in rows}
        ends = {
            (ti.task_id, ti.map_index): TaskEnd(
                state=str(ti.state), tries=ti.try_number, label=ti.rendered_map_index or ""
            )
            for ti in run.get_task_instances()
        }
        return Ended(run_id=run.run_id, state=str(run.state), tasks=ends, xcoms=xcoms, errors=dict(self._errors))
