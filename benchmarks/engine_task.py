"""A folder of many files through the local engine or through Spark, twice; prints what it took as JSON."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # benchmarks has scripts and is not installed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from geogate.measures.measure import LayerFacts, Measure
    from geogate.measures.tools import Tools

    Runs = Callable[[Sequence[Path], tuple[Measure[Any], ...]], list[LayerFacts]]


def local_runs(tools: Tools, threads: int) -> Runs:
    """Measure one file after the other."""
    from geogate.engines.local import LocalPass
    from geogate.readers.dataset import open_dataset

    def run(files: Sequence[Path], measures: tuple[Measure[Any], ...]) -> list[LayerFacts]:
        found = []
        for source in open_dataset(files):
            for layer in source.layers:
                assert layer.crs is not None
                found.append(LocalPass(source, layer, layer.crs, _ignore, tools=tools, workers=threads)(measures))
        return found

    return run


def spark_runs(tools: Tools, threads: int, stack: ExitStack) -> Runs:
    """Let Spark measure all files in one job; the session begins before anything is timed."""
    from geogate.engines.spark import SparkDataset
    from geogate.engines.spark_session import spark_session
    from geogate.measures.source import SplitSource
    from geogate.readers.dataset import open_dataset

    session = stack.enter_context(spark_session(f"local[{threads}]"))

    def run(files: Sequence[Path], measures: tuple[Measure[Any], ...]) -> list[LayerFacts]:
        dataset = SparkDataset(session=session, opener=open_dataset, on_rows=_ignore, tools=tools)
        passes = []
        for source in open_dataset(files):
            for layer in source.layers:
                assert layer.crs is not None
                assert isinstance(source, SplitSource)
                passes.append(dataset.layer(source, layer, layer.crs))
        return [each(measures) for each in passes]

    return run


def main() -> None:
    """Measure zones, precision and inventory of all files."""
    from benchmarks.memory import peak_mb
    from benchmarks.systems.ours import zone_list
    from geogate.kernels.state import ready
    from geogate.measures.inventory import LayerInventory
    from geogate.measures.lattice import CoordinateLattice
    from geogate.measures.tools import Tools
    from geogate.measures.zone_hits import ZoneHits

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=("local", "spark"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("zones", type=Path)
    parser.add_argument("indexes", type=Path)
    parser.add_argument("threads", type=int)
    options = parser.parse_args()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    tools = Tools(kernels=ready(), indexes=options.indexes)
    files = sorted(options.folder.iterdir())
    hits = ZoneHits.against(zone_list(options.zones), buffer_m=0.0)
    measures: tuple[Measure[Any], ...] = (hits, CoordinateLattice(), LayerInventory())
    with ExitStack() as stack:
        threads = options.threads
        run = local_runs(tools, threads) if options.engine == "local" else spark_runs(tools, threads, stack)
        seconds: list[float] = []
        for _ in range(2):
            began = time.perf_counter()
            facts = run(files, measures)
            seconds.append(time.perf_counter() - began)
    said = {"first": seconds[0], "seconds": seconds[-1], "spent": sum(seconds), "peak_mb": peak_mb()}
    print(json.dumps(said | {"digest": _digest(facts)}))


def _digest(facts: list[LayerFacts]) -> str:
    """Digest all facts, to the last bit of every number."""
    from geogate.model.document import canonical_json

    digest = hashlib.sha256()
    for each in facts:
        texts = [f"{name} {canonical_json(each.values[name])}" for name in sorted(each.values)]
        digest.update("\n".join([str(each.rows), *texts, ""]).encode())
    return digest.hexdigest()


def _ignore(_rows: int) -> None:
    """Take no notice of rows that were read."""


if __name__ == "__main__":
    main()
