"""``geogate console``: serve the web console, and make tokens for services."""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from geogate.console.store import Store
    from geogate.gate.house import House

NEEDED = "pip install 'geogate[console]'"
ROLES = ("requester", "reviewer", "policy-owner", "auditor", "administrator", "monitor")


@click.group("console", invoke_without_command=True, short_help="Serve the web console, and make tokens for services.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8585, show_default=True, type=click.IntRange(0, 65535), help="The port to listen on.")
@click.pass_context
def command(ctx: click.Context, host: str, port: int) -> int | None:
    """Serve the web console, as GEOGATE_CONSOLE_* says; it does not start where nobody would have to sign in."""
    if ctx.invoked_subcommand is not None:
        return None
    from geogate.gate.house import House

    try:
        import uvicorn

        from geogate.console.app import create_app
        from geogate.console.settings import ConsoleSettings
    except ImportError as error:
        raise UsageError("geogate is installed without its console", hint=NEEDED) from error
    house = House.from_environment()
    settings = ConsoleSettings.from_environment(os.environ, gate=house.settings)
    house.ledger().close()
    app = create_app(house, settings)
    logging.getLogger("uvicorn.error").addFilter(_without_traceback)
    click.echo(f"the console listens on {host}:{port}; browsers find it at {settings.url}", err=True)
    # Headers about the peer are for this console to believe, and only those of its proxy.
    uvicorn.run(app, host=host, port=port, proxy_headers=False, server_header=False, log_level="warning")
    return 0


@command.group("token")
def token() -> None:
    """Make, list and revoke tokens of services, which act as token:NAME."""


@token.command("make")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="What it is for.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="How long it lasts.")
def make(name: str, roles: tuple[str, ...], days: int) -> int:
    """Make a token and print it, once: it is kept as a digest only.

    roles.yaml must give these roles to token:NAME too.
    """
    from geogate.console.people import make_token
    from geogate.model.authority import Role

    house, store = _store()
    given = frozenset(map(Role, roles))
    click.echo(make_token(store, name, roles=given, lasts=timedelta(days=days), at=house.clock()))
    click.echo(f"it acts as token:{name} for {days} days, where roles.yaml says so", err=True)
    return 0


@token.command("list")
def listing() -> int:
    """List the tokens that there are."""
    from rich.table import Table

    from geogate.cli.render import console, plain
    from geogate.console.people import tokens

    house, store = _store()
    table = Table(box=None, pad_edge=False)
    for column in ("id", "acts as", "roles", "until", "state"):
        table.add_column(column, header_style="dim", overflow="fold")
    for each in tokens(store):
        state = "revoked" if each.revoked else "over" if each.ends <= house.clock() else "good"
        row = (each.id, f"token:{each.name}", ", ".join(each.roles), f"{each.ends:%Y-%m-%d}", state)
        table.add_row(*map(plain, row))
    console().print(table)
    return 0


@token.command("rotate")
@click.argument("token_id", metavar="ID")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="How long the new one lasts.")
@click.option("--overlap-hours", default=24, show_default=True, type=click.IntRange(0, 720), help="How long both do.")
def rotate(token_id: str, days: int, overlap_hours: int) -> int:
    """Make a token in the place of another one, and print it, once; the other one ends after the overlap."""
    from geogate.console.people import rotate_token

    house, store = _store()
    overlap = timedelta(hours=overlap_hours)
    click.echo(rotate_token(store, token_id, lasts=timedelta(days=days), overlap=overlap, at=house.clock()))
    click.echo(f"token {token_id} ends in {overlap_hours} hours at the latest", err=True)
    return 0


@command.command("rotate-secret")
@click.option("--at-once", is_flag=True, help="Take no form that was made before.")
def rotate_secret(*, at_once: bool) -> int:
    """Sign forms with a new key; pages that are open can be sent for two hours, or not --at-once."""
    from geogate.console.forms import LASTS

    house, store = _store()
    store.rotate_secret(at=house.clock(), overlap=timedelta() if at_once else LASTS)
    click.echo("forms are signed with a new key")
    return 0


@token.command("revoke")
@click.argument("token_id", metavar="ID")
def revoke(token_id: str) -> int:
    """End a token at once."""
    from geogate.console.people import revoke_token

    house, store = _store()
    revoke_token(store, token_id, at=house.clock())
    click.echo(f"token {token_id} is revoked")
    return 0


@command.command("sign-out")
@click.argument("name")
def sign_out(name: str) -> int:
    """End all sessions of somebody, by the name that the console shows."""
    from geogate.console.people import end_all

    _, store = _store()
    click.echo(f"{end_all(store, name)} sessions of {name} have ended")
    return 0


def _store() -> tuple[House, Store]:
    from geogate.console.store import Store
    from geogate.gate.house import House

    house = House.from_environment()
    return house, Store(house.settings.home / "console.db")


def _without_traceback(line: logging.LogRecord) -> bool:
    """Keep tracebacks out of the log: they could show what is in data."""
    line.exc_info = None
    return True
