"""What is measured: questions to systems, indexes, the whole gate, a cold start, and Spark."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.answers import compare
from benchmarks.cases import MILLION, POINTS, USUAL_ZONES
from benchmarks.gate_task import prepare
from benchmarks.question import THREADS
from benchmarks.results import CaseResult, Taken
from benchmarks.sampling import HERE, Sampler, Samples, said_by
from benchmarks.store import ZoneSpec
from benchmarks.systems.registry import OURS, PEERS, installed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from benchmarks.cases import Case
    from benchmarks.results import Results
    from benchmarks.store import Store

FILES: Final = 10
NUMBERING: Final = ("duckdb", "strtree", "polars-st", "geopandas")
"""Peers that can number rows, the fastest first: the pairs of one stand for the others'."""

FEW: Final = ZoneSpec(count=10, share=0.001)
SMALL_ROWS: Final = 70_000
"""A GeoParquet file of about a megabyte."""

LOADED, NOT_LOADED = "numba was loaded", "numba was not loaded"
SMALL_ZONES: Final = ZoneSpec(count=1_000, share=0.01)
INDEXES: Final = {
    "10,000 zones": (USUAL_ZONES, 0.0),
    "100,000 zones": (ZoneSpec(count=100_000, share=0.05), 0.0),
    "10,000 zones, 500 m": (USUAL_ZONES, 500.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What the works need; ``scale`` makes the data smaller."""

    store: Store
    scratch: Path
    rounds: int
    scale: float
    tell: Callable[[str], None]

    def rows(self, rows: int) -> int:
        """Return how many rows there are to be."""
        return max(1000, int(rows * self.scale))

    def task(self, name: str, *arguments: str, extra: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Run a script of the benchmark, and say which."""
        self.tell(" ".join([name, *(argument for argument in arguments if "/" not in argument)]))
        return said_by([str(HERE / name), *arguments], extra=dict(extra or {}))


def measure_case(case: Case, shop: Workshop) -> CaseResult:
    """Put the question of a case to its systems, and compare their answers."""
    systems = installed(case.systems)
    shop.tell(f"{case.name}: data")
    question = case.question(shop.store)
    sampler = Sampler(rounds=shop.rounds, scratch=shop.scratch, tell=lambda name: shop.tell(f"{case.name}: {name}"))
    peers = [name for name in systems if name in PEERS]
    numbering = [name for name in NUMBERING if name in peers]
    samples, answers = sampler.sample(question, systems, with_pairs=(OURS, *numbering[:1]) if peers else ())
    return CaseResult.judged(
        compare(answers, question) if peers else None,
        title=case.title,
        rows=case.rows,
        zones=case.zones.count,
        share=case.zones.share,
        threads=case.threads,
        systems={name: Taken.of(taken) for name, taken in samples.items()},
    )


def measure_indexes(shop: Workshop, results: Results) -> None:
    """Compile each list into an empty folder, then open what is kept."""
    few = str(shop.store.zones(FEW))
    for title, (spec, within_m) in INDEXES.items():
        arguments = (str(shop.store.zones(spec)), str(shop.scratch / "indexes"), str(within_m), few)
        made, opened, size, verified = Samples(), Samples(), 0.0, 0.0
        for _ in range(shop.rounds):
            shutil.rmtree(shop.scratch / "indexes", ignore_errors=True)
            (shop.scratch / "indexes").mkdir()
            made.add(shop.task("index_task.py", *arguments))
            said = shop.task("index_task.py", *arguments)
            opened.add(said)
            size, verified = said["size_mb"], max(verified, said["verified"])
        results.tasks[f"index {title}"] = Taken.of(made, f"{size:.0f} MB")
        results.tasks[f"reopen {title}"] = Taken.of(opened, f"{1000 * verified:.0f} ms")


def measure_gate(shop: Workshop, results: Results) -> None:
    """Screen and submit the points, beside a bare read and write, in turn."""
    place = _place(shop, "gate", USUAL_ZONES)
    for title, attributes in (("all columns", True), ("geometry", False)):
        dataset = shop.store.points(shop.rows(POINTS), attributes=attributes)
        names = ("read", "read-write", "screen", "submit")
        taken = {name: Samples() for name in names}
        for _ in range(shop.rounds):
            for name in names:
                taken[name].add(shop.task("gate_task.py", name, str(dataset), str(place)))
        for name, samples in taken.items():
            results.tasks[f"{name} {title}"] = Taken.of(samples)


def measure_cold(shop: Workshop, results: Results) -> None:
    """Screen a small file once in a new process after GX's import: where kernels are compiled, and where not."""
    place = _place(shop, "cold", SMALL_ZONES)
    dataset = shop.store.points(SMALL_ROWS)
    empty = shop.scratch / "no-kernels"
    surroundings: dict[str, dict[str, str]] = {"compiled": {}, "not compiled": {"NUMBA_CACHE_DIR": str(empty)}}
    taken = {name: Samples() for name in surroundings}
    numba: dict[str, str] = dict.fromkeys(taken, "")
    for _ in range(shop.rounds):
        for name, extra in surroundings.items():
            said = shop.task("gate_task.py", "screen", str(dataset), str(place), "--once", extra=extra)
            taken[name].add(said)
            numba[name] = LOADED if said["numba"] else NOT_LOADED
    for name, samples in taken.items():
        results.tasks[f"cold {name}"] = Taken.of(samples, numba[name])


def measure_spark(shop: Workshop, results: Results) -> None:
    """Measure fifty million rows in many files with the local engine and with Spark."""
    folder = shop.store.many_points(FILES, shop.rows(5 * MILLION))
    zones, indexes = shop.store.zones(USUAL_ZONES), shop.scratch / "spark-indexes"
    indexes.mkdir(exist_ok=True)
    taken, digests = {"local": Samples(), "spark": Samples()}, {"local": "", "spark": ""}
    for _ in range(max(1, shop.rounds // 2)):
        for engine, samples in taken.items():
            said = shop.task("engine_task.py", engine, str(folder), str(zones), str(indexes), str(THREADS))
            samples.add(said)
            digests[engine] = said["digest"]
    for engine, samples in taken.items():
        results.tasks[f"engine {engine}"] = Taken.of(samples, digests[engine])


def _place(shop: Workshop, name: str, spec: ZoneSpec) -> Path:
    place = shop.scratch / name
    prepare(place, shop.store.zones(spec))
    return place


WORKS: Final[Mapping[str, Callable[[Workshop, Results], None]]] = {
    "indexes": measure_indexes,
    "gate": measure_gate,
    "cold": measure_cold,
    "spark": measure_spark,
}
"""By the names that ``--only`` knows."""
