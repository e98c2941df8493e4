"""``geogate audit``: judge again what was sent, under today's policies."""

from __future__ import annotations

import click


@click.command("audit", short_help="Judge again what was sent, under today's policies.")
@click.option("--hours", default=24, type=click.IntRange(1), show_default=True, help="How far back to look.")
def command(hours: int) -> int:
    """Judge again everything that was sent in the last HOURS; exit code 11 when a verdict changed or cannot be had.

    So it is when an obligation is overdue.
    """
    from geogate.cli.render import plain
    from geogate.gate.audit import audit
    from geogate.gate.house import House

    report = audit(hours=hours, house=House.from_environment())
    for change in (*report.changes, *report.overdue):
        click.secho(f"{plain(change.request)}: {plain(change.summary)}", fg="red")
    for change in report.ended:
        click.echo(f"request {plain(change.request)} is over: {plain(change.summary)}")
    for change in report.waivers:
        click.echo(plain(change.summary))
    click.echo(f"{report.audited} releases judged again, {len(report.changes)} would not be cleared today")
    if report.overdue:
        click.echo(f"{len(report.overdue)} obligations are overdue; geogate obligations lists them")
    return 11 if report.changes or report.overdue else 0
