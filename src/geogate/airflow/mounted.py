"""The console as Airflow's API server runs it: made at the first request, and open to whom Airflow has signed in."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import PlainTextResponse

from geogate.airflow.report import plain
from geogate.airflow.tabs import router
from geogate.console.airflow_users import USER, signed_in, vouched
from geogate.console.app import create_app
from geogate.console.settings import ConsoleSettings
from geogate.gate.house import House
from geogate.model.errors import GeogateError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send


class MountedConsole:
    """The console; where it cannot be made, each request says why and tries again."""

    def __init__(self) -> None:
        self._app: FastAPI | None = None
        self._lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say who Airflow has signed in, and let the console answer."""
        if scope["type"] != "http":
            return
        try:
            app = await self._made()
        except GeogateError as error:
            answer = PlainTextResponse(f"geogate has no console here: {plain(str(error))}\n", status_code=503)
            await answer(scope, receive, send)
            return
        user = await signed_in(Request(scope))
        await app({**scope, USER: user}, receive, send)

    async def _made(self) -> FastAPI:
        async with self._lock:
            if self._app is None:
                self._app = await asyncio.to_thread(make)
            return self._app


def make() -> FastAPI:
    """Make the console of the gate that the environment of the API server names.

    Raises: UsageError, ServiceError.
    """
    house = House.from_environment(os.environ, actor="airflow")
    # Airflow shows it in frames of its own pages, and knows its address.
    settings = ConsoleSettings(url="", store=house.settings.home / "console.db", framed=True)
    app = create_app(house, settings, vouching=vouched)
    app.include_router(router)
    return app
