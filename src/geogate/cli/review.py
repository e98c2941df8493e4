"""``geogate review``: see held releases and decide on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from geogate.cli.options import actor_option

if TYPE_CHECKING:
    from geogate.gate.review import Tally

TALLY_FORMAT = click.option(
    "--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print."
)


@click.group("review", short_help="List, show, approve and reject held releases.")
def command() -> None:
    """List, show, approve and reject held releases."""


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Requests in every state, not only held ones.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")
def listing(everything: bool, form: str) -> int:  # noqa: FBT001
    """List held releases, oldest first, and how many requests are in other states."""
    from geogate.cli.render import console, plain, print_json
    from geogate.gate.history import queue

    rows, others = queue(everything=everything)
    if form == "json":
        print_json([row.document() for row in rows])
        return 0
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("request", "state", "since", "dataset", "to", "by", "approvals"):
        table.add_column(column, header_style="dim", overflow="fold")
    for row in rows:
        cells = (row.request, row.state, row.since, row.dataset, row.recipient, row.requester, row.approvals)
        table.add_row(*map(plain, cells))
    out = console()
    out.print(table if rows else "nothing waits for review")
    out.print(others, style="dim")
    return 0


@command.command("show")
@click.argument("request")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print the verdict.")
def show(request: str, form: str) -> int:
    """Show a request: the verdict with its reasons, and the votes once the review is over."""
    from geogate.cli.render import plain, print_json, print_verdict
    from geogate.gate.history import look

    seen = look(request)
    if form == "json":
        print_json({"request": request, **seen.document()})
        return 0
    if seen.verdict is None:
        click.echo(f"request {request} is {seen.state} and has no verdict")
        return 0
    print_verdict(seen.verdict, title=seen.dataset, form=form)
    if form == "text":
        click.echo(f"request {plain(request)} by {plain(seen.requester)} is {seen.state}; {seen.approvals}")
        if seen.assume_crs:
            click.echo(
                f"{plain(seen.requester)} states {plain(seen.assume_crs)} for layers that have no reference system"
            )
        for line in seen.votes:
            click.echo(plain(line))
    return 0


@command.command("approve")
@click.argument("request")
@click.option("--comment", default="", metavar="TEXT", help="Why it may leave.")
@TALLY_FORMAT
@actor_option
def approve(request: str, comment: str, form: str, actor: str) -> int:
    """Vote that REQUEST may leave; the last approval that the policy asks for clears it."""
    from geogate.gate.house import House
    from geogate.gate.review import approve
    from geogate.model.names import RequestId

    tally = approve(RequestId(request), comment=comment, house=House.from_environment(actor=actor))
    if form == "json":
        return _print_tally(tally)
    click.echo(f"request {tally.request} is {tally.state}: {tally.approvals} of {tally.needed} approvals")
    if tally.clearance:
        click.echo(f"send it with: geogate send {tally.clearance}")
    return 0


@command.command("reject")
@click.argument("request")
@click.option("--comment", required=True, metavar="TEXT", help="What would have to change.")
@TALLY_FORMAT
@actor_option
def reject(request: str, comment: str, form: str, actor: str) -> int:
    """Vote that REQUEST must not leave, which ends it."""
    from geogate.gate.house import House
    from geogate.gate.review import reject
    from geogate.model.names import RequestId

    tally = reject(RequestId(request), comment=comment, house=House.from_environment(actor=actor))
    if form == "json":
        return _print_tally(tally)
    click.echo(f"request {tally.request} is {tally.state}")
    return 0


def _print_tally(tally: Tally) -> int:
    from dataclasses import asdict

    from geogate.cli.render import print_json

    print_json(asdict(tally))
    return 0
