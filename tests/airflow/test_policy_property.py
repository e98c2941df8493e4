"""Random DAGs against a slow reference, which plays every way in which their tasks may end."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("airflow_home")

KINDS = ("plain", "gate", "teardown gate", "sending", "mapped sending", "internal", "templated")
SENDING = {"sending", "mapped sending", "templated"}
RULES = (
    "all_success",
    "all_failed",
    "all_done",
    "all_done_min_one_success",
    "all_skipped",
    "one_success",
    "one_failed",
    "one_done",
    "none_failed",
    "none_failed_min_one_success",
    "none_skipped",
    "always",
)
ENDS = ("success", "failed", "skipped")
Shape = tuple[tuple[str, str, tuple[int, ...]], ...]


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """Draw a DAG as kind, trigger rule and upstream tasks of each task."""
    size = draw(st.integers(min_value=1, max_value=5))
    rules = st.sampled_from(("all_success", "all_success", *RULES))
    return tuple(
        (draw(st.sampled_from(KINDS)), draw(rules), tuple(up for up in range(at) if draw(st.booleans())))
        for at in range(size)
    )


def built(shape: Shape) -> list[Any]:
    """Make it with Airflow."""
    from airflow.providers.common.io.operators.file_transfer import FileTransferOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG

    from geogate.airflow.operators import GateOperator

    with DAG("random", schedule=None):
        made: list[Any] = []
        for at, (kind, rule, ups) in enumerate(shape):
            common: dict[str, Any] = {"task_id": f"t{at}", "trigger_rule": rule}
            match kind:
                case "plain":
                    task: Any = EmptyOperator(**common)
                case "gate" | "teardown gate":
                    task = GateOperator(**common, dataset="/x", recipient="y", destination="z")
                    task.is_teardown = kind != "gate"
                case "mapped sending":
                    task = FileTransferOperator.partial(**common, src="/x").expand(dst=["s3://lake/x"])
                case _:
                    dst = {"sending": "s3://partner/x", "internal": "s3://lake/x", "templated": "{{ x }}"}[kind]
                    task = FileTransferOperator(**common, src="/x", dst=dst)
            task.set_upstream([made[up] for up in ups])
            made.append(task)
    return made


def runs(rule: str, ups: list[str]) -> bool:
    """Say whether a task runs after these ends of the tasks before it, as Airflow documents its trigger rules."""
    bad = [up for up in ups if up in {"failed", "upstream_failed"}]
    if not ups:
        return True
    return {
        "all_success": all(up == "success" for up in ups),
        "all_failed": len(bad) == len(ups),
        "all_done": True,
        "all_done_min_one_success": "success" in ups,
        "all_skipped": all(up == "skipped" for up in ups),
        "one_success": "success" in ups,
        "one_failed": bool(bad),
        "one_done": any(up in {"success", "failed"} for up in ups),
        "none_failed": not bad,
        "none_failed_min_one_success": not bad and "success" in ups,
        "none_skipped": "skipped" not in ups,
        "always": True,
    }[rule]


def courses(shape: Shape) -> Iterator[list[tuple[str, bool]]]:
    """Play every course: how each task ended, and whether it ran. A branch may skip any task that would run."""
    for choice in product(ENDS, repeat=len(shape)):
        course: list[tuple[str, bool]] = []
        for (_, rule, ups), end in zip(shape, choice, strict=True):
            before = [course[up][0] for up in ups]
            if runs(rule, before):
                course.append((end, end != "skipped"))
            else:
                failed = any(up in {"failed", "upstream_failed"} for up in before)
                course.append(("upstream_failed" if failed else "skipped", False))
        yield course


def passes_a_gate(shape: Shape, at: int) -> bool:
    """Say whether a task runs, in some course, though no gate before it succeeded, or one of them did not."""
    gates = [up for up in shape[at][2] if shape[up][0] == "gate"]
    return any(
        course[at][1] and not (gates and all(course[up][0] == "success" for up in gates)) for course in courses(shape)
    )


@settings(max_examples=150, deadline=None)
@given(shape=shapes())
def test_a_dag_is_loaded_only_if_in_no_course_data_leaves_past_a_gate(shape: Shape) -> None:
    from geogate.airflow.policy import refusals

    refused = {each.split("'")[1] for each in refusals(built(shape), internal=("s3://lake/*",))}

    for at, (kind, rule, ups) in enumerate(shape):
        gated = any(shape[up][0] == "gate" for up in ups)
        assert (f"t{at}" in refused) is (kind in SENDING and not (gated and rule == "all_success"))
        if kind in SENDING and f"t{at}" not in refused:
            assert not passes_a_gate(shape, at)


def test_every_trigger_rule_of_airflow_is_tried_or_refused_by_its_name() -> None:
    from airflow.task.trigger_rule import TriggerRule

    from geogate.airflow.policy import DECIDES

    assert {rule.value for rule in TriggerRule} - set(RULES) == {"all_done_setup_success"}
    assert DECIDES in RULES
