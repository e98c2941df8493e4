"""``geogate obligations``: what refusals and releases have started, by when it is due, and that it was met."""

from __future__ import annotations

import click

from geogate.cli.options import actor_option


@click.group("obligations", invoke_without_command=True, short_help="List what is due by law, and discharge it.")
@click.option("--all", "everything", is_flag=True, help="Also what is done, and what is only to be kept.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")
@click.pass_context
def command(ctx: click.Context, *, everything: bool, form: str) -> int:
    """List the obligations that are open, those that are due first; days end in UTC.

    What is overdue makes geogate audit fail.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    from geogate.cli.render import console, plain, print_json
    from geogate.gate.obligations import owed

    found = owed(everything=everything)
    if form == "json":
        print_json([each.document() for each in found])
        return 0
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("due", "state", "id", "request", "what", "basis"):
        table.add_column(column, header_style="dim", overflow="fold")
    for each in found:
        first, count = each.requests[0], len(each.requests)
        request = f"{first} and {count - 1} more" if count > 1 else first
        due = f"until {each.arisen.due}" if each.arisen.keeps else str(each.arisen.due)
        state = f"{each.state} {each.done}".strip() if each.done else each.state
        row = (due, state, each.arisen.key, request, each.arisen.what, each.arisen.legal_basis)
        table.add_row(*map(plain, row), style="red" if each.state == "overdue" else None)
    console().print(table)
    overdue = sum(each.state == "overdue" for each in found)
    click.echo(f"{sum(each.open for each in found)} open, {overdue} of them overdue")
    return 0


@command.command("done")
@click.argument("key", metavar="ID")
@click.option("--comment", required=True, metavar="TEXT", help="How it was met: what was sent, to whom, when.")
@actor_option
def done(key: str, comment: str, actor: str) -> int:
    """Say that the obligation ID was met; the ledger keeps who said so."""
    from geogate.cli.render import plain
    from geogate.gate.house import House
    from geogate.gate.obligations import discharge

    found = discharge(key, comment=comment, house=House.from_environment(actor=actor))
    click.echo(f"{plain(found.arisen.key)}: done {plain(found.done)}")
    return 0
