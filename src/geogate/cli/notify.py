"""``geogate notify``: tell people what waits for them, by mail and chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from geogate.cli.options import actor_option

if TYPE_CHECKING:
    from geogate.gate.house import House
    from geogate.gate.notify import Outcome

FAILED = 5


@click.command("notify", short_help="Tell people what waits for them, by mail and chat.")
@click.option("--try", "receiver", default="", metavar="RECEIVER", help="Only send a test to one receiver.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")
@actor_option
def command(receiver: str, form: str, actor: str) -> int:
    """Tell the receivers in GEOGATE_NOTIFICATIONS what they were not told yet: votes, decisions, deadlines, duties.

    Each of them is told each event once, however often this runs; run it from a timer. Exit code 5 when somebody could
    not be told: that changes no decision, and the next run tries again.
    """
    from geogate.gate.house import House
    from geogate.gate.notify import notify

    house = House.from_environment(actor=actor)
    return _try(receiver, house) if receiver else _print(notify(house=house), form)


def _try(receiver: str, house: House) -> int:
    from geogate.gate.notify import probe

    why = probe(receiver, house=house)
    click.echo(f"{receiver}: {why or 'took the test'}", err=bool(why))
    return FAILED if why else 0


def _print(done: Outcome, form: str) -> int:
    from dataclasses import asdict

    from geogate.cli.render import plain, print_json

    if form == "json":
        print_json(asdict(done))
        return FAILED if done.failed else 0
    for each in done.told:
        click.echo(f"{each.receiver}: {each.event} {plain(each.about)}")
    for each in done.failed:
        click.secho(f"{each.receiver}: not told of {each.event} {plain(each.about)}: {each.why}", fg="red", err=True)
    for event, about in done.unheard:
        click.secho(f"there is nobody to be told of {event} {plain(about)}", fg="yellow", err=True)
    click.echo(f"{len(done.told)} told, {len(done.failed)} could not be told")
    return FAILED if done.failed else 0
