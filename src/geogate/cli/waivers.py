"""``geogate waivers``: reviewed exceptions from a rule, with an owner and an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from geogate.cli.options import actor_option

if TYPE_CHECKING:
    from geogate.gate.waivers import WaiverRow

FORMAT = click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")


@click.group("waivers", short_help="Ask for, approve, revoke and list waivers.")
def command() -> None:
    """Ask for, approve, revoke and list waivers."""


@command.command("ask")
@click.option("--policy", "-p", required=True, metavar="NAME", help="The policy in whose file the rule stands.")
@click.option("--rule", required=True, metavar="ID", help="The rule, which the policy lets be waived.")
@click.option("--recipient", "-r", required=True, metavar="ID", help="For releases to this recipient.")
@click.option("--dataset", required=True, metavar="PATTERN", help="For datasets of this name; * is any letters.")
@click.option("--zone-class", default="", metavar="CLASS", help="For a rule about zones: the class of its zones.")
@click.option("--reason", required=True, metavar="TEXT", help="Why.")
@click.option("--owner", required=True, metavar="NAME", help="Who answers for it.")
@click.option("--ticket", required=True, metavar="TEXT", help="Where it was discussed.")
@click.option("--days", default=30, type=click.IntRange(1, 90), show_default=True, help="For how long.")
@actor_option
def ask(  # noqa: PLR0913, PLR0917 - one argument an option
    policy: str,
    rule: str,
    recipient: str,
    dataset: str,
    zone_class: str,
    reason: str,
    owner: str,
    ticket: str,
    days: int,
    actor: str,
) -> int:
    """Ask for a waiver; it holds when two others, of whom none owns it, have approved it."""
    from geogate.gate.house import House
    from geogate.gate.waivers import WaiverWish, ask_waiver

    wish = WaiverWish(
        policy=policy,
        rule=rule,
        recipient=recipient,
        dataset=dataset,
        zone_class=zone_class,
        reason=reason,
        owner=owner,
        ticket=ticket,
        days=days,
    )
    asked = ask_waiver(wish, house=House.from_environment(actor=actor))
    click.echo(f"waiver {asked.id} waits for two approvals; it would end on {asked.expires_at:%Y-%m-%d %H:%M} UTC")
    return 0


@command.command("approve")
@click.argument("waiver")
@actor_option
def approve(waiver: str, actor: str) -> int:
    """Approve WAIVER, which neither who asked for it nor its owner can."""
    from geogate.gate.house import House
    from geogate.gate.waivers import approve_waiver
    from geogate.model.waiver import APPROVALS

    house = House.from_environment(actor=actor)
    standing = approve_waiver(waiver, house=house)
    click.echo(f"waiver {standing.waiver.id}: {len(standing.approvers)} of {APPROVALS} approvals")
    return 0


@command.command("revoke")
@click.argument("waiver")
@click.option("--reason", required=True, metavar="TEXT", help="Why.")
@actor_option
def revoke(waiver: str, reason: str, actor: str) -> int:
    """End WAIVER at once; what was cleared by it is not sent any more."""
    from geogate.gate.house import House
    from geogate.gate.waivers import revoke_waiver

    standing = revoke_waiver(waiver, reason=reason, house=House.from_environment(actor=actor))
    click.echo(f"waiver {standing.waiver.id} is revoked")
    return 0


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are over, too.")
@FORMAT
@actor_option
def listing(everything: bool, form: str, actor: str) -> int:  # noqa: FBT001
    """List the waivers that hold or wait for approval, those first that end first."""
    from geogate.cli.render import console, plain, print_json
    from geogate.gate.house import House
    from geogate.gate.waivers import waivers

    rows = waivers(everything=everything, house=House.from_environment(actor=actor))
    if form == "json":
        print_json([row.document() for row in rows])
        return 0
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("waiver", "state", "until", "rule", "recipient", "dataset", "owner", "ticket"):
        table.add_column(column, header_style="dim", overflow="fold")
    for row in rows:
        each = row.standing.waiver
        rule = f"{each.policy}/{each.rule}" + (f" ({each.zone_class})" if each.zone_class else "")
        until = f"{each.expires_at:%Y-%m-%d %H:%M}"
        cells = (each.id, row.state, until, rule, each.recipient, each.dataset, each.owner, each.ticket)
        table.add_row(*map(plain, cells))
    console().print(table if rows else "there are no waivers")
    return 0


@command.command("show")
@click.argument("waiver")
@FORMAT
@actor_option
def show(waiver: str, form: str, actor: str) -> int:
    """Show WAIVER: what it is for, why, who answers for it, who approved it, and until when it holds."""
    from geogate.cli.render import plain, print_json
    from geogate.gate.house import House
    from geogate.gate.waivers import waiver as found

    row = found(waiver, house=House.from_environment(actor=actor))
    if form == "json":
        print_json(row.document())
        return 0
    for line in _lines(row):
        click.echo(plain(line))
    return 0


def _lines(row: WaiverRow) -> list[str]:
    each = row.standing.waiver
    lines = [
        f"waiver {each.id} {row.state}, until {each.expires_at:%Y-%m-%d %H:%M} UTC",
        f"rule: {each.policy}/{each.rule}" + (f" in zones of {each.zone_class}" if each.zone_class else ""),
        f"for: {each.recipient}, datasets {each.dataset}",
        f"reason: {each.reason}",
        f"ticket: {each.ticket}",
        f"owner: {each.owner}; asked by {each.asked_by} on {each.asked_at:%Y-%m-%d %H:%M}",
        *(f"approved by {approval.by} on {approval.at:%Y-%m-%d %H:%M}" for approval in row.standing.approvals),
    ]
    return [*lines, f"revoked {row.standing.revoked}"] if row.standing.revoked else lines
