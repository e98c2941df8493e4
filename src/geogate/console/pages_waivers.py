"""The pages of waivers: those that hold or wait, one of them, and asking for one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query
from fastapi.responses import HTMLResponse, Response

from geogate.console.answering import onward, page
from geogate.console.desk import At, Desk, declared
from geogate.gate.console_seen import seen_waiver
from geogate.gate.waivers import WaiverWish, approve_waiver, ask_waiver, revoke_waiver, waiver, waivers
from geogate.model.authority import Action

router = APIRouter()

WaiverId = Annotated[str, Path(pattern=r"^w[0-9]{8}-[0-9a-f]{12}$")]
Token = Annotated[str, Form(max_length=2000)]
Line = Annotated[str, Form(max_length=20_000)]


@router.get("/waivers", **declared(Action.SEE_WAIVERS))
def waivers_page(desk: At, wanted: Annotated[str, Query(alias="all", max_length=5)] = "") -> HTMLResponse:
    """List waivers, and how many are hidden because they are over."""
    every = waivers(everything=True, house=desk.house)
    shown = every if wanted else waivers(house=desk.house)
    return page(desk, "waivers.html", shown=shown, hidden=len(every) - len(shown))


@router.post("/waivers", **declared(Action.ASK_WAIVER))
def ask(  # noqa: PLR0913, PLR0917 - one argument a field
    desk: At,
    token: Token,
    policy: Line = "",
    rule: Line = "",
    recipient: Line = "",
    dataset: Line = "",
    zone_class: Line = "",
    reason: Line = "",
    owner: Line = "",
    ticket: Line = "",
    days: Annotated[int, Form(ge=1, le=3650)] = 30,
) -> Response:
    """Ask for a waiver, which then waits for two others to approve it."""
    desk.take(token, "ask waiver")
    wish = WaiverWish(
        policy=policy.strip(),
        rule=rule.strip(),
        recipient=recipient.strip(),
        dataset=dataset.strip(),
        zone_class=zone_class.strip(),
        reason=reason.replace("\r\n", "\n").strip(),
        owner=owner.strip(),
        ticket=ticket.strip(),
        days=days,
    )
    return onward(desk, f"/waivers/{ask_waiver(wish, house=desk.house).id}", "ask")


@router.get("/waivers/{waiver_id}", **declared(Action.SEE_WAIVERS))
def waiver_page(desk: At, waiver_id: WaiverId) -> HTMLResponse:
    """Show one waiver with what can be done about it."""
    row = waiver(waiver_id, house=desk.house)
    return page(desk, "waiver.html", row=row, it=row.standing.waiver, seen=seen_waiver(row.standing.waiver))


@router.post("/waivers/{waiver_id}/approve", **declared(Action.APPROVE_WAIVER))
def approve(desk: At, waiver_id: WaiverId, token: Token) -> Response:
    """Approve a waiver, as it was on the page."""
    desk.take(token, "approve waiver", waiver_id, _seen(desk, waiver_id))
    approve_waiver(waiver_id, house=desk.house)
    return onward(desk, f"/waivers/{waiver_id}", "waive")


@router.post("/waivers/{waiver_id}/revoke", **declared(Action.REVOKE_WAIVER))
def revoke(desk: At, waiver_id: WaiverId, token: Token, reason: Line = "") -> Response:
    """End a waiver at once."""
    desk.take(token, "revoke waiver", waiver_id)
    revoke_waiver(waiver_id, reason=reason.replace("\r\n", "\n"), house=desk.house)
    return onward(desk, f"/waivers/{waiver_id}", "revoke")


def _seen(desk: Desk, waiver_id: str) -> str:
    return seen_waiver(waiver(waiver_id, house=desk.house).standing.waiver)
