"""Measure screen and submit beside a bare pyarrow read and write of the same file, and write the table into the docs.

Every figure is taken in a process of its own, the peers in turn with geogate, several rounds; medians are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REPORT = HERE.parent / "docs" / "benchmarks.md"
ROWS = 2_000_000
ZONES = 300
TASKS = ("read", "read-write", "import-gx", "screen", "submit")


def main() -> None:
    """Run all rounds and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--no-scaling", action="store_true", help="leave out ten times the rows")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="geogate-bench-") as folder:
        figures = measure(Path(folder) / "small", rows=options.rows, rounds=options.rounds)
        larger = None
        if not options.no_scaling:
            larger = measure(Path(folder) / "large", rows=10 * options.rows, rounds=max(1, options.rounds // 2))
    text = report(figures, larger, rows=options.rows)
    print(text)
    if not options.no_scaling:
        REPORT.write_text(text, encoding="utf-8")


def measure(folder: Path, *, rows: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return seconds and peak megabytes of each task, medians of the rounds."""
    environment = os.environ | {
        "GEOGATE_HOME": str(folder / "home"),
        "GEOGATE_POLICIES": str(folder / "policies"),
        "GX_ANALYTICS_ENABLED": "false",
    }
    run = [sys.executable, str(HERE / "task.py")]
    subprocess.run([*run, "prepare", str(folder), str(rows), str(ZONES)], check=True, env=environment)
    taken: dict[str, list[dict[str, float]]] = {task: [] for task in TASKS}
    for _ in range(rounds):
        for task in TASKS:
            done = subprocess.run([*run, task, str(folder)], check=True, env=environment, stdout=subprocess.PIPE)
            taken[task].append(json.loads(done.stdout.splitlines()[-1]))
    return {task: medians(results) for task, results in taken.items()}


def medians(results: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure over the rounds."""
    return {key: statistics.median(result[key] for result in results) for key in results[0]}


def report(figures: dict[str, dict[str, float]], larger: dict[str, Any] | None, *, rows: int) -> str:
    """Write the tables."""
    gx = figures["import-gx"]["seconds"]
    lines = [
        "# Benchmarks",
        "",
        f"Made by `make bench`: {rows:,} points of GeoParquet (WKB, zstd) against {ZONES} zones on two threads.",
        "`first` is the first call in a new interpreter, with all imports; `again` the second call in that process.",
        "",
        "| Work | first, s | again, s | peak, MB | against | ratio |",
        "|---|---|---|---|---|---|",
        row("bare pyarrow read", figures["read"]),
        row("bare pyarrow read + write", figures["read-write"]),
        f"| import great_expectations | {gx:.3f} | | {figures['import-gx']['peak_mb']:.0f} | | |",
    ]
    for task, peer, name in (("screen", "read", "read"), ("submit", "read-write", "read + write")):
        mine, bare = figures[task], figures[peer]
        ratio = mine["again"] / bare["again"]
        beyond = mine["seconds"] - gx
        lines.append(
            f"| `{task}` | {mine['seconds']:.3f} | {mine['again']:.3f} | {mine['peak_mb']:.0f} | bare {name} "
            f"| {ratio:.1f}; first {beyond:+.1f} s beside GX's import |"
        )
    if larger is not None:
        lines += ["", f"Ten times the rows ({10 * rows:,}), relative to the same work above:", ""]
        lines += ["| Work | time | memory |", "|---|---|---|"]
        for task in ("screen", "submit"):
            time = larger[task]["again"] / figures[task]["again"]
            memory = larger[task]["peak_mb"] / figures[task]["peak_mb"]
            lines.append(f"| `{task}` | {time:.1f} times | {memory:.2f} times ({larger[task]['peak_mb']:.0f} MB) |")
    return "\n".join([*lines, ""])


def row(name: str, figure: dict[str, float]) -> str:
    """Write the row of a peer."""
    return f"| {name} | {figure['seconds']:.3f} | {figure['again']:.3f} | {figure['peak_mb']:.0f} | | |"


if __name__ == "__main__":
    main()
