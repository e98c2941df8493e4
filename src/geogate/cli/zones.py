"""``geogate zones``: put zone lists in place, pin, sign, check, list and compare them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geogate.cli.zone_options import fact_options, facts_from

if TYPE_CHECKING:
    from datetime import date

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW = click.Path(dir_okay=False, path_type=Path)
FORM = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
DAYS = click.option(
    "--days", default=30, type=click.IntRange(0), show_default=True, help="Warn when it ends within so many days."
)


def _today() -> date:
    return datetime.now(UTC).date()


@click.group("zones", short_help="Import, pin, sign, check, list and compare zone lists.")
def command() -> None:
    """Import, pin, sign, check, list and compare zone lists; their shapes are drawn by diff --map alone."""


@command.command("check")
@click.argument("manifests", nargs=-1, required=True, type=FILE)
@DAYS
def check(manifests: tuple[Path, ...], *, days: int) -> int:
    """Read MANIFESTS and their data wholly, as the gate does; exit code 4 when one would stop it."""
    from geogate.cli.render import plain
    from geogate.gate.zones import check_zone_list, days_left

    results = [check_zone_list(path, today=_today()) for path in manifests]
    for path, result in zip(manifests, results, strict=True):
        said = f"{plain(result.name)}: {plain(result.problem or result.summary)}"
        click.secho(said, fg="red" if result.problem else None)
        if result.hint:
            click.echo(f"  {plain(result.hint)}")
        left = days_left(path, today=_today())
        if not result.problem and left is not None and left <= days:
            click.secho(f"  the list ends in {left} days", fg="yellow", err=True)
    return 4 if any(result.problem for result in results) else 0


@command.command("compile")
@click.argument("data", type=FILE)
@fact_options
def compile_(data: Path, **given: Any) -> int:
    """Read DATA wholly and write the manifest that pins it by digest and count beside it.

    DATA is GeoJSON, GeoPackage, FlatGeobuf, KML, KMZ, Shapefile, OpenAir, CSV of corners, ArcGIS JSON, or an extract of
    OpenStreetMap as XML or PBF.
    """
    from geogate.gate.zones import compile_zone_list

    expected = given.pop("expect_count")
    manifest, line = compile_zone_list(data, facts=facts_from(given), today=_today(), expected=expected)
    click.echo(f"{manifest.name}: {line}")
    return 0


@command.command("import")
@click.argument("data", metavar="SOURCE", type=FILE)
@fact_options
@click.option("--replace", is_flag=True, help="Replace the list of that name, and say what changes.")
@click.option("--key", default=None, type=FILE, help="Sign it with this private key.")
def import_(data: Path, *, replace: bool, key: Path | None, **given: Any) -> int:
    """Copy SOURCE into zones/ of GEOGATE_POLICIES, pin it, and sign it where a key is named.

    Nothing is put there unless the source is wholly understood and has the zones that are expected.
    """
    from geogate.gate.house import House
    from geogate.gate.zones import import_zone_list

    house = House.from_environment()
    expected = given.pop("expect_count")
    done = import_zone_list(
        data,
        folder=house.settings.policies / "zones",
        facts=facts_from(given),
        today=house.today(),
        expected=expected,
        replace=replace,
        key=key,
    )
    click.echo(f"{done.manifest.name}: {done.line}")
    if done.signed_by:
        click.echo(f"signed by {done.signed_by[:16]}")
    if done.diff:
        from geogate.cli.zone_tables import counted

        click.echo(f"against the list that it replaces: {counted(done.diff)}")
    return 0


@command.command("list")
@FORM
@DAYS
def list_(*, form: str, days: int) -> int:
    """List what is in zones/ of GEOGATE_POLICIES; exit code 4 when a list would stop the gate."""
    from geogate.cli.zone_tables import print_lists
    from geogate.gate.house import House
    from geogate.gate.zones_overview import list_zones

    house = House.from_environment()
    found = list_zones(house.settings.policies / "zones", today=house.today())
    print_lists(found, form=form, days=days)
    return 4 if any(each.problem for each in found) else 0


@command.command("diff")
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@FORM
@click.option("--map", "page", default=None, type=NEW, metavar="FILE.html", help="Draw both there. It shows the zones.")
def diff(old: Path, new: Path, *, form: str, page: Path | None) -> int:
    """Compare the lists of two manifests, OLD and NEW; exit code 0 when they protect the same, 10 when they do not.

    What is printed has ids, areas and distances and no place. The map is one local page that only you can read.
    """
    from geogate.cli.zone_tables import print_diff
    from geogate.gate.zones_diff import diff_zone_lists

    found = diff_zone_lists(old, new, today=_today())
    print_diff(found, form=form)
    if page is not None:
        from geogate.gate.zones_map import write_map

        write_map(found, page)
        click.secho(f"{page.name} shows zones: keep it as secret as the list", fg="yellow", err=True)
    return 0 if found.same else 10


@command.command("sign")
@click.argument("manifests", nargs=-1, required=True, type=FILE)
@click.option("--key", required=True, type=FILE, help="The private key, as geogate zones key makes it.")
def sign(manifests: tuple[Path, ...], *, key: Path) -> int:
    """Sign the lists of MANIFESTS as they are now: a signature beside each, over the manifest and its data."""
    from geogate.gate.zones_trust import sign_zone_list

    for path in manifests:
        signature, signer = sign_zone_list(path, key=key, today=_today())
        click.echo(f"{signature.name}: signed by {signer[:16]}")
    return 0


@command.command("key")
@click.argument("file", type=NEW)
def key_(file: Path) -> int:
    """Make a pair of keys: FILE, which only you can read, and FILE.pub, which goes to zones/keys/."""
    from geogate.gate.zones_trust import make_key

    public, signer = make_key(file)
    click.echo(f"{public.name}: {signer[:16]}; put it in zones/keys/ of the place to demand signatures")
    return 0
