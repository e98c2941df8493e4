"""``geogate review``: see what waits, look at a release, vote, and keep the times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from geogate.cli.options import actor_option

if TYPE_CHECKING:
    from geogate.gate.review import Tally
    from geogate.gate.reviews_release import Release

FORMAT = click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")


@click.group("review", short_help="List, show, vote on, return and withdraw held releases.")
def command() -> None:
    """List, show, vote on, return and withdraw held releases."""


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Requests in every state, not only those that wait.")
@click.option("--recipient", default="", metavar="ID", help="Only releases to this recipient.")
@click.option("--text", default="", metavar="TEXT", help="Only where id, purpose, recipient or requester have it.")
@click.option("--page", default=1, type=click.IntRange(1), show_default=True, help="Which 50 of them.")
@FORMAT
@actor_option
def listing(  # noqa: PLR0917 - one argument an option
    everything: bool,  # noqa: FBT001
    recipient: str,
    text: str,
    page: int,
    form: str,
    actor: str,
) -> int:
    """List what waits for somebody, the oldest first, and how many requests are in every state."""
    from geogate.cli.render import print_json
    from geogate.cli.review_tables import print_queue
    from geogate.gate.house import House
    from geogate.gate.reviews_queue import WAITING, Wanted, queue
    from geogate.model.lifecycle import State

    states = tuple(State) if everything else WAITING
    wanted = Wanted(states=states, page=page, recipient=recipient, text=text)
    found = queue(wanted, house=House.from_environment(actor=actor))
    if form == "json":
        print_json([row.document() for row in found.rows])
    else:
        print_queue(found)
    return 0


@command.command("show")
@click.argument("request")
@FORMAT
@actor_option
def show(request: str, form: str, actor: str) -> int:
    """Show a request: the verdict with its reasons, earlier rounds, comments, and the votes that you may see."""
    from geogate.cli.render import print_json
    from geogate.cli.review_tables import print_release

    seen = _seen(request, actor)
    if form == "json":
        print_json(seen.document())
    else:
        print_release(seen)
    return 0


def _seen(request: str, actor: str) -> Release:
    from geogate.gate.house import House
    from geogate.gate.reviews_release import release
    from geogate.gate.views import View, note_view
    from geogate.model.names import RequestId

    house = House.from_environment(actor=actor)
    seen = release(RequestId(request), house=house)
    note_view(View.VIEWED, seen.request.id, what="the release", house=house)
    return seen


@command.command("approve")
@click.argument("request")
@click.option("--comment", default="", metavar="TEXT", help="Why it may leave.")
@FORMAT
@actor_option
def approve(request: str, comment: str, form: str, actor: str) -> int:
    """Vote that REQUEST may leave; the last approval that the policy asks for clears it."""
    from geogate.gate.house import House
    from geogate.gate.review import approve
    from geogate.model.names import RequestId

    return _print_tally(approve(RequestId(request), comment=comment, house=House.from_environment(actor=actor)), form)


@command.command("reject")
@click.argument("request")
@click.option("--comment", required=True, metavar="TEXT", help="Why it must not leave.")
@FORMAT
@actor_option
def reject(request: str, comment: str, form: str, actor: str) -> int:
    """Vote that REQUEST must not leave; it then never does, and ends when enough reviewers have voted."""
    from geogate.gate.house import House
    from geogate.gate.review import reject
    from geogate.model.names import RequestId

    return _print_tally(reject(RequestId(request), comment=comment, house=House.from_environment(actor=actor)), form)


@command.command("return")
@click.argument("request")
@click.option("--comment", required=True, metavar="TEXT", help="What would have to change.")
@FORMAT
@actor_option
def send_back(request: str, comment: str, form: str, actor: str) -> int:
    """Vote that the requester has to change REQUEST, who goes on with geogate submit --continues."""
    from geogate.gate.house import House
    from geogate.gate.review import send_back
    from geogate.model.names import RequestId

    return _print_tally(send_back(RequestId(request), comment=comment, house=House.from_environment(actor=actor)), form)


@command.command("comment")
@click.argument("request")
@click.argument("text")
@actor_option
def comment(request: str, text: str, actor: str) -> int:
    """Say TEXT about REQUEST without a vote; everybody who sees the release reads it."""
    from geogate.gate.house import House
    from geogate.gate.reviews_notes import comment
    from geogate.model.names import RequestId

    comment(RequestId(request), text, house=House.from_environment(actor=actor))
    click.echo(f"the comment is with request {request}")
    return 0


@command.command("withdraw")
@click.argument("request")
@click.option("--comment", default="", metavar="TEXT", help="Why.")
@actor_option
def withdraw(request: str, comment: str, actor: str) -> int:
    """Take REQUEST back, which its requester can until it is sent."""
    from geogate.gate.house import House
    from geogate.gate.review import withdraw
    from geogate.model.names import RequestId

    state = withdraw(RequestId(request), comment=comment, house=House.from_environment(actor=actor))
    click.echo(f"request {request} is {state}")
    return 0


@command.command("expire")
@actor_option
def expire(actor: str) -> int:
    """End what waited too long: reviews, returned requests, clearances, and what the gate did not go on with."""
    from geogate.cli.render import plain
    from geogate.gate.house import House
    from geogate.gate.reviews_times import expire

    ended = expire(house=House.from_environment(actor=actor))
    for each in ended:
        click.echo(f"request {plain(each.request)} is {each.state}: {each.reason}")
    click.echo(f"{len(ended)} requests waited too long")
    return 0


@command.command("remind")
@FORMAT
@actor_option
def remind(form: str, actor: str) -> int:
    """Print who has to act on what, once for each step of its time, for whoever sends it on."""
    from dataclasses import asdict

    from geogate.cli.render import plain, print_json
    from geogate.gate.house import House
    from geogate.gate.reviews_times import remind

    found = remind(house=House.from_environment(actor=actor))
    if form == "json":
        print_json([asdict(each) | {"deadline": each.deadline.isoformat()} for each in found])
        return 0
    for each in found:
        what = f"request {plain(each.request)} to {plain(each.recipient)} is {each.state}"
        click.echo(f"{each.acts}: {what} until {each.deadline:%Y-%m-%d %H:%M} UTC; {each.step}")
    if not found:
        click.echo("nobody is to be reminded")
    return 0


def _print_tally(tally: Tally, form: str) -> int:
    from dataclasses import asdict

    from geogate.cli.render import print_json

    if form == "json":
        print_json(asdict(tally))
        return 0
    click.echo(f"request {tally.request} is {tally.state}: {tally.votes} of {tally.needed} reviewers have voted")
    if tally.clearance:
        click.echo(f"send it with: geogate send {tally.clearance}")
    return 0
