"""``geogate send``: put what a clearance permits at its destination, once."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from geogate.cli.options import actor_option


@click.command("send", short_help="Send what a clearance permits, once.")
@click.argument("clearance", metavar="CLEARANCE")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print the receipt.")
@actor_option
def command(clearance: str, form: str, actor: str) -> int:
    """Send by CLEARANCE: its id as ``submit`` printed it, or a file with the signed clearance."""
    from geogate.gate.house import House
    from geogate.gate.send import send, send_by_nonce
    from geogate.model.document import canonical_json
    from geogate.model.names import Nonce

    house = House.from_environment(actor=actor)
    file = Path(clearance)
    receipt = (
        send(file.read_text(encoding="utf-8"), house=house)
        if file.is_file()
        else send_by_nonce(Nonce(clearance), house=house)
    )
    if form == "json":
        json.dump(json.loads(canonical_json(receipt)), sys.stdout, indent=2)
        sys.stdout.write("\n")
        return 0
    for delivery in receipt.deliveries:
        click.echo(f"sent {delivery.uri}  sha256 {delivery.sha256}  {delivery.size:,} bytes")
    return 0
