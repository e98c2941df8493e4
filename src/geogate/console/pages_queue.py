"""The queue's page."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from geogate.console.answering import page
from geogate.console.desk import At, declared
from geogate.gate.feeds import feeds, stopped
from geogate.gate.reviews_queue import WAITING, Wanted, queue
from geogate.model.authority import Action
from geogate.model.errors import UsageError
from geogate.model.lifecycle import State

router = APIRouter()


@router.get("/", **declared(Action.SEE_OWN))
def queue_page(
    desk: At,
    state: Annotated[str, Query(max_length=20)] = "",
    text: Annotated[str, Query(max_length=200)] = "",
    order: Annotated[str, Query(max_length=20)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """Show a page of the queue, and how many requests the filter hides."""
    newest = order == "newest"
    wanted = Wanted(states=states_of(state), page=number, text=text, newest=newest)
    found = queue(wanted, house=desk.house)
    total = sum(count for _, count in found.counts)
    return page(
        desk,
        "queue.html",
        queue=found,
        feeds=stopped(house=desk.house),
        total=total,
        hidden=max(0, total - found.total),
        chosen=state,
        text=text,
        newest=newest,
        kept=urlencode({"state": state, "text": text, "order": order}),
    )


@router.get("/feeds", **declared(Action.SEE_ALL))
def feeds_page(desk: At) -> HTMLResponse:
    """Show how every feed stands."""
    return page(desk, "feeds.html", feeds=feeds(house=desk.house))


def states_of(text: str) -> tuple[State, ...]:
    """Read which states are wanted: those in which somebody has to do something, all, or one.

    Raises: UsageError.
    """
    if not text:
        return WAITING
    if text == "all":
        return tuple(State)
    try:
        return (State(text),)
    except ValueError as error:
        raise UsageError("there is no such state", hint="choose one in the queue") from error
