"""Measure geogate beside its peers, compare the answers, and write tables and plots into the docs.

What was measured is kept with the data, so that ``--only`` measures a part anew and the page has all of it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.results import Results

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # benchmarks has scripts and is not installed

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main(arguments: list[str] | None = None) -> int:
    """Measure what is chosen, write the page, and say by the exit code whether all answers agree."""
    from benchmarks.results import Results

    options = _options(arguments)
    kept = options.data / f"results-{options.scale:g}.json"
    results = Results() if options.fresh else Results.loaded(kept)
    if not options.report:
        with tempfile.TemporaryDirectory(prefix="geogate-bench-") as scratch:
            _measure(options, Path(scratch), results, kept)
    _write(results, options.docs)
    disagree = [name for name, case in results.cases.items() if case.agree is False]
    print(f"answers disagree in {', '.join(disagree)}" if disagree else "all answers agree")
    return 1 if disagree else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    from benchmarks.cases import CASES
    from benchmarks.store import default_folder
    from benchmarks.works import WORKS

    groups = [*dict.fromkeys(case.group for case in CASES), *WORKS]
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--data", type=Path, default=default_folder(), help="where data and results are kept")
    parser.add_argument("--docs", type=Path, default=DOCS, help="where the page is written")
    parser.add_argument("--only", default=",".join(groups), help=f"some of {', '.join(groups)}, or names of cases")
    parser.add_argument("--missing", action="store_true", help="leave out the cases that have been measured")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="times the rows; results are kept apart")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--report", action="store_true", help="measure nothing, only write the page")
    options = parser.parse_args(arguments)
    options.only = options.only.split(",")
    unknown = set(options.only) - {*groups, *(case.name for case in CASES)}
    if unknown:
        parser.error(f"nothing is called {', '.join(sorted(unknown))}")
    return options


def _measure(options: argparse.Namespace, scratch: Path, results: Results, kept: Path) -> None:
    from benchmarks.cases import CASES
    from benchmarks.store import Store
    from benchmarks.works import WORKS, Workshop, measure_case

    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {text}", file=sys.stderr, flush=True)

    shop = Workshop(store=Store(options.data), scratch=scratch, rounds=options.rounds, scale=options.scale, tell=tell)
    for case in CASES:
        chosen = case.group in options.only or case.name in options.only
        if chosen and not (options.missing and case.name in results.cases):
            results.cases[case.name] = measure_case(case.smaller(options.scale), shop)
            results.save(kept)
    for name, work in WORKS.items():
        if name in options.only:
            work(shop, results)
            results.save(kept)


def _write(results: Results, docs: Path) -> None:
    from benchmarks.machine import facts
    from benchmarks.plots import draw
    from benchmarks.report import page

    draw(results, docs / "benchmarks")
    (docs / "benchmarks.md").write_text(page(results, facts()), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
