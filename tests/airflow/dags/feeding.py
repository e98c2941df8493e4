"""A DAG with one feed, as somebody else might write it."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from geogate.airflow.feeds import FeedOperator

with DAG("one_feed", schedule=None, default_args={"retries": 2, "retry_delay": timedelta(0)}):
    FeedOperator(task_id="feed", feed="fleet", idle=timedelta(minutes=3), batches=3)
