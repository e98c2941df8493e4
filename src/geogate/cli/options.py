"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from geogate.gate.engine import EngineName

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

FOLDER = click.Path(file_okay=False, path_type=Path)
FORMATS = ("text", "json", "sarif")
PLACES = "A place: s3://…, az://…, gs://…, sftp://…, https://…, ogcapi://… or a directory."


def wish_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add what a dataset is judged for: policy, recipient, destination, purpose."""
    for option in reversed(
        (
            click.argument("dataset", nargs=-1, required=True, metavar="DATASET..."),
            click.option(
                "--policy",
                "-p",
                default="",
                metavar="NAME",
                help="Policy in GEOGATE_POLICIES, besides those in its adopted.yaml.",
            ),
            click.option("--recipient", "-r", required=True, metavar="ID", help="Recipient in recipients.yaml."),
            click.option("--to", "-t", "destination", required=True, metavar="URI", help=PLACES),
            click.option("--purpose", default="", metavar="TEXT", help="What the recipient will use it for."),
            click.option(
                "--assume-crs", default="", metavar="CRS", help="CRS of layers that do not say, e.g. EPSG:4326."
            ),
            click.option(
                "--declare",
                multiple=True,
                metavar="KEY=VALUE",
                help="What the data does not say, e.g. origins=DE,FR or transaction=research; repeatable.",
            ),
            click.option("--docs", default=None, type=FOLDER, metavar="FOLDER", help="Write offline Data Docs there."),
            click.option(
                "--format", "form", type=click.Choice(FORMATS), default="text", help="How to print the verdict."
            ),
        )
    ):
        command = option(command)
    return command


def engine_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add where rows are measured."""
    engine = click.option(
        "--engine",
        type=click.Choice([name.value for name in EngineName]),
        default="local",
        help="What measures; the verdict is the same.",
    )
    master = click.option(
        "--master", default="", metavar="URL", help="Spark master, e.g. local[4]; default: Spark's own configuration."
    )
    return engine(master(command))


def actor_option(command: Callable[P, R]) -> Callable[P, R]:
    """Add who acts; the operating system's user unless named."""
    return click.option("--as", "actor", default="", metavar="NAME", help="Who acts; default: your user name.")(command)
