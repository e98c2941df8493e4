"""The page of one release, and what people do there: vote, comment, withdraw, unmask."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Path
from fastapi.responses import HTMLResponse, Response

from geogate.console.answering import onward, page
from geogate.console.desk import At, Desk, declared
from geogate.gate.console_seen import seen_of
from geogate.gate.console_unmask import unmask, unmasked_until
from geogate.gate.console_views import note_look
from geogate.gate.review import LONGEST_COMMENT, Tally, approve, reject, send_back, withdraw
from geogate.gate.reviews_actions import Step
from geogate.gate.reviews_notes import comment as say
from geogate.gate.reviews_release import release
from geogate.model.authority import Action
from geogate.model.errors import UsageError
from geogate.model.names import RequestId
from geogate.model.release import Choice

router = APIRouter()

Id = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Token = Annotated[str, Form(max_length=2000)]
Text = Annotated[str, Form(max_length=20_000)]

LONGEST_TABLE: Final = 200
VOTES: Final = {Choice.APPROVE: approve, Choice.REJECT: reject, Choice.RETURN: send_back}


@router.get("/releases/{request_id}", **declared(Action.SEE_OWN))
def release_page(desk: At, request_id: Id) -> HTMLResponse:
    """Show a release as who asks may see it."""
    return _shown(desk, RequestId(request_id))


@router.post("/releases/{request_id}/vote", **declared(Action.VOTE))
def vote(
    desk: At, request_id: Id, token: Token, choice: Annotated[str, Form(max_length=20)], comment: Text = ""
) -> Response:
    """Cast a vote; the form is for the very verdict that was on the page."""
    desk.take(token, "vote", request_id, _seen(desk, request_id))
    if choice not in set(Choice):
        raise UsageError("a vote approves, returns or rejects", hint="nothing was done")
    cast(desk, RequestId(request_id), Choice(choice), comment)
    return onward(desk, f"/releases/{request_id}", choice)


@router.post("/releases/{request_id}/comment", **declared(Action.COMMENT))
def comment_on(desk: At, request_id: Id, token: Token, comment: Text = "") -> Response:
    """Say something without voting."""
    desk.take(token, "comment", request_id)
    say(RequestId(request_id), plain_lines(comment), house=desk.house)
    if "hx-request" in desk.request.headers:
        return _shown(desk, RequestId(request_id))
    return onward(desk, f"/releases/{request_id}", "comment")


@router.post("/releases/{request_id}/withdraw", **declared(Action.WITHDRAW))
def take_back(desk: At, request_id: Id, token: Token, comment: Text = "") -> Response:
    """Withdraw the own request."""
    desk.take(token, "withdraw", request_id)
    withdraw(RequestId(request_id), comment=plain_lines(comment), house=desk.house)
    return onward(desk, f"/releases/{request_id}", "withdraw")


@router.post("/releases/{request_id}/unmask", **declared(Action.UNMASK))
def unmask_page(desk: At, request_id: Id, token: Token, comment: Text = "") -> Response:
    """Enter into the ledger that somebody wants to see exact positions, and why; they are shown for a while."""
    desk.take(token, "unmask", request_id)
    unmask(RequestId(request_id), plain_lines(comment), house=desk.house)
    return onward(desk, f"/releases/{request_id}", "unmask")


def cast(desk: Desk, request_id: RequestId, choice: Choice, comment: str) -> Tally:
    """Vote as who asks."""
    return VOTES[choice](request_id, comment=plain_lines(comment), house=desk.house)


def plain_lines(text: str) -> str:
    """Give text from a form with the line ends that everybody else has."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _seen(desk: Desk, request_id: str) -> str:
    with desk.house.ledger() as ledger:
        return seen_of(ledger.request(RequestId(request_id)))


def _shown(desk: Desk, request_id: RequestId) -> HTMLResponse:
    note_look(request_id, "the release", house=desk.house)
    found = release(request_id, house=desk.house)
    actions = {each.step: each for each in found.actions}
    until = unmasked_until(request_id, house=desk.house) if desk.may(Action.UNMASK) else None
    seen = seen_of(found.request)
    tokens = {
        "vote": desk.form("vote", request_id, seen),
        "comment": desk.form("comment", request_id),
        "withdraw": desk.form("withdraw", request_id),
        "unmask": desk.form("unmask", request_id),
    }
    return page(
        desk,
        "release.html",
        it=found,
        request=found.request,
        verdict=found.request.verdict,
        actions=actions,
        tokens=tokens,
        until=until,
        Step=Step,
        longest=LONGEST_COMMENT,
        most=LONGEST_TABLE,
    )
