"""DAGs whose own code writes with hooks and object-storage paths, which no policy can see."""

from __future__ import annotations

from airflow.sdk import DAG, ObjectStoragePath, Param, task

with DAG("writing", schedule=None, params={"to": Param(""), "fails": Param(default=False)}):

    @task
    def write(to: str, *, fails: bool) -> None:
        """Copy a file to somewhere else."""
        source = ObjectStoragePath("file:///etc/hostname")
        source.copy(ObjectStoragePath(to))
        if fails:
            raise ValueError("after it has written")

    write("{{ params.to }}", fails="{{ params.fails }}")
