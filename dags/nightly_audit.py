"""Judge again what was sent in the last day, by today's policy, recipients and zone lists.

The run fails with a list of the releases that would not leave today.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from geogate.airflow.operators import AuditOperator

HOURS = 26
"""A day, and two hours in which a late run may still begin without leaving a gap."""


@dag(
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["geogate"],
    # Only services that are down are tried again; a changed verdict never is.
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
)
def nightly_audit() -> None:
    """Audit the last day."""
    AuditOperator(task_id="audit", hours=HOURS)


nightly_audit()
