"""``geogate audit``: judge again what was sent, under today's policies."""

from __future__ import annotations

import click


@click.command("audit", short_help="Judge again what was sent, under today's policies.")
@click.option("--hours", default=24, type=click.IntRange(1), show_default=True, help="How far back to look.")
def command(hours: int) -> int:
    """Judge again everything that was sent in the last HOURS; exit code 11 when a verdict changed or cannot be had."""
    from geogate.cli.render import plain
    from geogate.gate.audit import audit
    from geogate.gate.house import House

    report = audit(hours=hours, house=House.from_environment())
    for change in report.changes:
        click.secho(f"{plain(change.request)}: {plain(change.summary)}", fg="red")
    click.echo(f"{report.audited} releases judged again, {len(report.changes)} would not be cleared today")
    return 11 if report.changes else 0
