"""``geogate keys``: list, rotate, retire and revoke the keys that sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from geogate.cli.options import actor_option

if TYPE_CHECKING:
    from geogate.gate.keys_change import KeyRow

MOST_HOURS = 90 * 24


@click.group("keys", short_help="List, rotate, retire and revoke the keys that sign.")
def command() -> None:
    """List, rotate, retire and revoke the keys that sign clearances, heads, evidence and backups."""


@command.command("list")
def listing() -> int:
    """List all keys that there ever were: which signs, which verifies until when, and which was revoked."""
    from rich.table import Table

    from geogate.cli.render import console, plain
    from geogate.gate.house import House
    from geogate.gate.keys_change import keys

    table = Table(box=None, pad_edge=False)
    for column in ("key", "state", "since or until"):
        table.add_column(column, header_style="dim", overflow="fold")
    for row in keys(house=House.from_environment()):
        table.add_row(*map(plain, (row.id, row.state, f"{row.until:%Y-%m-%d %H:%M}" if row.until else "")))
    console().print(table)
    return 0


@command.command("rotate")
@click.option(
    "--overlap-hours",
    default=168,
    show_default=True,
    type=click.IntRange(0, MOST_HOURS),
    help="How long both are good.",
)
@actor_option
def rotate(overlap_hours: int, actor: str) -> int:
    """Make a new key, which signs from now on; clearances of the old one are sent until the overlap is over."""
    from geogate.gate.house import House
    from geogate.gate.keys_change import rotate

    house = House.from_environment(actor=actor)
    row = rotate(overlap=timedelta(hours=overlap_hours), house=house)
    click.echo(f"key {row.id[:16]} signs from now on; give {house.settings.public_key.name} to whoever verifies")
    click.echo(f"clearances of the old key are sent for {overlap_hours} hours", err=True)
    return 0


@command.command("retire")
@click.argument("key_id", metavar="KEY")
@click.option("--in-hours", default=0, show_default=True, type=click.IntRange(0, MOST_HOURS), help="From now.")
@actor_option
def retire(key_id: str, in_hours: int, actor: str) -> int:
    """Let the clearances of an old key end sooner; what it signed in the past stays verified."""
    from geogate.gate.house import House
    from geogate.gate.keys_change import retire

    house = House.from_environment(actor=actor)
    _say(retire(key_id, at=datetime.now(UTC) + timedelta(hours=in_hours), house=house))
    return 0


@command.command("revoke")
@click.argument("key_id", metavar="KEY")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept in the ledger.")
@actor_option
def revoke(key_id: str, reason: str, actor: str) -> int:
    """Trust a key no more, at once and on every machine; the key that signs is replaced first."""
    from geogate.gate.house import House
    from geogate.gate.keys_change import revoke

    _say(revoke(key_id, reason=reason, house=House.from_environment(actor=actor)))
    return 0


def _say(row: KeyRow) -> None:
    click.echo(f"key {row.id[:16]}: {row.state}, {row.until:%Y-%m-%d %H:%M} UTC")
