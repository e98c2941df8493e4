"""``geogate feed``: run feeds batch by batch, see how they stand, stop them and let them go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from geogate.cli.options import actor_option

if TYPE_CHECKING:
    from geogate.gate.feed_follow import Ran
    from geogate.gate.feed_run import Step
    from geogate.gate.feeds import FeedRow, Status

FORMAT = click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")


@click.group("feed", short_help="Gate batches of a feed, and stop at the first that may not leave.")
def command() -> None:
    """Gate batches of feeds, which are declared in feeds/ beside the policies."""


@command.command("run")
@click.argument("name", metavar="NAME")
@click.option("--follow", is_flag=True, help="Wait for further batches, until one of the other options ends it.")
@click.option("--idle", type=click.FloatRange(min=0), metavar="SECONDS", help="End after so long without a batch.")
@click.option("--within", type=click.FloatRange(min=0), metavar="SECONDS", help="End after so long.")
@click.option("--batches", type=click.IntRange(min=1), metavar="N", help="End after so many batches.")
@FORMAT
@actor_option
def run_feed(  # noqa: PLR0913, PLR0917 - one argument an option
    name: str,
    follow: bool,  # noqa: FBT001 - click calls it
    idle: float | None,
    within: float | None,
    batches: int | None,
    form: str,
    actor: str,
) -> int:
    """Judge and send the batches of feed NAME that wait, in order, each as a release of its own.

    The first batch that is denied or held stops the feed for every process, until geogate feed resume.
    """
    from functools import partial

    from geogate.cli.render import EXIT
    from geogate.gate.feed_follow import Until, run
    from geogate.gate.feed_run import Runner
    from geogate.gate.house import House
    from geogate.model.errors import UsageError

    if follow and idle is None and within is None and batches is None:
        raise UsageError("--follow needs an end", hint="add --idle, --within or --batches")
    until = Until(follow=follow, idle_s=idle, within_s=within, batches=batches)
    ran = run(Runner(name=name, house=House.from_environment(actor=actor)), until, told=partial(_told, form=form))
    _end(name, ran)
    return EXIT[ran.decision]


def _told(step: Step, *, form: str) -> None:
    import json

    from geogate.cli.render import plain

    rows = sum(layer.rows for layer in step.verdict.layers) if step.verdict else None
    if form == "json":
        found = {"batch": step.number, "outcome": step.outcome, "request": step.request, "rows": rows}
        rules = sorted({each.rule for each in step.verdict.findings}) if step.verdict else []
        click.echo(json.dumps(found | {"seconds": round(step.seconds, 3), "rules": rules}))
        return
    said = "" if rows is None else f", {rows:,} rows"
    click.echo(f"batch {step.number} {step.outcome}: request {step.request}{said}, {step.seconds:.2f} s")
    if step.receipt is None and step.verdict is not None:
        for finding in step.verdict.findings:
            click.echo(f"  {finding.effect} {finding.rule}: {plain(finding.summary)}")


def _end(name: str, ran: Ran) -> None:
    from geogate.gate.feed_run import Outcome

    click.echo(f"{ran.sent} batches of feed {name} sent", err=True)
    if ran.last.outcome is Outcome.STOPPED:
        number = ran.last.number
        click.echo(f"feed {name} is stopped at batch {number}; see geogate feed status {name}", err=True)
        click.echo("somebody else than its owner and its requester lets it go on: geogate feed resume", err=True)


@command.command("list")
@FORMAT
@actor_option
def list_feeds(form: str, actor: str) -> int:
    """List the feeds that are declared, and how each stands."""
    from geogate.cli.render import console, plain, print_json
    from geogate.gate.feeds import feeds
    from geogate.gate.house import House

    found = feeds(house=House.from_environment(actor=actor))
    if form == "json":
        print_json([each.document() for each in found])
        return 0
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("feed", "state", "last", "to", "why"):
        table.add_column(column, header_style="dim", overflow="fold")
    for row in found:
        table.add_row(
            *map(plain, _row(row)), style="red" if row.wrong or (row.standing and row.standing.stopped) else None
        )
    console().print(table)
    return 0


def _row(row: FeedRow) -> tuple[str, ...]:
    if row.standing is None or row.feed is None:
        return row.name, "invalid", "", "", row.wrong
    last = "" if row.last is None else str(row.last)
    return row.name, row.standing.work.value, last, row.feed.recipient, row.standing.why


@command.command("status")
@click.argument("name", metavar="NAME")
@FORMAT
@actor_option
def show_status(name: str, form: str, actor: str) -> int:
    """Show how feed NAME stands, and what its recipient got in all against the limits."""
    from geogate.cli.render import print_json
    from geogate.gate.feeds import status
    from geogate.gate.house import House

    found = status(name, house=House.from_environment(actor=actor))
    if form == "json":
        print_json(found.document())
    else:
        _print_status(found)
    return 0


def _print_status(found: Status) -> None:
    from geogate.cli.render import plain

    row, standing, feed = found.row, found.row.standing, found.row.feed
    if standing is None or feed is None:
        return
    click.echo(f"feed {row.name} to {plain(feed.recipient)} is {standing.work}")
    click.echo(f"last batch: {'none' if row.last is None else row.last}; next: {standing.number}")
    if standing.stopped:
        since = "" if standing.since is None else f" since {standing.since:%Y-%m-%d %H:%M} UTC"
        click.echo(f"stopped at batch {standing.number}{since}: {plain(standing.why)}")
        if standing.request is not None:
            click.echo(f"its request: {plain(standing.request)}, which is {standing.state}")
    for total in found.totals:
        numbers = f"{total.measured:,} of {total.operator} {total.limit:,}"
        click.echo(f"{total.rule}: {numbers} {plain(total.unit)}, beyond which it is {_PAST[total.effect]}")


_PAST = {"deny": "denied", "hold": "held", "note": "noted"}


@command.command("stop")
@click.argument("name", metavar="NAME")
@click.option("--reason", required=True, metavar="TEXT", help="Why; the ledger keeps it.")
@actor_option
def stop_feed(name: str, reason: str, actor: str) -> int:
    """Stop feed NAME: nothing of it is judged or sent until somebody resumes it."""
    from geogate.gate.feeds import stop
    from geogate.gate.house import House

    found = stop(name, reason=reason, house=House.from_environment(actor=actor))
    click.echo(f"feed {name} is stopped at batch {found.number}")
    return 0


@command.command("resume")
@click.argument("name", metavar="NAME")
@click.option("--batch", "number", required=True, type=int, metavar="N", help="The batch at which it is stopped.")
@click.option(
    "--choose",
    required=True,
    type=click.Choice(("drop", "correct", "go-on")),
    help="drop: the batch is never sent; correct: new bytes for it are judged; go-on: nothing is wrong with it, or "
    "reviewers approved it.",
)
@click.option("--reason", required=True, metavar="TEXT", help="Why; the ledger keeps it.")
@actor_option
def resume_feed(name: str, number: int, choose: str, reason: str, actor: str) -> int:
    """Let feed NAME go on; neither its owner nor who requested the batch can do so."""
    from geogate.gate.feeds import resume
    from geogate.gate.house import House
    from geogate.model.feed import Choice

    found = resume(name, Choice(choose), number=number, reason=reason, house=House.from_environment(actor=actor))
    click.echo(f"feed {name} goes on; next is batch {found.number}")
    return 0
