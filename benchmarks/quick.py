"""Two million points, ten thousand zones, under a minute: one line says how geogate stands beside its peers.

``read-ratio`` is the time of the pass (zones and precision) by that of a bare pyarrow read of the column, and
``peer-ratio`` the best peer's time by geogate's. It ends with 0 only where all answers agree.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # benchmarks has scripts and is not installed

ROUNDS = 3
QUICK = ("bare", "geogate", "duckdb", "sedonadb", "polars-st", "strtree")
SURPLUS_S = 30.0
"""After so long no further round begins: the whole has to stay under fifty seconds."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether the answers agree."""
    from benchmarks.answers import compare
    from benchmarks.cases import MILLION, Case
    from benchmarks.sampling import Sampler
    from benchmarks.store import Store, default_folder
    from benchmarks.systems.registry import BARE, OURS, SYSTEMS, installed

    parser = argparse.ArgumentParser(prog="make bench-quick", description=__doc__)
    parser.add_argument("--data", type=Path, default=default_folder(), help="where the data is kept")
    parser.add_argument("--rows", type=int, default=2 * MILLION)
    options = parser.parse_args(arguments)
    began = time.monotonic()
    case = Case(name="quick", title="quick", group="quick", rows=options.rows, systems=installed(QUICK))
    question = case.question(Store(options.data))
    with tempfile.TemporaryDirectory(prefix="geogate-bench-") as scratch:
        sampler = Sampler(rounds=ROUNDS, scratch=Path(scratch), until=began + SURPLUS_S)
        samples, answers = sampler.sample(question, case.systems, with_pairs=case.systems)
    agreement = compare(answers, question)
    for name, taken in samples.items():
        print(
            f"{SYSTEMS[name].label:20} {taken.median:7.3f} s, first {taken.first[0]:7.3f} s, {taken.memory:6.0f} MB,"
            f" {len(taken.seconds)} rounds"
        )
    print(f"{agreement.pairs:,} pairs, digest {agreement.digest}", *agreement.notes, sep="\n")
    ours = samples[OURS].median
    best = min(taken.median for name, taken in samples.items() if name not in (BARE, OURS))
    agree = "yes" if agreement.agree else "no"
    print(f"read-ratio {ours / samples[BARE].median:.2f} peer-ratio {best / ours:.1f} agree {agree}")
    return 0 if agreement.agree else 1


if __name__ == "__main__":
    sys.exit(main())
