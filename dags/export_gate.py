"""Judge every staged export by the policy, and send those that get a clearance.

Each export is a sub-folder with a `release.yaml`. One that is denied, held or broken turns red on its own and stops
no other; the run is then red too. A held one waits for its reviewers without a worker, and goes on when they decided.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, task, task_group

from geogate.airflow.exports import staged_exports
from geogate.airflow.operators import GateOperator, SendOperator

POLICY = "baseline"
"""Fixed here, in reviewed code: a policy never comes with the data, nor from the person who triggers a run."""


@dag(
    schedule=None,
    catchup=False,
    # A run lasts as long as its reviews; others must not wait for it.
    max_active_runs=16,
    doc_md=__doc__,
    tags=["geogate"],
    # Only services that are down are tried again; a verdict never is.
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1), "retry_exponential_backoff": 2},
    params={
        "staged": Param("outgoing", type="string", minLength=1, description="The folder of staged exports."),
        "when_held": Param("wait", enum=["wait", "ask", "fail"], description="What a gate does during a review."),
    },
)
def export_gate() -> None:
    """List what is staged, then gate and send each export."""

    @task
    def staged(path: str) -> list[dict[str, Any]]:
        return staged_exports(path)

    @task_group
    def release(  # noqa: PLR0913, PLR0917 - what a staged export hands over
        export: str,
        dataset: list[str],
        recipient: str,
        destination: str,
        purpose: str,
        assume_crs: str,
        declaration: dict[str, Any],
        problem: str,
    ) -> None:
        gate = GateOperator(
            task_id="gate",
            policy=POLICY,
            export=export,
            dataset=dataset,
            recipient=recipient,
            destination=destination,
            purpose=purpose,
            assume_crs=assume_crs,
            declaration=declaration,
            problem=problem,
            when_held="{{ params.when_held }}",
            map_index_template="{{ task.export }}",
        )
        SendOperator(task_id="send", clearance=gate.output, map_index_template="{{ task.clearance['request_id'] }}")

    release.expand_kwargs(staged("{{ params.staged }}"))


export_gate()
