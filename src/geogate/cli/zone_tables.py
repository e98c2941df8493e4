"""Zone lists and what changed between them, printed for people and for programs; without a place."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from geogate.cli.render import plain, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geogate.gate.zones_diff import ZoneChange, ZoneListDiff
    from geogate.gate.zones_overview import ListedZones

_KILO = 1000.0


def counted(diff: ZoneListDiff) -> str:
    """Count what became of the zones."""
    from geogate.gate.zones_diff import Kind

    return ", ".join([*(f"{diff.count(kind)} {kind}" for kind in Kind), f"{diff.unchanged} unchanged"])


def print_lists(found: Sequence[ListedZones], *, form: str, days: int) -> None:
    """Print every list of a place."""
    if form == "json":
        print_json([_document(asdict(each)) | {"ends_soon": each.ends_within(days)} for each in found])
        return
    for each in found:
        click.echo(f"{plain(each.name)}: {plain(each.title)}")
        if each.digest:
            classes = ", ".join(f"{count} {plain(name)}" for name, count in each.classes.items())
            click.echo(
                f"  {each.zones} zones ({classes}), {each.begins} to {each.valid_until}, {each.days_left} days left"
            )
            click.echo(
                f"  {each.digest[:12]}, {f'signed by {each.signed_by[:16]}' if each.signed_by else 'not signed'}"
            )
        if each.problem:
            click.secho(f"  stops the gate: {plain(each.problem)}", fg="red")
        elif each.ends_within(days):
            click.secho(f"  ends in {each.days_left} days", fg="yellow")


def print_diff(diff: ZoneListDiff, *, form: str) -> None:
    """Print what changed between two lists."""
    if form == "json":
        from geogate.gate.zones_diff import Kind

        print_json(
            {
                "old": {"name": diff.old.name, "digest": diff.old.digest, "zones": len(diff.old.zones)},
                "new": {"name": diff.new.name, "digest": diff.new.digest, "zones": len(diff.new.zones)},
                "same": diff.same,
                "unchanged": diff.unchanged,
                **{str(kind): diff.count(kind) for kind in Kind},
                "facts": list(diff.facts),
                "changes": [_document(asdict(change)) for change in diff.changes],
            }
        )
        return
    click.echo(f"{len(diff.old.zones)} zones, then {len(diff.new.zones)}: {counted(diff)}")
    if diff.facts:
        click.echo(f"said otherwise: {', '.join(diff.facts)}")
    for change in diff.changes:
        click.echo(f"  {_said(change)}")


def _said(change: ZoneChange) -> str:
    name = f"{change.id} is now {change.renamed_to}" if change.renamed_to else change.id
    parts = [f"{change.kind} {name} ({change.category})"]
    if change.aspects:
        parts.append(f"other {', '.join(change.aspects)}")
    if change.shift_m is not None:
        parts.append(f"moved by {_distance(change.shift_m)}")
    areas = [area for area in (change.old_area_m2, change.new_area_m2) if area]
    if areas:
        parts.append(" to ".join(f"{area / _KILO**2:.4g} km²" for area in areas))
    if change.shared is not None:
        parts.append(f"{change.shared:.0%} shared")
    return plain("; ".join(parts))


def _distance(metres: float) -> str:
    return f"{metres:.1f} m" if metres < _KILO else f"{metres / _KILO:.1f} km"


def _document(values: Mapping[str, Any]) -> dict[str, Any]:
    """Make what dataclasses hold printable as JSON."""
    return {
        key: str(value) if hasattr(value, "isoformat") else round(value, 3) if isinstance(value, float) else value
        for key, value in values.items()
    }
