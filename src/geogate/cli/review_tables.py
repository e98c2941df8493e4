"""The queue and a release for people at a terminal; names and comments are made harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from geogate.cli.render import console, plain, print_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from geogate.gate.reviews_queue import Queue
    from geogate.gate.reviews_release import Release
    from geogate.model.release import Vote


def print_queue(found: Queue) -> None:
    """Print a page of the queue, and how many requests are in every state."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("request", "state", "age", "until", "dataset", "to", "by", "votes", "acts"):
        table.add_column(column, header_style="dim", overflow="fold")
    for row in found.rows:
        until = "over" if row.overdue else _day(row.deadline)
        about = (row.dataset, row.recipient, row.requester)
        cells = (row.request, row.state, _age(row.age), until, *about, f"{row.votes}/{row.needed}", row.acts)
        table.add_row(*map(plain, cells))
    out = console()
    out.print(table if found.rows else "nothing waits")
    if found.pages > 1:
        out.print(f"page {found.page} of {found.pages}, {found.total:,} requests", style="dim")
    counts = ", ".join(f"{state}: {count:,}" for state, count in found.counts if count)
    out.print(counts or "no requests yet", style="dim")


def print_release(seen: Release) -> None:
    """Print one release."""
    request = seen.request
    if request.verdict is None:
        click.echo(f"request {plain(request.id)} is {request.state} and has no verdict")
        return
    title = request.dataset.name if request.dataset else ""
    print_verdict(request.verdict, title=title, form="text")
    for line in _lines(seen):
        click.echo(plain(line))


def _lines(seen: Release) -> Iterator[str]:
    request = seen.request
    over = f", until {_day(seen.deadline)}" if seen.deadline else ""
    voted = f"{len(seen.votes) + seen.hidden_votes} of {seen.needed} reviewers have voted"
    yield f"request {request.id} by {request.requester} is {request.state}{over}; {voted}"
    if request.assume_crs:
        yield f"{request.requester} states {request.assume_crs} for layers that have no reference system"
    if request.purpose:
        yield f"purpose: {request.purpose}"
    yield from (f"round {number}: {each.request} {each.state}" for number, each in enumerate(seen.rounds, start=1))
    for each in seen.rounds:
        yield from (_vote(vote) for vote in each.votes)
    yield from (f"{each.at:%Y-%m-%d %H:%M} {each.by} said: {each.text}" for each in seen.comments)
    yield from (f"before: {each.request} {each.state} {each.dataset}" for each in seen.earlier)
    yield from seen.exposure
    yield from (f"due {each.arisen.due}: {each.arisen.what}" for each in seen.obligations if each.open)
    yield from (f"{each.step}: {each.why_not or 'you can'}" for each in seen.actions)


def _vote(vote: Vote) -> str:
    comment = f": {vote.comment}" if vote.comment else ""
    return f"{vote.at:%Y-%m-%d %H:%M} {vote.reviewer} voted to {vote.choice}{comment}"


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


def _age(age: timedelta) -> str:
    return f"{age.days} d" if age.days else f"{age.seconds // 3600} h {age.seconds // 60 % 60} min"
