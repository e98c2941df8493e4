"""The numbers that geogate is meant to reach, and whether it does; what was not measured is neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.systems.registry import BARE, OURS, PEERS
from benchmarks.works import NOT_LOADED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.results import CaseResult, Results, Taken

GIGABYTE_MB: Final = 1000.0
FAST_PEERS: Final = ("sedonadb", "duckdb", "polars-st")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One number: at most or at least ``bound``; ``reached`` is ``None`` where it was not measured."""

    work: str
    against: str
    bound: float
    reached: float | None
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether it is reached."""
        if self.reached is None:
            return None
        return self.reached >= self.bound if self.at_least else self.reached <= self.bound

    def row(self) -> str:
        """Write it as a row of the table."""
        mark = {True: "✓", False: "✗", None: "not measured"}[self.met]
        reached = "" if self.reached is None else _number(self.reached, self.unit)
        if self.unit == "yes":
            return f"| {self.work} | {self.against} | yes | {'yes' if self.met else 'no'} | {mark} |"
        sign = "≥" if self.at_least else "≤"
        return f"| {self.work} | {self.against} | {sign} {_number(self.bound, self.unit)} | {reached} | {mark} |"


def _number(value: float, unit: str) -> str:
    digits = 0 if unit in ("MB", "ms", "%") else 2 if unit in ("", "s") else 1
    return f"{value:.{digits}f}{' ' if unit else ''}{unit}"


def targets(results: Results) -> list[Target]:
    """Compare what was measured with what is wanted, in the order of the report."""
    return [
        *_reads(results),
        *_peers(results),
        *_gate(results),
        *_indexes(results),
        *_scale(results),
        *_spark(results),
    ]


def _reads(results: Results) -> Iterator[Target]:
    zones = "10 M points, 10,000 zones, zones + precision"
    for name, work, bound in (
        ("points-0.1", f"{zones}, 0.1 % hits", 1.6),
        ("points-5", f"{zones}, 5 % hits", 1.6),
        ("points-50", f"{zones}, 50 % hits", 2.5),
        ("points-100k", "the same, 100,000 zones, 5 % hits", 2.5),
        ("within-500", "the same within 500 m, on the ellipsoid", 2.5),
        ("policy-0.1", "all measures of a full policy, 0.1 % hits", 2.0),
        ("policy-5", "all measures of a full policy, 5 % hits", 2.0),
        ("policy-50", "all measures of a full policy, 50 % hits", 2.0),
        ("lines", "2 M lines, 10,000 zones, edges tested", 2.0),
        ("polygons", "1 M polygons, 10,000 zones, edges tested", 2.0),
    ):
        columns = "all columns used" if name.startswith("policy") else "the column"
        ratio = _ratio(results.cases.get(name), OURS, BARE)
        yield Target(work=work, against=f"bare read of {columns}", bound=bound, reached=ratio)


def _peers(results: Results) -> Iterator[Target]:
    for name, work, bound in (
        ("within-500", "within 500 m", 12.0),
        ("lines", "2 M lines", 2.0),
        ("polygons", "1 M polygons", 3.0),
    ):
        reached = _times_faster(results.cases.get(name), PEERS)
        yield Target(work=work, against="best peer", bound=bound, reached=reached, unit="times", at_least=True)
    for name in ("lines", "polygons"):
        case = results.cases.get(name)
        memory = case.systems[OURS].peak_mb if case else None
        yield Target(work=f"{name}, peak memory", against="", bound=GIGABYTE_MB, reached=memory, unit="MB")
    points = [
        case for name, case in results.cases.items() if name in ("points-0.1", "points-5", "points-50", "points-100k")
    ]
    for against, peers, bound in (
        ("best of SedonaDB, DuckDB, polars-st", FAST_PEERS, 8.0),
        ("geopandas.sjoin", ("geopandas",), 25.0),
    ):
        faster = [times for case in points if (times := _times_faster(case, peers)) is not None]
        yield Target(
            work="points, intersects: the least of all cases",
            against=against,
            bound=bound,
            reached=min(faster, default=None),
            unit="times",
            at_least=True,
        )
    shares = [
        case.systems[OURS].peak_mb / case.systems["geopandas"].peak_mb for case in points if "geopandas" in case.systems
    ]
    memory_share = max(shares, default=None)
    yield Target(work="points, peak memory", against="geopandas.sjoin", bound=0.2, reached=memory_share)


def _gate(results: Results) -> Iterator[Target]:
    for title in ("all columns", "geometry"):
        reached = _task_ratio(results, f"screen {title}", f"read {title}")
        yield Target(work=f"whole `screen`, 10 M points, {title}", against="bare read", bound=2.5, reached=reached)
    for title in ("all columns", "geometry"):
        reached = _task_ratio(results, f"submit {title}", f"read-write {title}")
        yield Target(
            work=f"whole `submit`, 10 M points, {title}", against="bare read + write", bound=1.5, reached=reached
        )


def _indexes(results: Results) -> Iterator[Target]:
    for title, bound in (("10,000 zones", 1.0), ("100,000 zones", 6.0), ("10,000 zones, 500 m", 4.0)):
        made, opened = results.tasks.get(f"index {title}"), results.tasks.get(f"reopen {title}")
        seconds = made.seconds if made else None
        milliseconds = 1000 * opened.seconds if opened else None
        yield Target(work=f"index of {title}", against="", bound=bound, reached=seconds, unit="s")
        yield Target(work="the same, reopened from disk", against="", bound=50, reached=milliseconds, unit="ms")


def _scale(results: Results) -> Iterator[Target]:
    small, large = results.cases.get("points-5"), results.cases.get("rows-tenfold")
    ours = (small.systems[OURS], large.systems[OURS]) if small and large else None
    time = ours[1].seconds / ours[0].seconds if ours else None
    memory = ours[1].peak_mb / ours[0].peak_mb if ours else None
    peak = ours[1].peak_mb if ours else None
    yield Target(
        work="ten times the rows (10 M to 100 M): time", against="itself", bound=10.0, reached=time, unit="times"
    )
    yield Target(work="ten times the rows: memory", against="itself", bound=1.1, reached=memory)
    yield Target(work="ten times the rows: peak memory", against="", bound=GIGABYTE_MB, reached=peak, unit="MB")


def _spark(results: Results) -> Iterator[Target]:
    local, spark = results.tasks.get("engine local"), results.tasks.get("engine spark")
    speed = 100 * local.seconds / spark.seconds if local and spark else None
    yield Target(
        work="Spark, local[2], 50 M rows in 10 files: speed",
        against="local engine",
        bound=70,
        reached=speed,
        unit="%",
        at_least=True,
    )
    same = float(local.note == spark.note) if local and spark else None
    yield Target(
        work="Spark: facts identical", against="local engine", bound=1, reached=same, unit="yes", at_least=True
    )
    cold = results.tasks.get("cold not compiled")
    quiet = float(cold.note == NOT_LOADED) if cold else None
    work = "cold `screen` of 1 MB, kernels not compiled: no compiler is loaded"
    yield Target(work=work, against="", bound=1, reached=quiet, unit="yes", at_least=True)


def _ratio(case: CaseResult | None, one: str, other: str) -> float | None:
    return None if case is None else case.systems[one].seconds / case.systems[other].seconds


def _times_faster(case: CaseResult | None, peers: tuple[str, ...]) -> float | None:
    if case is None:
        return None
    seconds = [case.systems[name].seconds for name in peers if name in case.systems]
    return min(seconds) / case.systems[OURS].seconds if seconds else None


def _task_ratio(results: Results, one: str, other: str) -> float | None:
    ours: Taken | None = results.tasks.get(one)
    bare: Taken | None = results.tasks.get(other)
    return ours.seconds / bare.seconds if ours and bare else None
