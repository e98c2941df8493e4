"""``geogate backup``: ledger and sealed bytes, to a folder or a bucket."""

from __future__ import annotations

import click

from geogate.cli.options import actor_option


@click.command("backup", short_help="Back up ledger and sealed bytes, as one signed whole.")
@click.argument("place", metavar="FOLDER|s3://BUCKET/FOLDER/")
@actor_option
def command(place: str, actor: str) -> int:
    """Back up the ledger as it is at this moment and all sealed bytes that it speaks of; nothing there is replaced.

    Sealed bytes that are at the place are not copied again. Private keys are not in it: keep those elsewhere. Exit
    code 11 means that sealed bytes are missing or have changed.
    """
    from geogate.cli.render import plain
    from geogate.gate.backup import back_up
    from geogate.gate.house import House

    made = back_up(place, house=House.from_environment(actor=actor))
    manifest = made.manifest
    click.echo(f"backup {manifest.id} at {plain(made.place)}: {manifest.size} entries, root {manifest.root}")
    click.echo(f"{manifest.objects} sealed files, {made.added} of them new")
    for each in manifest.absent:
        click.secho(f"sealed file {each} is missing, or is not as it was sealed", fg="red")
    return 11 if manifest.absent else 0
