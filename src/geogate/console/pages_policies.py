"""What the gate judges by, to be read: policies in words, recipients, and the zone lists without their shapes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from geogate.console.answering import page
from geogate.console.desk import At, declared
from geogate.gate.console_sources import policy_in_words, sources
from geogate.model.authority import Action

router = APIRouter()


@router.get("/policies", **declared(Action.SEE_OWN))
def policies(desk: At) -> HTMLResponse:
    """List policies, recipients and zone lists."""
    return page(desk, "policies.html", found=sources(house=desk.house))


@router.get("/policies/{name}", **declared(Action.SEE_OWN))
def policy(desk: At, name: Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]) -> HTMLResponse:
    """Say in sentences what a policy demands."""
    return page(desk, "policy.html", policy=policy_in_words(name, house=desk.house))
