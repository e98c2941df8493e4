"""``geogate recalls``: what was sent and has to come back, the notices to recipients, and how each recall goes on."""

from __future__ import annotations

import click

from geogate.cli.options import actor_option


@click.group("recalls", invoke_without_command=True, short_help="List what has to come back, and follow it up.")
@click.option("--all", "everything", is_flag=True, help="Also what was confirmed or withdrawn.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")
@click.pass_context
def command(ctx: click.Context, *, everything: bool, form: str) -> int:
    """List the recalls that are open, the oldest first.

    An audit opens one for each release that would be denied today; one that is overdue makes the audit fail.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    from geogate.cli.render import plain, print_json
    from geogate.gate.house import House
    from geogate.gate.recall import recalls

    house = House.from_environment()
    now = house.clock()
    found = [each for each in recalls(house=house) if everything or each.open]
    if form == "json":
        print_json(
            [
                {
                    "request": str(each.request),
                    "state": each.state(now),
                    "due": each.due.isoformat(),
                    "reason": each.reason,
                    "said": list(each.said),
                }
                for each in found
            ]
        )
        return 0
    for each in found:
        state = each.state(now)
        click.secho(f"{plain(each.request)}  {state}, due {each.due:%Y-%m-%d}", fg="red" if each.open else None)
        for line in each.said:
            click.echo(f"  {plain(line)}")
    click.echo(f"{sum(each.open for each in found)} open, {sum(each.overdue(now) for each in found)} of them overdue")
    return 0


@command.command("notices")
@click.option("--recipient", default="", help="Only the notice to this recipient.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")
def write_notices(recipient: str, form: str) -> int:
    """Write the notice to each recipient who has something that must come back."""
    import json

    from geogate.cli.render import print_json
    from geogate.gate.house import House
    from geogate.gate.recall_notice import notices
    from geogate.model.document import canonical_json

    found = [each for each in notices(house=House.from_environment()) if recipient in {"", each.recipient}]
    if form == "json":
        print_json([json.loads(canonical_json(each)) for each in found])
        return 0
    for each in found:
        click.echo(each.text)
    return 0


@command.command("open")
@click.argument("request", metavar="REQUEST")
@click.option("--comment", required=True, metavar="TEXT", help="Why it has to come back.")
@actor_option
def open_one(request: str, comment: str, actor: str) -> int:
    """Begin the recall of the release REQUEST, which no audit has asked for."""
    from geogate.cli.render import plain
    from geogate.gate.house import House
    from geogate.gate.recall import open_recall
    from geogate.model.names import RequestId

    house = House.from_environment(actor=actor)
    found = open_recall(RequestId(request), reason=comment, house=house)
    click.echo(f"{plain(found.request)}: open, due {found.due:%Y-%m-%d}")
    return 0


def _following(name: str, word: str, text: str) -> None:
    """Add the command by which somebody says a word about a recall."""

    @command.command(name, help=text)
    @click.argument("request", metavar="REQUEST")
    @click.option("--comment", required=True, metavar="TEXT", help="By whom, to whom, when and how.")
    @actor_option
    def follow(request: str, comment: str, actor: str) -> int:
        from geogate.cli.render import plain
        from geogate.gate.house import House
        from geogate.gate.recall import Word, say
        from geogate.model.names import RequestId

        house = House.from_environment(actor=actor)
        found = say(RequestId(request), Word(word), comment=comment, house=house)
        click.echo(f"{plain(found.request)}: {found.state(house.clock())}")
        return 0


_following("notified", "notified", "Say that the recipient was told of the recall of REQUEST.")
_following("confirm", "confirmed", "Say that the recipient has confirmed the deletion: REQUEST is recalled for good.")
_following("failed", "failed", "Say that the recipient cannot or does not give REQUEST back; the recall stays open.")
_following("withdraw", "withdrawn", "Say that REQUEST need not come back after all.")
