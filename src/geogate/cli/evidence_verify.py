"""``geogate evidence-verify``: check an evidence pack with the public key alone."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("evidence-verify", short_help="Check an evidence pack offline.")
@click.argument("pack", type=FILE)
@click.option("--key", "keys", required=True, multiple=True, type=FILE, help="Public key of the gate; repeatable.")
def command(pack: Path, keys: tuple[Path, ...]) -> int:
    """Check that PACK is as the gate signed it, and that it says what the ledger says; no ledger, no network."""
    from geogate.cli.render import plain
    from geogate.gate.evidence import verify_pack

    for line in verify_pack(pack, keys):
        click.echo(plain(line))
    return 0
