"""The console as an application: routes, what stands before them, and how errors are told."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from geogate.console import health, metrics, pages, signing_in
from geogate.console.answering import page
from geogate.console.api import router as api
from geogate.console.desk import SERVICES, Console, NotSignedInError, TooManyError
from geogate.console.forms import Forms
from geogate.console.guard import SAFE, Guard
from geogate.console.oidc import OpenId
from geogate.console.rendering import renderer
from geogate.console.shown import visible
from geogate.console.store import Store
from geogate.console.telling import Teller, Telling
from geogate.ledger.failures import UnknownError
from geogate.model.authority import ForbiddenError
from geogate.model.errors import GeogateError, RefusedError, ServiceError, UsageError
from geogate.telemetry import meters

if TYPE_CHECKING:
    from geogate.console.desk import Vouching
    from geogate.console.settings import ConsoleSettings
    from geogate.gate.house import House

STATIC: Final = Path(__file__).parent / "static"
SEE_OTHER: Final = 303
_LOG: Final = logging.getLogger("geogate.console")
_CODES: Final = (
    (NotSignedInError, 401),
    (ForbiddenError, 403),
    (TooManyError, 429),
    (UnknownError, 404),
    (RefusedError, 409),
    (UsageError, 400),
    (ServiceError, 503),
)
"""Errors of the gate as status codes; the first that fits."""


class Files(StaticFiles):
    """Static files, which browsers may keep for a while but ask about."""

    async def get_response(self, path: str, scope: Any) -> Response:
        """Give a file that may be kept."""
        answer = await super().get_response(path, scope)
        answer.headers["cache-control"] = "public, max-age=300"
        return answer


def create_app(house: House, settings: ConsoleSettings, *, vouching: Vouching | None = None) -> FastAPI:
    """Make the console of a gate; ``vouching`` says who is signed in where it is mounted in another application.

    Raises: UsageError where nobody could sign in; ServiceError when its store cannot be made.
    """
    if [settings.provider is not None, settings.proxy is not None, vouching is not None].count(True) != 1:
        raise UsageError("the console needs exactly one way to sign in", hint="set GEOGATE_CONSOLE_AUTH")
    store = Store(settings.store)
    console = Console(
        settings=settings,
        house=house,
        store=store,
        forms=Forms(store=store),
        render=renderer(house),
        openid=_openid(settings, store),
        vouching=vouching,
    )
    app = FastAPI(title="geogate", version="1", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.console = console
    meters.begin()
    for router in (signing_in.router, health.router, metrics.router):
        app.include_router(router)
    for router in (pages.router, api):
        app.include_router(router)
    app.mount("/static", Files(directory=STATIC), name="static")
    app.add_exception_handler(GeogateError, _told)
    app.add_exception_handler(RequestValidationError, _told)
    app.add_exception_handler(HTTPException, _told)
    app.add_exception_handler(Exception, _crashed)
    app.add_middleware(Telling, teller=Teller(house=house))
    app.add_middleware(Guard, settings=settings)
    return app


def _openid(settings: ConsoleSettings, store: Store) -> OpenId | None:
    if settings.provider is None:
        return None
    return OpenId(provider=settings.provider, redirect=f"{settings.url}/sign-in/back", store=store)


def _told(request: Request, error: Exception) -> Response:
    """Say what went wrong and what to do; where somebody has to sign in first, go there."""
    code, summary, hint = _said(error)
    base = str(request.scope.get("root_path", "")).rstrip("/")
    path = request.url.path.removeprefix(base)
    if path.startswith(SERVICES):
        headers = {"www-authenticate": "Bearer"} if isinstance(error, NotSignedInError) else None
        return JSONResponse({"error": summary, "hint": hint}, status_code=code, headers=headers)
    if isinstance(error, NotSignedInError) and request.method in SAFE and not path.startswith("/sign"):
        target = f"{base}/sign-in?next={quote(path + ('?' + request.url.query if request.url.query else ''))}"
        if "hx-request" in request.headers:
            return Response(status_code=401, headers={"hx-redirect": target})
        return RedirectResponse(target, SEE_OTHER)
    desk = getattr(request.state, "desk", None)
    console: Console = request.app.state.console
    said = {"code": code, "summary": summary, "hint": hint}
    if desk is not None:
        return page(desk, "error.html", status=code, **said)
    return HTMLResponse(console.render("error.html", desk=None, base=base, **said), status_code=code)


def _said(error: Exception) -> tuple[int, str, str]:
    if isinstance(error, GeogateError):
        code = next((code for kind, code in _CODES if isinstance(error, kind)), 500)
        return code, visible(error.summary), visible(error.hint)
    if isinstance(error, HTTPException):
        return error.status_code, "there is no such page" if error.status_code == 404 else "that cannot be done", ""  # noqa: PLR2004
    return 400, "that form cannot be read", "look at the page again; nothing was done"


def _crashed(request: Request, error: Exception) -> Response:
    """Say that it was a crash, and nothing of what it was: a message could hold what is in data."""
    _LOG.error("a request crashed: %s", type(error).__name__)
    crash = ServiceError("something went wrong in the console", hint="look at the page again to see what was done")
    answer = _told(request, crash)
    answer.status_code = 500
    return answer
