"""``geogate evidence``: write the evidence pack of a release."""

from __future__ import annotations

from pathlib import Path

import click

from geogate.cli.options import actor_option

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("evidence", short_help="Write the evidence pack of a release.")
@click.argument("request")
@click.option("--output", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path), help="A new file.")
@click.option(
    "--measurements-because",
    default="",
    metavar="REASON",
    help="Put in what was measured, with the bounds of layers; the ledger keeps the reason.",
)
@click.option("--key", "keys", multiple=True, type=FILE, help="An earlier public key that signed the clearance.")
@actor_option
def command(request: str, output: Path, measurements_because: str, keys: tuple[Path, ...], actor: str) -> int:
    """Write all that counsel or an authority needs about REQUEST into one archive that proves itself.

    It has the verdict, the policies, the votes, the clearance, the receipt, what is due, and the ledger's entries with
    proofs; a page for people as HTML and PDF; and verify.py, which checks it with the public key alone. It never has
    geometry or zones. The ledger keeps that you took it.
    """
    from geogate.gate.evidence import write_pack
    from geogate.gate.house import House
    from geogate.model.names import RequestId

    house = House.from_environment(actor=actor)
    packed = write_pack(RequestId(request), output, measured_because=measurements_because, keys=keys, house=house)
    click.echo(f"{output.name}: {packed.members} members, {packed.size:,} bytes, SHA-256 {packed.sha256}")
    return 0
