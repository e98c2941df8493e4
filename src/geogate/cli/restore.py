"""``geogate restore``: a backup where there is no ledger; the gate is shut afterwards."""

from __future__ import annotations

from pathlib import Path

import click

from geogate.cli.options import actor_option

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("restore", short_help="Restore a backup; the gate stays shut until it is settled.")
@click.argument("place", metavar="FOLDER|s3://BUCKET/FOLDER/")
@click.option("--backup", "named", default="", metavar="ID", help="Which one; default: the newest.")
@click.option("--key", "keys", multiple=True, type=FILE, help="A public key that signed it, besides the home's.")
@actor_option
def command(place: str, named: str, keys: tuple[Path, ...], actor: str) -> int:
    """Restore ledger and sealed bytes where there is no ledger, and verify them against what was signed.

    A ledger of yesterday does not know what was sent since: the gate stays shut until geogate reopen has settled it.
    Exit code 11 means that sealed bytes are missing.
    """
    from geogate.gate.house import House
    from geogate.gate.keyfile import PublicKey
    from geogate.gate.restore import restore

    known = [PublicKey.load(key) for key in keys]
    done = restore(place, named=named, keys=known, house=House.from_environment(actor=actor))
    click.echo(f"restored backup {done.manifest.id}: {done.manifest.size} entries, {done.fetched} sealed files")
    for each in done.absent:
        click.secho(f"sealed file {each} is in no backup", fg="red")
    click.echo("the gate is shut: settle what the ledger lacks with geogate reopen", err=True)
    return 11 if done.absent else 0
