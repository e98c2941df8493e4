"""``geogate audit``: look again at what was sent, by what holds today, and at the places where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from geogate.cli.options import actor_option

if TYPE_CHECKING:
    from geogate.gate.audit_report import Report


@click.group("audit", invoke_without_command=True, short_help="Judge again what was sent, under today's policies.")
@click.option("--hours", type=click.IntRange(1), help="How far back to look; without it, as long as it is kept.")
@click.option("--everything", is_flag=True, help="Read all bytes at the destinations again, changed or not.")
@click.option("--last", is_flag=True, help="Show what the last audit found, and look at nothing.")
@click.option("--format", "form", type=click.Choice(("text", "json", "html")), default="text", help="How to print.")
@click.pass_context
def command(ctx: click.Context, *, hours: int | None, everything: bool, last: bool, form: str) -> int:
    """Judge what was sent again, and compare what lies at the destinations with the receipts.

    Exit code 11 when somebody has to do something: a release would not leave today, an object has no clearance, a place
    has changed, an obligation or a recall is overdue, or the ledger is damaged. A run that died is taken up.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    from geogate.gate.audit import audit
    from geogate.gate.audit_report import latest
    from geogate.gate.house import House
    from geogate.model.errors import UsageError

    house = House.from_environment()
    report = latest(house) if last else audit(hours=hours, everything=everything, house=house).report
    if report is None:
        raise UsageError("there was no audit yet")
    _show(report, form, house=house)
    return 11 if report.urgent else 0


def _show(report: Report, form: str, *, house: object) -> None:
    from geogate.cli.render import plain, print_json
    from geogate.gate.audit_findings import Kind
    from geogate.gate.audit_report import page_of
    from geogate.gate.reconcile import ELSE

    if form == "json":
        print_json(report.document())
        return
    if form == "html":
        click.echo(page_of(report, house=house), nl=False)  # type: ignore[arg-type]  # a house, imported late
        return
    urgent = {each.key for each in report.urgent}
    for each in report.findings:
        own = each.kind in {Kind.CHANGED, Kind.UNSAID, Kind.OBLIGATION, Kind.WAIVER, Kind.LEDGER}
        if each.kind is Kind.STUCK:
            click.echo(f"request {plain(each.about)} is over: {plain(each.summary)}")
        elif each.kind is Kind.WAIVER:
            click.echo(plain(each.summary))
        else:
            said = each.summary if own else f"{each.kind}: {each.summary}"
            accepted = "" if each.key in urgent else " (accepted)"
            colour = "red" if each.key in urgent else None
            click.secho(f"{each.key} {plain(each.about)}: {plain(said)}{accepted}", fg=colour)
    counts = report.counts
    click.echo(
        f"{counts.audited} releases judged again, {counts.same} of them by the same as before; "
        f"{counts.objects} objects at {counts.places} places compared"
    )
    if unlisted := sum(ELSE in traits for _, traits in report.unknown):
        click.echo(f"{unlisted} of these places list nothing: only what was sent there was looked for")
    for kind, count in report.kinds:
        click.echo(f"{count:>6}  {kind}")
    click.echo(f"{len(report.urgent)} things need somebody" if report.urgent else "nothing needs anybody")


@command.command("accept")
@click.argument("key", metavar="ID")
@click.option("--comment", required=True, metavar="TEXT", help="Why it may stay as it is.")
@actor_option
def accept_one(key: str, comment: str, actor: str) -> int:
    """Say that the finding ID of the last audit is known and may stay; when it changes, it is found again."""
    from geogate.cli.render import plain
    from geogate.gate.audit import accept
    from geogate.gate.house import House

    found = accept(key, comment=comment, house=House.from_environment(actor=actor))
    click.echo(f"{found.key}: {plain(found.about)} is accepted")
    return 0
