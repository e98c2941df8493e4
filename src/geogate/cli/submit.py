"""``geogate submit``: seal, judge, and clear or hold or deny."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from geogate.cli.options import actor_option, engine_options, wish_options

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.gate.submit import Submission


@click.command("submit", short_help="Seal and judge a dataset; a clear verdict gets a clearance.")
@wish_options
@engine_options
@click.option("--continues", default="", metavar="REQUEST", help="The request that reviewers returned for changes.")
@actor_option
def command(  # noqa: PLR0913, PLR0917 - one argument an option
    dataset: tuple[str, ...],
    policy: str,
    recipient: str,
    destination: str,
    purpose: str,
    assume_crs: str,
    declare: tuple[str, ...],
    form: str,
    docs: Path | None,
    engine: str,
    master: str,
    continues: str,
    actor: str,
) -> int:
    """Seal DATASET (files, a folder, or an s3:// prefix), judge what would leave, and keep all of it in the ledger."""
    from geogate.cli.progress import rows_progress
    from geogate.cli.render import EXIT, plain, print_verdict
    from geogate.gate.engine import Engine
    from geogate.gate.house import House, Wish
    from geogate.gate.submit import submit
    from geogate.model.lifecycle import State
    from geogate.model.verdict import Decision
    from geogate.policy.declaration import declaration_of

    wish = Wish(
        dataset=dataset,
        policy=policy,
        recipient=recipient,
        destination=destination,
        purpose=purpose,
        assume_crs=assume_crs,
        declaration=declaration_of(declare),
        continues=continues,
    )
    house = House.from_environment(actor=actor, engine=Engine.named(engine, master=master))
    with rows_progress("judging") as progress:
        done = submit(wish, house=house, progress=progress, docs=docs)
    print_verdict(done.verdict, title=", ".join(dataset), form=form, request=_about(done))
    lines = [f"request {done.request} is {done.state}" + (", as submitted before" if done.repeated else "")]
    if done.clearance:
        lines.append(f"send it with: geogate send {done.clearance}")
    if done.state == "held":
        lines.append(f"reviewers see it with: geogate review show {plain(done.request)}")
    click.echo("\n".join(lines), err=True)
    # What people approved is cleared, although the machine still holds it.
    return EXIT[Decision.CLEAR] if done.state is State.CLEARED and done.clearance else EXIT[done.verdict.decision]


def _about(done: Submission) -> dict[str, object]:
    """Say what became of the wish, for programs."""
    return {"id": done.request, "state": done.state, "clearance": done.clearance, "repeated": done.repeated}
