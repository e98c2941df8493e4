"""Zone lists for the gate: loaded only when they are pinned, in force and wholly understood."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from geogate.model.names import Sha256
from geogate.readers.zone_files.content_digest import shapes_digest
from geogate.readers.zone_files.contents import Contents, open_contents
from geogate.readers.zone_files.counted import check_counts, check_within
from geogate.readers.zone_files.errors import ZoneListError
from geogate.readers.zone_files.manifest import Manifest, ZoneListFacts, dump, is_distance, parse
from geogate.readers.zone_files.raw import RawZone, UnreadableZonesError
from geogate.zones.normalise import ZoneGeometryError, normalise
from geogate.zones.zone import Zone, ZoneList

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from geogate.readers.zone_files.kept import KeptZones


def load_zone_list(manifest: Path, *, today: date, kept: KeptZones | None = None) -> ZoneList:
    """Load the list that a manifest describes; its zones come from those that are ``kept`` where it is among them.

    Raises: ZoneListError, a PolicyError, when anything about it is not as it must be.
    """
    text = _read_manifest(manifest)
    described = _described(text, manifest)
    _check_in_force(described.facts, today, manifest.name)
    contents = _open(manifest.with_name(described.data))
    if contents.digest != described.sha256:
        raise ZoneListError(
            contents.name,
            f"its digest is not the one in {manifest.name}",
            hint="if the new data is wanted, review it and pin it again with 'geogate zones compile'",
        )
    digest = Sha256(hashlib.sha256(text.encode() + b"\x00" + described.sha256.encode()).hexdigest())
    found = kept.zones(digest) if kept else None
    zones = _zones(contents, described.facts) if found is None else found
    if len(zones) != described.count:
        raise ZoneListError(contents.name, f"it has {len(zones)} zones, and {manifest.name} says {described.count}")
    if found is None and described.content not in {None, shapes_digest([zone.geometry for zone in zones])}:
        raise ZoneListError(
            contents.name,
            f"its zones are read otherwise than when {manifest.name} was written",
            hint="this version of geogate reads other shapes from the same data: review the list and pin it again",
        )
    if kept and found is None:
        kept.keep(digest, zones)
    return _zone_list(described.facts, zones, digest)


def pin_zone_list(data: Path, *, facts: ZoneListFacts, expected: int | None = None) -> Path:
    """Read the data wholly, and write the manifest ``<name>.yaml`` that pins it beside it; an older one is replaced.

    ``expected`` is the number of zones that it must have.

    Raises: ZoneListError when the data cannot be a zone list; then nothing is written.
    """
    contents = _open(data)
    manifest = data.with_name(f"{facts.name}.yaml")
    # What is said of the list must hold by itself before the data is read by it.
    parse(dump(Manifest(facts=facts, data=data.name, sha256=contents.digest, count=1)), file=manifest.name)
    zones = _zones(contents, facts)
    if expected not in {None, len(zones)}:
        raise ZoneListError(
            contents.name,
            f"it has {len(zones)} zones, and {expected} are expected",
            hint="find out which zones are missing or new before you pin the list",
        )
    pinned = Manifest(
        facts=facts,
        data=data.name,
        sha256=contents.digest,
        count=len(zones),
        content=shapes_digest([zone.geometry for zone in zones]),
    )
    text = dump(pinned)
    parse(text, file=manifest.name)
    if manifest == data:
        raise ZoneListError(data.name, "the data stands where its manifest would be written")
    manifest.write_text(text, encoding="utf-8")
    return manifest


def read_manifest(manifest: Path) -> Manifest:
    """Read what a manifest says, whether the list is in force or not; the data is not opened.

    Raises: ZoneListError.
    """
    return _described(_read_manifest(manifest), manifest)


def _described(text: str, manifest: Path) -> Manifest:
    described = parse(text, file=manifest.name)
    if manifest.stem != described.facts.name:
        raise ZoneListError(manifest.name, "the file is not named after the list", place="key 'name'")
    return described


def _read_manifest(manifest: Path) -> str:
    try:
        return manifest.read_text(encoding="utf-8")
    except OSError as error:
        raise ZoneListError(manifest.name, f"the manifest cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ZoneListError(manifest.name, "the manifest is not UTF-8") from None


def _check_in_force(facts: ZoneListFacts, today: date, file: str) -> None:
    if today > facts.valid_until:
        raise ZoneListError(file, f"the list was valid until {facts.valid_until}", hint="get a current list and pin it")
    if today < facts.begins:
        hint = "wait, or correct 'as_of'" if facts.valid_from is None else "wait, or correct 'valid_from'"
        raise ZoneListError(file, f"the list begins on {facts.begins}", hint=hint)


def _open(data: Path) -> Contents:
    try:
        return open_contents(data)
    except UnreadableZonesError as error:
        raise ZoneListError(data.name, error.reason, place=error.place) from None


def _zone_list(facts: ZoneListFacts, zones: tuple[Zone, ...], digest: Sha256) -> ZoneList:
    return ZoneList(
        name=facts.name,
        title=facts.title,
        source=facts.source,
        licence=facts.licence,
        as_of=facts.as_of,
        valid_until=facts.valid_until,
        digest=digest,
        zones=zones,
    )


def _zones(contents: Contents, facts: ZoneListFacts) -> tuple[Zone, ...]:
    try:
        raw = contents.zones(chosen=facts.tags)
    except UnreadableZonesError as error:
        raise ZoneListError(contents.name, error.reason, place=error.place) from None
    if not raw:
        raise ZoneListError(contents.name, "the list has no zones", hint="an empty list protects nothing")
    zones = [_zone(zone, facts, number=number, file=contents.name) for number, zone in enumerate(raw, start=1)]
    seen: set[str] = set()
    for zone, origin in zip(zones, raw, strict=True):
        if zone.id in seen:
            raise ZoneListError(contents.name, "its id is that of another zone", place=origin.place)
        seen.add(zone.id)
    check_counts(zones, facts, file=contents.name)
    check_within(zones, facts, file=contents.name)
    return tuple(zones)


def _zone(raw: RawZone, facts: ZoneListFacts, *, number: int, file: str) -> Zone:
    try:
        zone_id = _text(raw, facts.id_field) if facts.id_field else str(number)
        category = _category(raw, facts)
        grade = _grade(raw, facts)
        buffer_m = _distance(raw, facts.buffer_field) if facts.buffer_field else float(facts.buffer_m)
        geometry = normalise(raw.geometry, zone=zone_id, short_edges=raw.short_edges)
    except UnreadableZonesError as error:
        raise ZoneListError(file, error.reason, place=raw.place) from None
    except ZoneGeometryError as error:
        raise ZoneListError(file, error.reason, place=f"{raw.place} (id {error.zone!r})", hint=error.hint) from None
    return Zone(id=zone_id, category=category, grade=grade, buffer_m=buffer_m, geometry=geometry)


def _category(raw: RawZone, facts: ZoneListFacts) -> str:
    if not facts.category_field:
        return facts.category
    word = _text(raw, facts.category_field)
    if facts.category_map is None:
        return word
    if word not in facts.category_map:
        raise UnreadableZonesError(f"'category_map' has no class for its attribute {facts.category_field!r}")
    return facts.category_map[word]


def _grade(raw: RawZone, facts: ZoneListFacts) -> str:
    if not facts.grade_field:
        return facts.grade or ""
    word = _text(raw, facts.grade_field)
    if word not in (facts.grades or ()):
        raise UnreadableZonesError(f"its attribute {facts.grade_field!r} is not one of 'grades'")
    return word


def _attribute(raw: RawZone, name: str) -> object:
    if name not in raw.attributes:
        raise UnreadableZonesError(f"it has no attribute {name!r}")
    return raw.attributes[name]


def _text(raw: RawZone, name: str) -> str:
    value = _attribute(raw, name)
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text:
        raise UnreadableZonesError(f"its attribute {name!r} is neither a text nor a whole number")
    return text


def _distance(raw: RawZone, name: str) -> float:
    value = _attribute(raw, name)
    if not is_distance(value):
        raise UnreadableZonesError(f"its attribute {name!r} is no number of metres")
    return float(value)  # type: ignore[arg-type]  # is_distance accepts int and float only
