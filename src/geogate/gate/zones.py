"""Zone lists as files that people handle: pin one by its digest, check one as the gate would; shapes are not shown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from geogate.gate.check import Checked
from geogate.model.errors import GeogateError, PolicyError
from geogate.readers.zone_files import ZoneListFacts, load_zone_list, pin_zone_list

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from geogate.zones.zone import ZoneList

__all__ = ["ZoneListFacts", "check_zone_list", "compile_zone_list"]


def compile_zone_list(data: Path, *, facts: ZoneListFacts, today: date) -> tuple[Path, str]:
    """Read zone data wholly and write the manifest that pins it; return where, and a line about the list.

    Raises: PolicyError when the data cannot be a zone list today; then nothing is written.
    """
    if not facts.as_of <= today <= facts.valid_until:
        raise PolicyError(
            "the list would not be in force today", hint="--as-of is not after today, --valid-until not before"
        )
    manifest = pin_zone_list(data, facts=facts)
    return manifest, _line(load_zone_list(manifest, today=today))


def check_zone_list(manifest: Path, *, today: date) -> Checked:
    """Read a pinned list as the gate does."""
    try:
        return Checked(name=manifest.name, summary=_line(load_zone_list(manifest, today=today)))
    except GeogateError as error:
        return Checked(name=manifest.name, problem=error.summary, hint=error.hint)


def _line(zone_list: ZoneList) -> str:
    categories = Counter(zone.category for zone in zone_list.zones)
    named = ", ".join(f"{count} {category}" for category, count in sorted(categories.items()))
    return f"{len(zone_list.zones)} zones ({named}), valid until {zone_list.valid_until}, {zone_list.digest[:12]}"
