"""``geogate zones``: pin a zone list by its digest, and check pinned lists."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])


@click.group("zones", short_help="Compile and check zone lists.")
def command() -> None:
    """Compile and check zone lists; the shapes of zones are never printed."""


@command.command("check")
@click.argument("manifests", nargs=-1, required=True, type=FILE)
def check(manifests: tuple[Path, ...]) -> int:
    """Read MANIFESTS and their data wholly, as the gate does; exit code 4 when one would stop it."""
    from geogate.gate.zones import check_zone_list

    results = [check_zone_list(path, today=datetime.now(UTC).date()) for path in manifests]
    for result in results:
        click.secho(f"{result.name}: {result.problem or result.summary}", fg="red" if result.problem else None)
        if result.hint:
            click.echo(f"  {result.hint}")
    return 4 if any(result.problem for result in results) else 0


@command.command("compile")
@click.argument("data", type=FILE)
@click.option("--name", required=True, help="The list's name, by which policies refer to it.")
@click.option("--title", required=True, help="What the list is.")
@click.option("--source", required=True, help="Where it comes from.")
@click.option("--licence", required=True, help="Under which terms it may be used.")
@click.option("--as-of", required=True, type=DAY, help="The day that the list describes.")
@click.option("--valid-until", required=True, type=DAY, help="The last day on which the gate may use it.")
@click.option("--category", required=True, help="The class of its zones, e.g. military.")
@click.option("--category-field", default=None, help="The attribute that has the class of each zone.")
@click.option("--id-field", default=None, help="The attribute that has the id of each zone; default: its number.")
@click.option(
    "--buffer-m", default=0.0, type=click.FloatRange(0, 500_000), show_default=True, help="Metres round each zone."
)
@click.option("--buffer-field", default=None, help="The attribute that has the metres round each zone.")
def compile_(  # noqa: PLR0913, PLR0917 - one argument an option
    data: Path,
    name: str,
    title: str,
    source: str,
    licence: str,
    as_of: datetime,
    valid_until: datetime,
    category: str,
    category_field: str | None,
    id_field: str | None,
    buffer_m: float,
    buffer_field: str | None,
) -> int:
    """Read DATA wholly and write the manifest that pins it by digest and count beside it.

    DATA is GeoJSON, GeoPackage, FlatGeobuf, KML, Shapefile or OpenAir.
    """
    from geogate.gate.zones import ZoneListFacts, compile_zone_list
    from geogate.model.names import ZoneListName

    facts = ZoneListFacts(
        name=ZoneListName(name),
        title=title,
        source=source,
        licence=licence,
        as_of=as_of.date(),
        valid_until=valid_until.date(),
        category=category,
        category_field=category_field,
        id_field=id_field,
        buffer_m=buffer_m,
        buffer_field=buffer_field,
    )
    manifest, line = compile_zone_list(data, facts=facts, today=datetime.now(UTC).date())
    click.echo(f"{manifest.name}: {line}")
    return 0
