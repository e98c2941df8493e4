"""What Airflow's plugin manager loads: the console in the API server, its tabs, and the link from tasks.

Every process of Airflow imports this module, tasks too, so that nothing of the console is imported before a browser
asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from geogate.airflow.links import PREFIX, ReleaseLink

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_HERE = PREFIX.removeprefix("/")


class LazyConsole:
    """The console, which is imported and made when the first request comes."""

    def __init__(self) -> None:
        self._mounted: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._mounted is None:
            from geogate.airflow.mounted import MountedConsole

            self._mounted = MountedConsole()
        await self._mounted(scope, receive, send)


def _tab(name: str, place: str, query: str) -> dict[str, Any]:
    # Names of DAGs and runs go into the query: a run's name may have a slash. Without a slash at its beginning the
    # address works below a path, too.
    href = f"{_HERE}/airflow?{query}"
    return {"name": name, "href": href, "destination": place, "url_route": f"geogate-{place.replace('_', '-')}"}


class GeogatePlugin(AirflowPlugin):
    """The console below ``/geogate``, an entry in the menu, and a tab on DAGs, runs and task instances."""

    name = "geogate"
    fastapi_apps: ClassVar[list[Any]] = [{"app": LazyConsole(), "url_prefix": PREFIX, "name": "geogate"}]
    external_views: ClassVar[list[Any]] = [
        {
            "name": "Geogate",
            "href": f"{_HERE}/",
            "destination": "nav",
            "url_route": "geogate",
            "icon": f"{_HERE}/static/icon.svg",
        },
        _tab("Releases", "dag", "dag={DAG_ID}"),
        _tab("Releases", "dag_run", "dag={DAG_ID}&run={RUN_ID}"),
        _tab("Release", "task_instance", "dag={DAG_ID}&run={RUN_ID}&task={TASK_ID}&map_index={MAP_INDEX}"),
    ]
    operator_extra_links: ClassVar[list[Any]] = [ReleaseLink()]
