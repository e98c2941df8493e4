"""``geogate ledger``: show the entries, verify the chain."""

from __future__ import annotations

import click

from geogate.model.names import SHA256, Sha256


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
@click.option("--anchor", default="", metavar="SEQ:HASH", help="A head from an earlier run, kept elsewhere.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")
def verify(anchor: str, form: str) -> int:
    """Check every entry, the chain, and that the tables say what the entries say; exit code 11 on any problem.

    A chain cannot show by itself that its end was cut off: keep the head that this prints, and give it as --anchor
    the next time.
    """
    from dataclasses import asdict

    from geogate.cli.render import plain, print_json
    from geogate.gate.history import verify_ledger

    report = verify_ledger(anchor=_anchor(anchor))
    if form == "json":
        print_json(asdict(report))
    else:
        for problem in report.problems:
            click.secho(f"entry {problem.seq}: {plain(problem.what)}", fg="red")
        state = "broken" if report.problems else "whole"
        click.echo(f"{report.entries} entries, the chain is {state}, head {report.head_seq}:{report.head_hash}")
    return 11 if report.problems else 0


@command.command("clearance")
@click.argument("clearance", metavar="CLEARANCE")
def clearance(clearance: str) -> int:
    """Print the signed document of CLEARANCE, by its id: what ``geogate verify`` checks and ``geogate send`` takes."""
    from geogate.gate.history import envelope_of

    click.echo(envelope_of(clearance))
    return 0


def _anchor(text: str) -> tuple[int, Sha256] | None:
    if not text:
        return None
    seq, _, digest = text.partition(":")
    if not seq.isdecimal() or not SHA256.fullmatch(digest):
        raise click.BadParameter("give it as SEQ:HASH, as this command prints the head", param_hint="--anchor")
    return int(seq), Sha256(digest)
