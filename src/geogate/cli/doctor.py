"""``geogate doctor``: look at all that the gate needs, and say what to do about what is wrong."""

from __future__ import annotations

import click

SERVICE_DOWN = 5


@click.command("doctor", short_help="Check all that the gate needs, with the fix for each.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")
def command(form: str) -> int:
    """Check ledger, staging, keys, policies, isolation, kernels and detectors; exit code 5 when something is down."""
    from geogate.cli.render import plain
    from geogate.gate.health import health
    from geogate.gate.house import House
    from geogate.gate.metrics import document

    house = House.from_environment()
    found = health(house=house, anew=True)
    if form == "json":
        click.echo(document(found))
    for check in found.checks if form == "text" else ():
        click.secho(f"{check.name}: {plain(check.wrong) or 'well'}", fg=None if check.well else "red")
        if check.fix:
            click.echo(f"  {plain(check.fix)}")
    return 0 if found.ready else SERVICE_DOWN
