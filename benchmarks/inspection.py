"""What looking into columns and texts adds to the pass that judges geometries, over GeoParquet of a hundred megabytes.

The pass of the rules about positions, with the inventory, is timed beside the same pass with the inspection: parts of
the file, contents of columns, texts, and the search for hidden positions after it. A third pass is that of a
submission, which also writes the file anew. Pairs are interleaved, so that the load of the machine is the same for
both; processor time counts the threads of both. Its last line is ``added N % at most``.
"""

from __future__ import annotations

import argparse
import json
import pydoc_data.topics
import re
import statistics
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from geogate.measures.measure import Measure
    from geogate.measures.tools import Tools

HERE: Final = Path(__file__).resolve().parents[1]
MEGABYTE: Final = 1_000_000
TRIAL_ROWS: Final = 50_000
MOST_ADDED: Final = 0.30
TODAY: Final = date(2026, 11, 1)
PLAIN_RULES: Final = frozenset({"expect_coordinates_no_finer_than", "expect_no_position_in_restricted_zones"})
ALL_RULES: Final = PLAIN_RULES | {"expect_no_zone_under_another_reading"}
SUBMITTED: Final = "submission"
PASSES: Final = {"zones and precision": PLAIN_RULES, "with other readings": ALL_RULES, SUBMITTED: ALL_RULES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one pass took.

    Units: seconds of the clock, and of all processors.
    """

    wall_s: float
    cpu_s: float


def numbers(rows: int, rng: Any) -> dict[str, Any]:
    """Make few columns of numbers: counts, a measured value, a moment."""
    import numpy as np

    return {
        "count": rng.integers(0, 500, rows),
        "depth": np.round(rng.gamma(2, 40, rows), 2),
        "at": (1_700_000_000_000 + rng.integers(0, 10**10, rows)).astype("datetime64[ms]"),
    }


def mixed(rows: int, rng: Any) -> dict[str, Any]:
    """Make what most exports have: numbers, an id, a name, a code, a short text."""
    words = _words()
    names = [f"{words[a].title()} {words[b].title()}" for a, b in rng.integers(0, len(words), (rows // 20 + 1, 2))]
    return numbers(rows, rng) | {
        "id": [f"A{number:08d}" for number in range(rows)],
        "name": [names[place] for place in rng.integers(0, len(names), rows)],
        "class": [("road", "path", "rail", "river", "canal")[place] for place in rng.integers(0, 5, rows)],
        "remark": _passages(rows, rng, of_words=5),
    }


def random_ids(rows: int, rng: Any) -> dict[str, Any]:
    """Make ids of random letters and digits: UUIDs, digests, words of a catalogue."""
    return numbers(rows, rng) | {
        "uuid": [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(rows)],
        "digest": [rng.bytes(20).hex() for _ in range(rows)],
    }


def texts(rows: int, rng: Any) -> dict[str, Any]:
    """Make long texts, a link, and little else."""
    words = _words()
    return {
        "text": _passages(rows, rng, of_words=30),
        "link": [f"https://example.org/{words[a]}/{words[b]}.html" for a, b in rng.integers(0, len(words), (rows, 2))],
    }


DATASETS: Final[dict[str, Callable[[int, Any], dict[str, Any]]]] = {
    "numbers": numbers,
    "mixed": mixed,
    "random ids": random_ids,
    "texts": texts,
}


def _words() -> list[str]:
    return sorted(set(re.findall(r"[A-Za-z]{2,14}", " ".join(pydoc_data.topics.topics.values()))))


def _passages(count: int, rng: Any, *, of_words: int) -> list[str]:
    """Cut passages out of a running text with its signs, but for numbers that could be positions."""
    words = " ".join(pydoc_data.topics.topics.values()).split()
    running = [word for word in words if not re.search(r"\d[.,]?\d", word)]
    return [" ".join(running[at : at + of_words]) for at in rng.integers(0, len(running) - of_words, count).tolist()]


def write(path: Path, name: str, rows: int) -> None:
    """Write points of two million corners of a grid of ten metres with the columns of a dataset."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import shapely

    rng = np.random.default_rng(5)
    lonlat = np.round(np.stack([rng.uniform(6, 15, rows), rng.uniform(47, 55, rows)], axis=1), 4)
    wkb = pa.array(shapely.to_wkb(shapely.points(lonlat)), pa.binary())
    columns = {column: pa.array(values) for column, values in DATASETS[name](rows, rng).items()}
    geo = {"encoding": "WKB", "geometry_types": ["Point"]}
    said = json.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": geo}})
    table = pa.table(columns | {"geometry": wkb}).replace_schema_metadata({"geo": said})
    pq.write_table(table, path, row_group_size=200_000)


def sized(path: Path, name: str, megabytes: float) -> int:
    """Write so many rows that the file has about so many megabytes, and return how many they are."""
    write(path, name, TRIAL_ROWS)
    rows = int(TRIAL_ROWS * megabytes * MEGABYTE / path.stat().st_size)
    write(path, name, rows)
    return rows


def positions_measured() -> dict[str, tuple[Measure[Any], ...]]:
    """Name the passes that the inspection is compared with: what rules about positions measure.

    The first judges positions as they are; the others also under other readings, as the baseline policy does.
    """
    from geogate.gate.house import House
    from geogate.gate.place import place_of
    from geogate.gate.policy_files import policy_named
    from geogate.measures.inventory import LayerInventory
    from geogate.rules.registry import registered

    policy = policy_named(str(HERE / "expectations" / "baseline.yaml"))
    with tempfile.TemporaryDirectory() as home:
        house = House.from_environment({"GEOGATE_POLICIES": str(HERE / "expectations"), "GEOGATE_HOME": home})
        zone_lists = place_of(house).zone_lists(policy, today=TODAY)
    always: dict[str, Measure[Any]] = {LayerInventory().id: LayerInventory()}
    found = {name: {**always} for name in PASSES}
    for use in policy.rules:
        for name, kinds in PASSES.items():
            if use.expectation in kinds:
                measures = registered()[use.expectation].measures(use.params, zone_lists)
                found[name] |= {measure.id: measure for measure in measures}
    return {name: tuple(measures.values()) for name, measures in found.items()}


def alone(path: Path, measures: Sequence[Measure[Any]], tools: Tools) -> None:
    """Make the pass over the geometries; all columns are read, as a screening reads them."""
    from geogate.engines.local import LocalPass
    from geogate.readers import open_source

    source = open_source(path, ())
    for layer in source.layers:
        assert layer.crs is not None
        assert LocalPass(source, layer, layer.crs, _ignore, tools=tools)(measures).complete


def inspected(path: Path, measures: Sequence[Measure[Any]], tools: Tools) -> None:
    """Make the pass with all that the gate looks at besides."""
    from geogate.gate.derived import derived_layers
    from geogate.gate.opening import open_files
    from geogate.gate.passes import Means, local_passes

    passes = local_passes(Means(), tools=tools)
    with tempfile.TemporaryDirectory() as scratch:
        opened = open_files({path: path.name}, assume_crs="", scratch=Path(scratch))
        assert not opened.findings
        for layer in opened.layers:
            assert layer.run(measures, passes=passes).complete
        hidden, findings = derived_layers(opened.layers, names=tuple(opened.names.values()))
        # What hides is read again and judged: another question, which these datasets do not ask.
        assert not hidden
        assert not findings


def written(path: Path) -> None:
    """Write the file anew, as a submission does before it judges what it wrote."""
    from geogate.engines.local import cores
    from geogate.model.dataset import Format
    from geogate.readers import open_source
    from geogate.seal.canonical import encode

    source = open_source(path, ())
    systems = {layer.name: layer.crs for layer in source.layers if layer.crs is not None}
    with tempfile.TemporaryDirectory() as into:
        encode([(source, systems)], into=Path(into), shapefile_as=Format.GEOPACKAGE, kernels=True, workers=cores())


def _ignore(_rows: int) -> None:
    """Take no notice of rows that were read."""


def _spent(run: Callable[[], None]) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return Spent(wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu)


def compared(
    path: Path, measures: Sequence[Measure[Any]], *, rounds: int, tools: Tools, submitted: bool
) -> list[tuple[Spent, Spent]]:
    """Time pairs of a pass alone and one with the inspection, in turns."""

    def run(work: Callable[[Path, Sequence[Measure[Any]], Tools], None]) -> None:
        if submitted:
            written(path)
        work(path, measures, tools)

    run(alone)
    run(inspected)
    return [(_spent(lambda: run(alone)), _spent(lambda: run(inspected))) for _ in range(rounds)]


def main() -> int:
    """Measure, print a table, and say by the exit code whether the inspection adds as little as it may."""
    from geogate.kernels.state import ready
    from geogate.measures.tools import Tools

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("datasets", nargs="*", help="only these: " + ", ".join(DATASETS))
    parser.add_argument("--megabytes", type=float, default=100.0)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    worst = 0.0
    print("| columns | rows | pass | alone | with the inspection | processor | added |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        tools = Tools(kernels=ready(), indexes=Path(folder))
        path = Path(folder) / "points.parquet"
        for name in asked.datasets or DATASETS:
            rows = sized(path, name, asked.megabytes)
            for title, measures in positions_measured().items():
                pairs = compared(path, measures, rounds=asked.rounds, tools=tools, submitted=title == SUBMITTED)
                added = statistics.median(there.cpu_s / here.cpu_s for here, there in pairs) - 1
                print(_line(name, rows, title, pairs, added), flush=True)
                worst = max(worst, added)
    print(f"added {worst:.0%} at most")
    return 0 if worst < MOST_ADDED else 1


def _line(name: str, rows: int, title: str, pairs: Sequence[tuple[Spent, Spent]], added: float) -> str:
    wall = [min(each.wall_s for each in side) for side in zip(*pairs, strict=True)]
    cpu = [min(each.cpu_s for each in side) for side in zip(*pairs, strict=True)]
    return (
        f"| {name} | {rows:,} | {title} | {wall[0]:.2f} s | {wall[1]:.2f} s | {cpu[0]:.2f} s, {cpu[1]:.2f} s "
        f"| {added:.0%} |"
    )


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))  # benchmarks has scripts and is not installed
    sys.exit(main())
