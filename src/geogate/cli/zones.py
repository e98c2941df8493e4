"""``geogate zones``: pin a zone list by its digest, and check pinned lists."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("zones", short_help="Compile and check zone lists.")
def command() -> None:
    """Compile and check zone lists; the shapes of zones are never printed."""


@command.command("check")
@click.argument("manifests", nargs=-1, required=True, type=FILE)
def check(manifests: tuple[Path, ...]) -> int:
    """Read MANIFESTS and their data wholly, as the gate does; exit code 4 when one would stop it."""
    from geogate.gate.zones import check_zone_list

    results = [check_zone_list(path) for path in manifests]
    for result in results:
        click.secho(f"{result.name}: {result.problem or result.summary}", fg="red" if result.problem else None)
        if result.hint:
            click.echo(f"  {result.hint}")
    return 4 if any(result.problem for result in results) else 0
