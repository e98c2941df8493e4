"""The questions of the benchmark: which data, which zones, what is measured, and who is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from benchmarks.question import GEOMETRY, Question
from benchmarks.store import Store, ZoneSpec
from benchmarks.systems.registry import BARE, OURS, PEERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

MILLION: Final = 1_000_000
POINTS: Final = 10 * MILLION
TEN_THOUSAND: Final = 10_000
WITHIN_M: Final = 500.0

USUAL_ZONES: Final = ZoneSpec(count=TEN_THOUSAND, share=0.05)

FULL_POLICY: Final = ("zones", "precision", "inventory", "devices", "time-steps")
ALL_COLUMNS: Final = ("device", "time", GEOMETRY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question about one file. ``title`` is for the report; ``group`` is what ``--only`` chooses."""

    name: str
    title: str
    group: str
    layer: str = "points"
    rows: int = POINTS
    zones: ZoneSpec = USUAL_ZONES
    within_m: float = 0.0
    measures: tuple[str, ...] = ("zones", "precision")
    systems: tuple[str, ...] = (BARE, OURS, *PEERS)
    threads: int = 2

    def smaller(self, scale: float) -> Case:
        """Return the same case with fewer rows."""
        return replace(self, rows=max(1000, int(self.rows * scale)))

    def question(self, store: Store) -> Question:
        """Make the data where it is missing, and put the question."""
        layer, zones = _LAYERS[self.layer](store, self.rows), store.zones(self.zones)
        planar = bool(self.within_m) and any(name in PEERS for name in self.systems)
        return Question(
            layer=layer,
            zones=zones,
            planar_layer=store.projected_points(self.rows) if planar else layer,
            planar_zones=store.projected_zones(self.zones) if planar else zones,
            zone_count=self.zones.count,
            within_m=self.within_m,
            measures=self.measures,
            columns=ALL_COLUMNS if self.layer == "full points" else (GEOMETRY,),
            threads=self.threads,
        )


_LAYERS: Final[Mapping[str, Callable[[Store, int], Path]]] = {
    "points": Store.points,
    "full points": lambda store, rows: store.points(rows, attributes=True),
    "x/y points": lambda store, rows: store.points(rows, encoding="point"),
    "lines": Store.lines,
    "polygons": Store.polygons,
}

ALONE: Final = (BARE, OURS)


def _share(share: float, count: int = TEN_THOUSAND) -> ZoneSpec:
    return ZoneSpec(count=count, share=share)


def _scaling() -> tuple[Case, ...]:
    """Give what the plots need beside the other cases: rows, zones, share of hits and threads, each by itself."""
    rows = (MILLION, 2 * MILLION, 5 * MILLION)
    return (
        *(Case(name=f"rows-{n}", title=f"{n:,} points", group="scaling", rows=n, systems=ALONE) for n in rows),
        *(
            Case(name=f"zones-{n}", title=f"{n:,} zones", group="scaling", zones=_share(0.05, n), systems=ALONE)
            for n in (300, 3_000, 30_000)
        ),
        *(
            Case(name=f"share-{s:g}", title=f"{s:.0%} hits", group="scaling", zones=_share(s), systems=ALONE)
            for s in (0.01, 0.2)
        ),
        Case(name="one-thread", title="one thread", group="scaling", systems=ALONE, threads=1),
    )


CASES: Final = (
    *(
        Case(name=f"points-{share * 100:g}", title=f"{share:.1%} hits", group="points", zones=_share(share))
        for share in (0.001, 0.05, 0.5)
    ),
    Case(name="points-100k", title="100,000 zones, 5 % hits", group="points", zones=_share(0.05, 100_000)),
    Case(
        name="points-xy",
        title="GeoArrow x/y, 5 % hits",
        group="points",
        layer="x/y points",
        systems=ALONE,
    ),
    Case(name="within-500", title="within 500 m", group="within", within_m=WITHIN_M),
    *(
        Case(
            name=f"policy-{share * 100:g}",
            title=f"full policy, {share:.1%} hits",
            group="policy",
            layer="full points",
            zones=_share(share),
            measures=FULL_POLICY,
            systems=ALONE,
        )
        for share in (0.001, 0.05, 0.5)
    ),
    Case(name="lines", title="2 million lines", group="shapes", layer="lines", rows=2 * MILLION, measures=("zones",)),
    Case(
        name="polygons", title="1 million polygons", group="shapes", layer="polygons", rows=MILLION, measures=("zones",)
    ),
    Case(name="rows-tenfold", title="100 million points", group="tenfold", rows=10 * POINTS, systems=ALONE),
    *_scaling(),
)
