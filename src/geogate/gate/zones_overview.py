"""The zone lists of a place at a glance: what they are, until when they hold, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from geogate.gate.zones_trust import signer_of
from geogate.model.errors import GeogateError, UsageError
from geogate.readers.zone_files import load_zone_list, read_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedZones:
    """One list: its facts as far as they can be read, and the problem that stops the gate, if there is one.

    ``days_left`` counts from today to the last day, which is 0 on that day; ``signed_by`` is the id of a key.
    """

    name: str
    title: str = ""
    zones: int = 0
    classes: Mapping[str, int] = field(default_factory=dict)
    grades: Mapping[str, int] = field(default_factory=dict)
    begins: date | None = None
    valid_until: date | None = None
    days_left: int | None = None
    digest: str = ""
    data_sha256: str = ""
    content: str = ""
    signed_by: str = ""
    problem: str = ""
    hint: str = ""

    def ends_within(self, days: int) -> bool:
        """Tell whether the list is in force and will not be for longer than so many days."""
        return self.days_left is not None and 0 <= self.days_left <= days


def list_zones(folder: Path, *, today: date) -> Sequence[ListedZones]:
    """Read every list of a place, whatever its state.

    Raises: UsageError when there is no folder of lists.
    """
    if not folder.is_dir():
        raise UsageError("there is no folder 'zones' beside the policies", hint="geogate zones import makes it")
    return [overview(path, today=today) for path in sorted(folder.glob("*.yaml"))]


def overview(manifest: Path, *, today: date) -> ListedZones:
    """Read one list, whatever its state."""
    try:
        described = read_manifest(manifest)
    except GeogateError as error:
        return ListedZones(name=manifest.stem, problem=error.summary, hint=error.hint)
    facts = described.facts
    try:
        zone_list = load_zone_list(manifest, today=min(max(today, facts.begins), facts.valid_until))
    except GeogateError as error:
        return ListedZones(name=manifest.stem, title=facts.title, problem=error.summary, hint=error.hint)
    problem, hint, signer = _stops(manifest, today)
    return ListedZones(
        name=manifest.stem,
        title=facts.title,
        zones=len(zone_list.zones),
        classes=dict(sorted(Counter(zone.category for zone in zone_list.zones).items())),
        grades=dict(sorted(Counter(zone.grade for zone in zone_list.zones if zone.grade).items())),
        begins=facts.begins,
        valid_until=facts.valid_until,
        days_left=(facts.valid_until - today).days,
        digest=zone_list.digest,
        data_sha256=described.sha256,
        content=described.content or "",
        signed_by=signer,
        problem=problem,
        hint=hint,
    )


def _stops(manifest: Path, today: date) -> tuple[str, str, str]:
    try:
        return "", "", signer_of(load_zone_list(manifest, today=today), manifest)
    except GeogateError as error:
        return error.summary, error.hint, ""
