"""The ledger's pages: entries, whether the chain is whole, and what is due by law."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, Response

from geogate.console.answering import onward, page
from geogate.console.desk import At, declared
from geogate.gate.console_ledger import ledger_page
from geogate.gate.history import verify_ledger
from geogate.gate.obligations import discharge, owed
from geogate.model.authority import Action

router = APIRouter()


@router.get("/ledger", **declared(Action.READ_LEDGER))
def entries(
    desk: At,
    number: Annotated[int, Query(alias="page", ge=1, le=10_000_000)] = 1,
    request: Annotated[str, Query(max_length=64)] = "",
) -> HTMLResponse:
    """Show a page of entries, the newest first."""
    found = ledger_page(page=number, request=request, house=desk.house)
    return page(desk, "ledger.html", found=found, wanted=request, kept=urlencode({"request": request}), report=None)


@router.post("/ledger/verify", **declared(Action.READ_LEDGER))
def verify(desk: At, token: Annotated[str, Form(max_length=2000)]) -> HTMLResponse:
    """Check every entry, which takes a second for some hundred thousand of them."""
    desk.take(token, "verify")
    report = verify_ledger(house=desk.house)
    found = ledger_page(page=1, house=desk.house)
    return page(desk, "ledger.html", found=found, wanted="", kept="", report=report)


@router.get("/obligations", **declared(Action.SEE_ALL))
def obligations(desk: At, wanted: Annotated[str, Query(alias="all", max_length=5)] = "") -> HTMLResponse:
    """List what is due by law, the first first."""
    everything = bool(wanted)
    every = owed(everything=True, house=desk.house)
    shown = every if everything else tuple(each for each in every if each.open)
    return page(desk, "obligations.html", shown=shown, hidden=len(every) - len(shown), everything=everything)


@router.post("/obligations/discharge", **declared(Action.DISCHARGE))
def discharge_one(
    desk: At,
    token: Annotated[str, Form(max_length=2000)],
    key: Annotated[str, Form(max_length=500)],
    comment: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Say that an obligation was met, and how."""
    desk.take(token, "discharge", key)
    discharge(key, comment=comment.replace("\r\n", "\n"), house=desk.house)
    return onward(desk, "/obligations", "discharge")
