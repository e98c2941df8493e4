"""Gate a feed batch by batch, all day: a task that waits for batches without a worker, and stops at the first denial.

Where its batches come from, to whom they go and under which policy is declared in `feeds/` beside the policies. A batch
that is denied or held stops the feed for every runner until somebody else resumes it; the runs until then fail at once.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, dag

from geogate.airflow.feeds import FeedOperator


@dag(
    schedule=None,
    catchup=False,
    # A second run would find the feed taken, and wait.
    max_active_runs=1,
    doc_md=__doc__,
    tags=["geogate"],
    # Only services that are down are tried again; a verdict never is.
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1), "retry_exponential_backoff": 2},
    params={"feed": Param("fleet", type="string", minLength=1, description="The name of a declared feed.")},
)
def feed_example() -> None:
    """Follow one feed until an hour went by without a batch, and a day at most."""
    FeedOperator(
        task_id="feed",
        feed="{{ params.feed }}",
        idle=timedelta(hours=1),
        within=timedelta(hours=24),
    )


feed_example()
