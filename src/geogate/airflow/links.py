"""The link from a gate task to the page of its release in the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

from geogate.airflow.held import REQUEST_KEY

if TYPE_CHECKING:
    from typing import Any

PREFIX: Final = "/geogate"
"""Where the console is mounted in Airflow's API server."""


class ReleaseLink(BaseOperatorLink):
    """A button on the page of a gate task, from the moment that its release was judged."""

    @property
    def name(self) -> str:
        """What the button says."""
        return "Release in geogate"

    @property
    def xcom_key(self) -> str:
        """Where Airflow keeps the link."""
        return "geogate_release_link"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Give the address; empty where nothing was submitted. Airflow asks where the task runs."""
        del operator
        from airflow.sdk.execution_time.xcom import XCom

        found = XCom.get_value(ti_key=ti_key, key=REQUEST_KEY)
        return f"{base_path()}{PREFIX}/releases/{quote(found, safe='')}" if isinstance(found, str) and found else ""


def base_path() -> str:
    """Give Airflow's own address as its settings say it, empty where they do not."""
    from airflow.sdk.configuration import conf

    return str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
