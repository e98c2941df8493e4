"""Zone lists as files that people handle: pin one by its digest, put one in place, check one as the gate would."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import shapely

from geogate.gate.check import Checked
from geogate.gate.zones_diff import ZoneListDiff, diff_zone_lists
from geogate.gate.zones_trust import SUFFIX, sign_zone_list, signer_of, trusted_zone_list
from geogate.model.errors import GeogateError, PolicyError, UsageError
from geogate.model.names import SLUG
from geogate.readers.zone_files import HOUSE_CLASSES, ZoneListFacts, load_zone_list, pin_zone_list, read_manifest

if TYPE_CHECKING:
    from datetime import date

    from shapely.geometry.base import BaseGeometry

    from geogate.zones.zone import ZoneList

__all__ = ["HOUSE_CLASSES", "ZoneListFacts", "check_zone_list", "compile_zone_list", "import_zone_list"]

_SIDECARS: Final = (".shx", ".dbf", ".prj", ".cpg")
_PRIVATE: Final = 0o600
_AREA: Final = 2
"""The dimension of polygons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A list that was put in place: where its manifest is, a line about it, and what changed if it replaced one."""

    manifest: Path
    line: str
    signed_by: str
    diff: ZoneListDiff | None


def compile_zone_list(
    data: Path, *, facts: ZoneListFacts, today: date, expected: int | None = None
) -> tuple[Path, str]:
    """Read zone data wholly and write the manifest that pins it; return where, and a line about the list.

    Raises: PolicyError when the data cannot be a zone list today; then nothing is written.
    """
    _require_in_force(facts, today)
    manifest = pin_zone_list(data, facts=facts, expected=expected)
    return manifest, _line(load_zone_list(manifest, today=today))


def import_zone_list(  # noqa: PLR0913 - what is imported, what is said of it, and under which conditions
    source: Path,
    *,
    folder: Path,
    facts: ZoneListFacts,
    today: date,
    expected: int | None = None,
    replace: bool = False,
    key: Path | None = None,
) -> Imported:
    """Copy zone data into the place, pinned, and signed with ``key``; nothing is left there when it fails.

    Raises: PolicyError when it cannot be a zone list of the place today, UsageError when one of that name is there.
    """
    _require_in_force(facts, today)
    if not SLUG.fullmatch(facts.name):
        raise UsageError("the list's name is not one of lower-case letters, digits, dots, underscores and hyphens")
    target = folder / f"{facts.name}.yaml"
    if os.path.lexists(target) and not replace:
        raise UsageError(
            f"there is a zone list {facts.name!r} already", hint="compare them, and import with --replace to replace it"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".import-") as name:
        draft = _draft(source, Path(name), facts)
        manifest = pin_zone_list(draft, facts=facts, expected=expected)
        signed_by = sign_zone_list(manifest, key=key, today=today)[1] if key else ""
        zone_list = load_zone_list(manifest, today=today)
        signer_of(zone_list, manifest, place=folder)
        diff = diff_zone_lists(target, manifest, today=today) if target.exists() else None
        _put(Path(name), folder, manifest.name)
    return Imported(manifest=target, line=_line(zone_list), signed_by=signed_by, diff=diff)


def check_zone_list(manifest: Path, *, today: date) -> Checked:
    """Read a pinned list as the gate does."""
    try:
        zone_list = trusted_zone_list(manifest, today=today)
        signer = signer_of(zone_list, manifest)
        line = _line(zone_list)
        return Checked(name=manifest.name, summary=f"{line}, signed by {signer[:16]}" if signer else line)
    except GeogateError as error:
        return Checked(name=manifest.name, problem=error.summary, hint=error.hint)


def days_left(manifest: Path, *, today: date) -> int | None:
    """Count the days until the last one of a list that can be read."""
    try:
        return (read_manifest(manifest).facts.valid_until - today).days
    except GeogateError:
        return None


def _require_in_force(facts: ZoneListFacts, today: date) -> None:
    if not facts.begins <= today <= facts.valid_until or facts.as_of > today:
        raise PolicyError(
            "the list would not be in force today",
            hint="--as-of and --valid-from are not after today, --valid-until not before",
        )


def _draft(source: Path, folder: Path, facts: ZoneListFacts) -> Path:
    """Copy the data under the list's name, with the suffix that it has."""
    suffix = ".osm.pbf" if source.name.casefold().endswith(".osm.pbf") else source.suffix.casefold()
    if suffix == ".yaml":
        raise UsageError("the source is a manifest: name the data")
    try:
        draft = _copied(source, folder / f"{facts.name}{suffix}")
        for each in _SIDECARS if suffix == ".shp" else ():
            beside = source.with_suffix(each)
            if beside.exists():
                _copied(beside, draft.with_suffix(each))
    except OSError as error:
        raise UsageError(f"the source cannot be copied: {error.strerror}") from error
    return draft


def _copied(source: Path, target: Path) -> Path:
    shutil.copyfile(source, target)
    target.chmod(_PRIVATE)
    return target


def _put(draft: Path, folder: Path, manifest: str) -> None:
    """Move data first, then the manifest, then its signature: in between, digests differ and the gate is shut."""
    stem = manifest.removesuffix(".yaml")
    if not (draft / f"{stem}{SUFFIX}").exists():
        (folder / f"{stem}{SUFFIX}").unlink(missing_ok=True)
    last = (manifest, f"{stem}{SUFFIX}")
    files = sorted(path.name for path in draft.iterdir())
    for name in (*(name for name in files if name not in last), *(name for name in last if name in files)):
        (draft / name).replace(folder / name)


def _line(zone_list: ZoneList) -> str:
    categories = Counter(zone.category for zone in zone_list.zones)
    named = ", ".join(f"{count} {category}" for category, count in sorted(categories.items()))
    line = f"{len(zone_list.zones)} zones ({named}), valid until {zone_list.valid_until}, {zone_list.digest[:12]}"
    bare = sum(zone.buffer_m == 0 and _is_thin(zone.geometry) for zone in zone_list.zones)
    return f"{line}; {bare} with points or lines without a distance: rules must give a buffer_m" if bare else line


def _is_thin(geometry: BaseGeometry) -> bool:
    """Tell whether something of it is a point or a line, which covers nothing."""
    return bool((shapely.get_dimensions(shapely.get_parts(geometry)) < _AREA).any())
