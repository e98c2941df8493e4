"""Answers of pages: rendered for who asks, or on to another page after something was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi.responses import HTMLResponse, RedirectResponse, Response

from geogate.model.authority import Action

if TYPE_CHECKING:
    from geogate.console.desk import Desk

SEE_OTHER: Final = 303

NAV: Final = (
    ("/", "Queue", Action.SEE_OWN),
    ("/waivers", "Waivers", Action.SEE_WAIVERS),
    ("/obligations", "Obligations", Action.SEE_ALL),
    ("/feeds", "Feeds", Action.SEE_ALL),
    ("/audit", "Audit", Action.AUDIT),
    ("/ledger", "Ledger", Action.READ_LEDGER),
    ("/policies", "Policies", Action.SEE_OWN),
)

DONE: Final = {
    "approve": "Your approval is in the ledger.",
    "return": "Your wish for changes is in the ledger.",
    "reject": "Your rejection is in the ledger.",
    "comment": "Your comment is in the ledger.",
    "withdraw": "The request is withdrawn.",
    "unmask": "Exact positions are shown to you for 15 minutes; that is in the ledger.",
    "ask": "The waiver waits for two approvals.",
    "waive": "Your approval of the waiver is in the ledger.",
    "revoke": "The waiver is revoked.",
    "discharge": "The obligation is discharged.",
}
"""What is said after something was done; the address only has a signed note of what."""


def page(desk: Desk, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page for who asks."""
    base = desk.base
    here = desk.request.url.path.removeprefix(base)
    nav = [(href, name, desk.may(action)) for href, name, action in NAV]
    console = desk.console
    flash = DONE.get(console.forms.noted(desk.request.query_params.get("done", ""), desk.session, here))
    text = console.render(template, desk=desk, base=base, here=here, nav=nav, flash=flash, **values)
    return HTMLResponse(text, status_code=status)


def onward(desk: Desk, path: str, done: str) -> Response:
    """Go on to a page that says what was done, so that loading it again does nothing again."""
    note = desk.console.forms.note(desk.session, done, path)
    return RedirectResponse(f"{desk.base}{path}?done={note}", SEE_OTHER)
