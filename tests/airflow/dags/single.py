"""DAGs with one operator each, as somebody else might write them."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from geogate.airflow.operators import AuditOperator, GateOperator, SendOperator

TRIES = {"retries": 2, "retry_delay": timedelta(0)}

with DAG("one_gate", schedule=None, default_args=TRIES, params={"dataset": Param(""), "destination": Param("")}):
    GateOperator(
        task_id="gate",
        dataset="{{ params.dataset }}",
        policy="baseline",
        recipient="example-partner",
        destination="{{ params.destination }}",
    )

with DAG("one_send", schedule=None, default_args=TRIES, params={"clearance": Param("")}):
    SendOperator(task_id="send", clearance="{{ params.clearance }}")

with DAG("one_audit", schedule=None, default_args=TRIES):
    AuditOperator(task_id="audit", hours=24)
