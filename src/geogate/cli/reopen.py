"""``geogate reopen``: settle what a restored ledger lacks, and open the gate."""

from __future__ import annotations

import click

from geogate.cli.options import actor_option

REFUSED = 11


@click.command("reopen", short_help="Settle what a restored ledger lacks, and open the gate.")
@click.option("--anchors", multiple=True, metavar="PLACE", help="Where heads are kept; default: GEOGATE_LEDGER_ANCHOR.")
@click.option("--confirm", "comment", default="", metavar="WHY", help="Open it though something is lost or not known.")
@actor_option
def command(anchors: tuple[str, ...], comment: str, actor: str) -> int:
    """Compare a restored ledger with the heads and objects that are elsewhere, and open the gate where nothing is lost.

    Everything that was on its way is ended, waivers are revoked and feeds stopped: nothing that was cleared before is
    ever sent. Exit code 11 means that the gate stays shut.
    """
    from geogate.cli.render import plain
    from geogate.gate.house import House
    from geogate.gate.reopen import reopen

    done = reopen(comment=comment, anchors=anchors, house=House.from_environment(actor=actor))
    for doubt in done.doubts:
        click.secho(plain(doubt), fg="red")
    if not done.opened:
        click.echo("the gate stays shut; find out what was lost, then say why it may open with --confirm", err=True)
        return REFUSED
    click.echo(
        f"the gate is open: {done.ended} requests ended, {done.revoked} waivers revoked, {done.stopped} feeds stopped"
    )
    return 0
