"""DAGs with one feed, as somebody else might write them."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from geogate.airflow.feeds import FeedOperator

with DAG("one_feed", schedule=None, default_args={"retries": 2, "retry_delay": timedelta(0)}):
    FeedOperator(task_id="feed", feed="fleet", idle=timedelta(minutes=3), batches=3)

with DAG("rest_of_a_feed", schedule=None):
    FeedOperator(task_id="feed", feed="fleet", idle=timedelta(seconds=1))
