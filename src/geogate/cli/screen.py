"""``geogate screen``: the pre-check of a dataset; stores nothing, sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from geogate.cli.options import engine_options, wish_options

if TYPE_CHECKING:
    from pathlib import Path


@click.command("screen", short_help="Pre-check a dataset: the verdict, and nothing is stored or sent.")
@wish_options
@engine_options
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
) -> int:
    """Judge DATASET (files, a folder, or an s3:// prefix) as it lies, and print the verdict."""
    from geogate.cli.progress import rows_progress
    from geogate.cli.render import EXIT, print_verdict
    from geogate.gate.engine import Engine
    from geogate.gate.house import House, Wish
    from geogate.gate.screen import screen
    from geogate.policy.declaration import declaration_of

    wish = Wish(
        dataset=dataset,
        policy=policy,
        recipient=recipient,
        destination=destination,
        purpose=purpose,
        assume_crs=assume_crs,
        declaration=declaration_of(declare),
    )
    house = House.from_environment(engine=Engine.named(engine, master=master))
    with rows_progress("screening") as progress:
        verdict = screen(wish, house=house, progress=progress, docs=docs)
    print_verdict(verdict, title=", ".join(dataset), form=form)
    return EXIT[verdict.decision]
