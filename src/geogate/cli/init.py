"""``geogate init``: create the gate's home; the only command that ever creates a ledger."""

from __future__ import annotations

import click


@click.command("init", short_help="Create the gate's home: ledger, staging and signing key.")
def command() -> int:
    """Create what is missing of the ledger, the staging area and the signing key; never overwrites."""
    import os

    from geogate.gate.home import initialise
    from geogate.gate.settings import Settings

    settings = Settings.from_environment(os.environ)
    for line in initialise(settings):
        click.echo(line)
    return 0
