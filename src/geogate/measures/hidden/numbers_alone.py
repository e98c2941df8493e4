"""Numbers that are positions by themselves: by the names of their columns, by where they lie, by how they are made."""

from __future__ import annotations

from itertools import combinations, islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.measures.hidden import Strength
from geogate.measures.hidden.carrier import Carrier
from geogate.measures.hidden.numbers_cells import CELLS, CellIds
from geogate.measures.hidden.numbers_forms import Axes, Geocentric, Value
from geogate.measures.hidden.numbers_names import axis_of
from geogate.measures.hidden.numbers_readings import Candidate, candidates, split_angles, values_of
from geogate.measures.hidden.numbers_related import by_chance, fine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geogate.measures.hidden.numbers_subject import Subject

    Floats = NDArray[np.float64]

RADII: Final = (
    (1.0, (6_330_000.0, 6_420_000.0)),
    (1e-3, (6_330_000.0, 6_420_000.0)),
    (1e-2, (6_330_000.0, 6_420_000.0)),
    (1e3, (6_330_000.0, 6_420_000.0)),
    (6_371_000.0, (6_370_900.0, 6_371_100.0)),
)
"""Units of lengths, and how far places on the ground are from the middle of the Earth; last that of a unit sphere.

Units: metres.
"""

MOST_TRIPLES: Final = 120
MOST_PAIRS: Final = 400
_MOST: Final = 0.95


def named(subject: Subject) -> Iterator[Carrier]:
    """Find pairs of columns that are called like the two axes of a position."""
    axes: dict[tuple[str, bool], dict[str, list[str]]] = {}
    for name in subject.columns:
        said = axis_of(name)
        if said is not None:
            axis, rest, plain = said
            axes.setdefault((rest, plain), {"lon": [], "lat": []})[axis].append(name)
    for (_, plain), both in axes.items():
        if both["lon"] and both["lat"]:
            yield from _named(subject, both, plain=plain)


def _named(subject: Subject, both: dict[str, list[str]], *, plain: bool) -> Iterator[Carrier]:
    lons = [each for name in both["lon"] for each in _named_angles(subject, name, both["lon"], 180.0)]
    lats = [each for name in both["lat"] for each in _named_angles(subject, name, both["lat"], 90.0)]
    names = (*both["lon"], *both["lat"])
    for lon, lat in ((lon, lat) for lon in lons for lat in lats):
        if _unit(lon) != _unit(lat):
            continue
        lonlat = np.stack([lon.degrees, lat.degrees], axis=1)
        known = np.isfinite(lonlat).all(axis=1)
        if not known.any():
            continue
        if not fine(lonlat[known]).any():
            return
        if plain or all(subject.columns[name].rich > 0.5 for name in names):  # noqa: PLR2004 most
            position = Axes(lon.angle, lat.angle)
            strength = Strength.CERTAIN if plain else Strength.POSSIBLE
            yield Carrier(columns=position.leaves, form=position.form, strength=strength, position=position)
            return
    if plain and any(subject.columns[name].rich for name in names):
        yield Carrier(columns=names, form="angles in an unknown unit", strength=Strength.POSSIBLE)


def _unit(candidate: Candidate) -> tuple[str, float]:
    return candidate.angle.unit, candidate.angle.factor


def _named_angles(subject: Subject, name: str, names: Sequence[str], most: float) -> Iterator[Candidate]:
    found = [*candidates(Value(name), subject.raw, related=False)]
    if len(names) > 1:
        found = [each for each in split_angles(subject.raw, names) if each.angle.leaves[0] == name]
    else:
        # Degrees if they can be; else the unit in which the numbers are largest.
        found.sort(key=lambda each: (each.angle.factor != 1.0, -float(np.nanmax(np.abs(each.degrees), initial=0.0))))
    for each in found:
        known = each.degrees[np.isfinite(each.degrees)]
        if len(known) and each.usual and (np.abs(known) <= (most if most < 180 else 360)).mean() >= _MOST:  # noqa: PLR2004
            yield each


def geocentric(subject: Subject) -> Iterator[Carrier]:
    """Find three columns that are coordinates from the middle of the Earth, or of a unit sphere."""
    wide = [name for name, column in subject.columns.items() if column.rich > 0.5]  # noqa: PLR2004 most
    found: list[Geocentric] = []
    for names in islice(combinations(wide, 3), MOST_TRIPLES):
        radius = np.sqrt(sum(subject.raw[name].astype(np.float64) ** 2 for name in names))
        known = radius[np.isfinite(radius)]
        for factor, (low, high) in RADII:
            if len(known) and ((known * factor >= low) & (known * factor <= high)).mean() >= _MOST:
                found.append(Geocentric((Value(names[0]), Value(names[1]), Value(names[2])), factor))
    if found:
        position = max(found, key=lambda each: _share_near(subject, each))
        yield Carrier(columns=position.leaves, form=position.form, strength=Strength.CERTAIN, position=position)


def _share_near(subject: Subject, position: Any) -> float:
    return float(subject.rows.both(position.lonlat(subject.raw, subject.rows.own)).share)


def cells(subject: Subject) -> Iterator[Carrier]:
    """Find integers that are numbers of cells of a grid over the globe."""
    for name, column in subject.columns.items():
        numbers = subject.raw[name]
        if column.facts.kind != "number" or column.largest < 2.0**32 or not column.whole:
            continue
        words = numbers if numbers.dtype == np.int64 else column.known.astype(np.int64)
        for kind in CELLS:
            position = CellIds(Value(name), kind.name)
            if kind.certain(words) or (kind.valid(words).mean() >= _MOST and _follows(subject, position)):
                yield Carrier(columns=(name,), form=position.form, strength=Strength.CERTAIN, position=position)
                break


def _follows(subject: Subject, position: Any) -> bool:
    return bool(subject.rows.both(position.lonlat(subject.raw, subject.rows.own)).follows)


def in_the_region(subject: Subject) -> Iterator[Carrier]:
    """Find pairs of columns all of which lie where the layer lies, spread as it is."""
    region = subject.rows.region()
    if region is None:
        return
    lons, lats = (_inside(subject, axis, region) for axis in range(2))
    pairs = [(lon, lat) for lon in lons for lat in lats if not set(lon.angle.leaves) & set(lat.angle.leaves)]
    pairs.sort(key=lambda pair: (_unit(pair[0]) != _unit(pair[1]), len({*pair[0].angle.leaves, *pair[1].angle.leaves})))
    used: set[str] = set()
    for lon, lat in pairs[:MOST_PAIRS]:
        lonlat = np.stack([lon.degrees, lat.degrees], axis=1)
        known = np.isfinite(lonlat).all(axis=1)
        position = Axes(lon.angle, lat.angle)
        alike = _unit(lon) == _unit(lat) and not all(subject.columns[leaf].counter for leaf in position.leaves)
        if by_chance(lon, lat, lonlat[known]):
            continue
        if known.any() and alike and fine(lonlat[known]).mean() > 0.5 and used.isdisjoint(position.leaves):  # noqa: PLR2004
            used.update(position.leaves)
            yield Carrier(columns=position.leaves, form=position.form, strength=Strength.LIKELY, position=position)


def _inside(subject: Subject, axis: int, region: tuple[Floats, Floats]) -> list[Candidate]:
    low, high = region[0][axis], region[1][axis]
    spread = subject.rows.spread[axis]
    found: list[Candidate] = []
    for name, column in subject.columns.items():
        time = column.facts.kind == "time"
        if column.rich < 0.5 and not time:  # noqa: PLR2004 most
            continue
        for value in values_of(name, subject.raw[name], column.facts.arrow):
            found += candidates(value, subject.raw, related=False)
    found += [
        each
        for each in split_angles(subject.raw, list(subject.columns))
        if each.usual and not any(subject.columns[leaf].moment for leaf in each.angle.leaves)
    ]
    kept = []
    for each in found:
        known = each.degrees[np.isfinite(each.degrees)]
        if not len(known) or ((known >= low) & (known <= high)).mean() < _MOST:
            continue
        varied = float(np.quantile(known, 0.98) - np.quantile(known, 0.02))
        if len(known) < 8 or spread / 30 <= varied <= 4 * max(spread, 0.05):  # noqa: PLR2004 shares
            kept.append(each)
    return kept
