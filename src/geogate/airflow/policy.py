"""The cluster policy, which Airflow loads by the entry point ``airflow.policy`` wherever a DAG file is parsed.

``dag_policy`` refuses DAGs in which data could leave past a gate, by their shape. A shape is no guarantee: anybody who
may mark tasks can mark a gate. ``task_policy`` therefore puts a check around each task that sends.

Every process of Airflow imports this module, for the DAGs of everybody: it imports little, and looks at no task that
sends nothing.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Final

from airflow.policies import hookimpl

from geogate.airflow import surroundings
from geogate.airflow.guard import guard
from geogate.airflow.outbound import row_of
from geogate.airflow.outgoing import class_of, is_internal, outgoing
from geogate.airflow.surroundings import INTERNAL_KEY, SECTION, Mode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geogate.airflow.outgoing import Outgoing

LOG: Final = logging.getLogger("geogate.airflow.policy")
_OPERATORS: Final = "geogate.airflow.operators"
DECIDES: Final = "all_success"
"""The one trigger rule under which a gate that failed or was passed over always keeps its transfer from running."""


@hookimpl
def dag_policy(dag: Any) -> None:
    """Refuse a DAG in which a task could send without a gate.

    Raises: AirflowClusterPolicyViolation.
    """
    around = surroundings.AT_START
    if around.mode is Mode.OFF:
        return
    refused = refusals(dag.tasks, internal=around.internal)
    if refused:
        _refuse(f"DAG {dag.dag_id!r} could send data past the gate:\n" + "\n".join(f"  - {each}" for each in refused))
    for each in greens(dag.tasks):
        LOG.warning("geogate: DAG %r: %s", dag.dag_id, each)


@hookimpl
def task_policy(task: Any) -> None:
    """Put a check around a task that could send, whatever its place and its shape.

    Raises: AirflowClusterPolicyViolation where that cannot be done.
    """
    if surroundings.AT_START.mode is Mode.OFF or row_of(class_of(task)) is None:
        return
    try:
        guard(task)
    except Exception as error:  # noqa: BLE001 - whatever a foreign class raises, it must not send unchecked
        _refuse(f"task {task.task_id!r} sends, and no check can be put around it ({type(error).__name__})")


def refusals(tasks: Iterable[Any], *, internal: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Say for each task that could send past a gate why, and how to mend it."""
    return tuple(why for task in tasks if row_of(class_of(task)) is not None and (why := _refusal(task, internal)))


def _refusal(task: Any, internal: tuple[str, ...]) -> str:
    try:
        found = outgoing(task)
        if found is None or is_internal(found, internal):
            return ""
        return _shape(task, found)
    except Exception as error:  # noqa: BLE001 - a fault in here must not open the way, nor break who sends nothing
        return f"task {task.task_id!r} sends, and could not be looked at ({type(error).__name__})"


def _shape(task: Any, found: Outgoing) -> str:
    gates = [up for up in task.get_direct_relatives(upstream=True) if is_gate(up)]
    what = f"task {task.task_id!r} ({class_of(task).__name__}) sends to {found.place}"
    if not gates:
        return f"{what} with no gate directly before it; {_fix(task, found)}"
    rule = rule_of(task)
    if rule != DECIDES:
        first = gates[0].task_id
        return f"{what} with trigger_rule={rule!r}, and so could run although {first!r} refused; leave trigger_rule out"
    return ""


def _fix(task: Any, found: Outgoing) -> str:
    if found.row is None:
        return (
            f"put  SendOperator(task_id={task.task_id!r}, clearance=gate.output)  in its place, or, if nothing leaves "
            f"by it, an administrator adds {found.places[0]} to [{SECTION}] {INTERNAL_KEY}"
        )
    return (
        f"write  gate = GateOperator(task_id='gate', dataset=..., recipient=..., destination=...)  and  "
        f"gate >> {task.task_id.rpartition('.')[2]}"
    )


def is_gate(task: Any) -> bool:
    """Say whether a task is a gate whose failure its run notices: by its class itself, not by its name."""
    # Where nobody has imported the module there is no gate, and importing it here would cost every process.
    operators = sys.modules.get(_OPERATORS)
    gate = getattr(operators, "GateOperator", None)
    return gate is not None and issubclass(class_of(task), gate) and not getattr(task, "is_teardown", False)


def rule_of(task: Any) -> str:
    """Give the trigger rule of a task as text."""
    rule = task.trigger_rule
    return str(getattr(rule, "value", rule))


def greens(tasks: Iterable[Any]) -> tuple[str, ...]:
    """Name the leaves that make a run look successful although a gate refused."""
    every = list(tasks)
    if not any(is_gate(task) for task in every):
        return ()
    return tuple(
        f"task {task.task_id!r} runs whatever happened (trigger_rule={rule_of(task)!r}), and is the end of the run, "
        f"which will look successful although a gate refused; make it a teardown, or leave trigger_rule out"
        for task in every
        if not task.downstream_task_ids and rule_of(task) != DECIDES and not getattr(task, "is_teardown", False)
    )


def _refuse(message: str) -> None:
    from airflow.exceptions import AirflowClusterPolicyViolation

    if surroundings.AT_START.mode is Mode.WARN:
        LOG.warning("geogate: %s", message)
        return
    raise AirflowClusterPolicyViolation(f"geogate: {message}")
