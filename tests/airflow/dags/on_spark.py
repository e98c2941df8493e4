"""A DAG whose gate lets Spark measure."""

from __future__ import annotations

from airflow.sdk import DAG, Param

from geogate.airflow.operators import GateOperator

with DAG("spark_gate", schedule=None, params={"dataset": Param(""), "destination": Param(""), "master": Param("")}):
    GateOperator(
        task_id="gate",
        dataset="{{ params.dataset }}",
        policy="baseline",
        recipient="example-partner",
        destination="{{ params.destination }}",
        engine="spark",
        spark_master="{{ params.master }}",
    )
