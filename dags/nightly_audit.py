"""Look again at everything that was sent: by today's policy, recipients and zone lists, and at where it lies.

The releases of each month are judged side by side; then the destinations are compared with the receipts. The run fails
when somebody has to do something, and ``geogate audit --last`` says what.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from geogate.airflow.auditing import (
    BeginAuditOperator,
    JudgePartOperator,
    ReportAuditOperator,
    RequireNothingOperator,
)


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
    """Audit all that is within its retention."""
    begun = BeginAuditOperator(task_id="begin")
    judged = JudgePartOperator.partial(task_id="judge", max_active_tis_per_dagrun=4).expand(part=begun.output)
    report = ReportAuditOperator(task_id="report", trigger_rule="none_failed")
    judged >> report >> RequireNothingOperator(task_id="audit", run=report.output)


nightly_audit()
