"""``geogate ledger``: show the entries, verify the chain."""

from __future__ import annotations

import click


@click.group("ledger", short_help="Show and verify the ledger.")
def command() -> None:
    """Show and verify the ledger."""


@command.command("show")
@click.option("--request", default="", metavar="ID", help="Only this request's entries.")
@click.option("--last", default=50, type=click.IntRange(1), show_default=True, help="How many entries, from the end.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")
def show(request: str, last: int, form: str) -> int:
    """Print entries, oldest first."""
    from geogate.cli.render import console, plain, print_json
    from geogate.gate.history import history

    entries = history(request=request, last=last)
    if form == "json":
        print_json([entry.document() for entry in entries])
        return 0
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("entry", "at", "kind", "request", "by", "what"):
        table.add_column(column, header_style="dim", overflow="fold")
    for entry in entries:
        row = (str(entry.seq), entry.at[:19], entry.kind, entry.request, entry.actor, entry.what)
        table.add_row(*map(plain, row))
    console().print(table)
    return 0


@command.command("verify")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")
def verify(form: str) -> int:
    """Check every entry, the chain, and that the tables say what the entries say; exit code 11 on any problem."""
    from dataclasses import asdict

    from geogate.cli.render import plain, print_json
    from geogate.gate.history import verify_ledger

    report = verify_ledger()
    if form == "json":
        print_json(asdict(report))
    else:
        for problem in report.problems:
            click.secho(f"entry {problem.seq}: {plain(problem.what)}", fg="red")
        state = "broken" if report.problems else "whole"
        click.echo(f"{report.entries} entries, the chain is {state}, head {report.head_seq} {report.head_hash}")
    return 11 if report.problems else 0
