"""The routes that are open to everybody: signing in and out, static files, and whether the console is alive."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from geogate.console.desk import (
    NotSignedInError,
    console_of,
    cookie_name,
    is_secure,
    limit_attempts,
    session_of,
    vouched_for,
)
from geogate.console.forms import Purpose
from geogate.console.oidc import WAITS, own_page
from geogate.console.people import begin, end
from geogate.model.errors import RefusedError

router = APIRouter()

SEE_OTHER: Final = 303
OPEN: Final = frozenset(
    {"/sign-in", "/sign-in/back", "/sign-out", "/signed-out", "/alive", "/health/live", "/health/ready"}
)
"""The only paths that nobody has to be signed in for, besides static files."""


@router.get("/sign-in", name="sign-in")
def sign_in(request: Request) -> Response:
    """Go to the provider; or take whom the proxy names, and begin a session."""
    limit_attempts(request)
    console = console_of(request)
    wanted = own_page(request.query_params.get("next", "/"))
    if console.openid is None:
        return _welcome(request, wanted)
    departure = console.openid.depart(wanted, at=console.now())
    answer = RedirectResponse(departure.url, SEE_OTHER)
    _cookie(answer, request, name=f"{_name(request)}-sign-in", value=departure.state, seconds=_WAITS_S)
    return answer


_WAITS_S: Final = int(WAITS.total_seconds())


@router.get("/sign-in/back", name="sign-in-back")
def sign_in_back(request: Request) -> Response:
    """Take the browser back from the provider; a session that there was ends, and a new one begins."""
    limit_attempts(request)
    console = console_of(request)
    if console.openid is None:
        raise RefusedError("people sign in by the proxy here")
    cookie = request.cookies.get(f"{_name(request)}-sign-in", "")
    arrival = console.openid.arrive(request.query_params, cookie=cookie, at=console.now())
    _forget(request)
    answer = RedirectResponse(_base(request) + arrival.next, SEE_OTHER)
    _cookie(answer, request, name=_name(request), value=begin(console.store, arrival.identity, at=console.now()))
    answer.delete_cookie(
        f"{_name(request)}-sign-in", path="/", secure=is_secure(request, settings=console.settings), httponly=True
    )
    return answer


@router.post("/sign-out", name="sign-out")
def sign_out(request: Request, token: str = Form(default="", max_length=2000)) -> Response:
    """End the session at the server; its cookie is worth nothing afterwards."""
    console, session = console_of(request), session_of(request)
    if session is not None:
        console.forms.take(token, session, Purpose(action="sign out"), at=console.now())
        end(console.store, session.key)
    answer = RedirectResponse(f"{_base(request)}/signed-out", SEE_OTHER)
    answer.delete_cookie(_name(request), path="/", secure=is_secure(request, settings=console.settings), httponly=True)
    return answer


@router.get("/signed-out", name="signed-out")
def signed_out(request: Request) -> Response:
    """Say that the session is over."""
    return HTMLResponse(console_of(request).render("signed_out.html", base=_base(request), desk=None))


@router.get("/alive", name="alive")
def alive(request: Request) -> Response:
    """Say whether the ledger answers, and nothing else."""
    console_of(request).house.ledger().close()
    return PlainTextResponse("alive\n")


def _welcome(request: Request, wanted: str) -> Response:
    console = console_of(request)
    identity = vouched_for(request)
    if identity is None:
        hint = "come to the console through its proxy; an administrator knows its address"
        if console.vouching is not None:
            hint = "sign in to Airflow, and load this page again"
        raise NotSignedInError("nobody vouches for you", hint=hint)
    _forget(request)
    answer = RedirectResponse(_base(request) + wanted, SEE_OTHER)
    _cookie(answer, request, name=_name(request), value=begin(console.store, identity, at=console.now()))
    return answer


def _forget(request: Request) -> None:
    session = session_of(request)
    if session is not None:
        end(console_of(request).store, session.key)


def _name(request: Request) -> str:
    return cookie_name(request, settings=console_of(request).settings)


def _base(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/")


def _cookie(answer: Response, request: Request, *, name: str, value: str, seconds: int | None = None) -> None:
    secure = is_secure(request, settings=console_of(request).settings)
    # Lax: the provider sends the browser back by a link, and mails link to releases. Forms have tokens besides.
    answer.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")
