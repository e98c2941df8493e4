"""``geogate send``: put what a clearance permits at its destination, once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from geogate.cli.options import actor_option


@click.command("send", short_help="Send what a clearance permits, once.")
@click.argument("clearance", metavar="CLEARANCE")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print the receipt.")
@actor_option
def command(clearance: str, form: str, actor: str) -> int:
    """Send by CLEARANCE: its id as ``submit`` printed it, or a file with the signed clearance."""
    from geogate.cli.render import plain, print_json
    from geogate.gate.house import House
    from geogate.gate.send import send, send_by_nonce
    from geogate.gate.verify import read_clearance
    from geogate.model.document import canonical_json
    from geogate.model.names import Nonce

    house = House.from_environment(actor=actor)
    if re.fullmatch("[0-9a-f]{32}", clearance):
        receipt = send_by_nonce(Nonce(clearance), house=house)
    else:
        receipt = send(read_clearance(Path(clearance)), house=house)
    if form == "json":
        print_json(json.loads(canonical_json(receipt)))
        return 0
    for delivery in receipt.deliveries:
        click.echo(f"sent {plain(delivery.uri)}  sha256 {delivery.sha256}  {delivery.size:,} bytes")
    return 0
