"""The environments of the demonstration: the gate's, Airflow's, and the sessions of those who use the bucket."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import boto3

from infra.demo.folder import REPOSITORY
from infra.ministack import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from infra.demo.folder import Folder
    from infra.deploy import Perimeter
    from infra.keys import Keys
    from infra.ministack import Ministack
    from infra.users import DemoUsers

COUNTRY: Final = "DE"
"""Where the organisation of the demonstration has its own directories."""

FOREIGN: Final = ("AIRFLOW", "AWS_", "GEOGATE_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
"""The server is on loopback, where no proxy has any business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the demonstration plays: the server, the perimeter on it, and its users."""

    folder: Folder
    server: Ministack
    perimeter: Perimeter
    users: DemoUsers


def clean_environment() -> dict[str, str]:
    """Return this process's environment without any setting that would reach into the demonstration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {name: value for name, value in kept.items() if name.upper() not in PROXIES} | {
        "GX_ANALYTICS_ENABLED": "false"
    }


def gate_settings(folder: Folder) -> dict[str, str]:
    """Return the settings of a gate that sends to directories."""
    return {
        "GEOGATE_HOME": str(folder.home),
        "GEOGATE_POLICIES": str(folder.policies),
        "GEOGATE_COUNTRY": COUNTRY,
    }


def worker_environment(stage: Stage) -> dict[str, str]:
    """Return the environment of the gate's worker: its own key, and the role that it may become with a clearance."""
    role = {"GEOGATE_RELEASER_ROLE": stage.perimeter.releaser_role_arn}
    worker = stage.server.environment(stage.users.worker.keys)
    return clean_environment() | worker | gate_settings(stage.folder) | role


def airflow_environment(home: Path) -> dict[str, str]:
    """Return the settings of an Airflow with SQLite whose DAGs are the repository's."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def session_of(keys: Keys) -> boto3.Session:
    """Return a session with these keys and nobody else's."""
    return boto3.Session(keys.id, keys.secret, keys.token or None, region_name=REGION)


@contextmanager
def acting_in(environment: Mapping[str, str]) -> Iterator[None]:
    """Let this process be what an environment says, for as long."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
