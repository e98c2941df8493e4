"""``geogate remedy``: carry out what would make a dataset pass, as a new artefact, and screen that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from geogate.cli.options import wish_options

if TYPE_CHECKING:
    from geogate.gate.remedy import Remedied

KINDS = (
    "coarsen",
    "generalise",
    "keep-out",
    "drop-rows",
    "drop-heights",
    "drop-columns",
    "hash-columns",
    "round-times",
    "round-numbers",
    "suppress-cells",
    "keep-crowded",
    "rewrite",
)


@click.command("remedy", short_help="Carry out mechanical remedies as a new artefact, and screen it.")
@wish_options
@click.option(
    "--output",
    "-o",
    default=None,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A new file, or a new folder if it has no extension; without it there is only the plan.",
)
@click.option("--plan", "plan_only", is_flag=True, help="Only show what would be done; nothing is written.")
@click.option("--only", multiple=True, type=click.Choice(KINDS), help="Carry out this kind of remedy only; repeatable.")
@click.option("--choose", multiple=True, metavar="ID", help="Carry out this remedy of the plan only; repeatable.")
@click.option("--hash", "hashed", multiple=True, metavar="COLUMN", help="Hash the column instead of dropping it.")
@click.option("--clip", is_flag=True, help="Cut lines and polygons near zones instead of dropping them.")
@click.option(
    "--cell",
    "cell_m",
    type=click.FloatRange(100, 200_000),
    default=5_000.0,
    show_default=True,
    metavar="METRES",
    help="The cells that are left out near zones.",
)
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
    output: Path | None,
    plan_only: bool,  # noqa: FBT001 - click calls it
    only: tuple[str, ...],
    choose: tuple[str, ...],
    hashed: tuple[str, ...],
    clip: bool,  # noqa: FBT001 - click calls it
    cell_m: float,
) -> int:
    """Screen DATASET, carry out the remedies that are mechanical into a new --output, and screen the result.

    The exit code is that of the verdict on what was written; without an output that of the dataset as it lies.
    """
    from geogate.cli.progress import rows_progress
    from geogate.cli.remedy_tables import print_remedied
    from geogate.cli.render import EXIT
    from geogate.gate.house import House, Wish
    from geogate.gate.remedy import Orders, remedy
    from geogate.gate.remedy_plan import Selection
    from geogate.model.errors import UsageError
    from geogate.policy.declaration import declaration_of
    from geogate.remedies.proposal import Kind, Wishes

    if output is None and not plan_only:
        raise UsageError("there is nowhere to write to", hint="name a new file with --output, or ask for the --plan")
    if plan_only and output is not None:
        raise UsageError("a plan writes nothing", hint="leave out --plan or --output")
    wish = Wish(
        dataset=dataset,
        policy=policy,
        recipient=recipient,
        destination=destination,
        purpose=purpose,
        assume_crs=assume_crs,
        declaration=declaration_of(declare),
    )
    orders = Orders(
        output=output,
        selection=Selection(kinds=tuple(map(Kind, only)), ids=choose),
        wishes=Wishes(cell_m=cell_m, clip=clip, hashed=hashed),
        docs=docs,
    )
    with rows_progress("screening") as progress:
        found: Remedied = remedy(wish, orders, house=House.from_environment(), progress=progress)
    print_remedied(found, title=", ".join(dataset), form=form)
    return EXIT[found.decision]
