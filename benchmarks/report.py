"""The page with what was measured: targets, tables and plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.plots import PLOTS
from benchmarks.store import COMPRESSION, DEVICES, ROW_GROUP
from benchmarks.systems.registry import BARE, OURS, SYSTEMS
from benchmarks.targets import targets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.results import CaseResult, Results, Taken

TABLES: Final = {
    "Points: which are in which zones": ("points-0.1", "points-5", "points-50", "points-100k"),
    "Points within 500 m of a zone": ("within-500",),
    "Lines and polygons that touch a zone": ("lines", "polygons"),
}

METHOD: Final = f"""\
## How it is measured

- `make bench` makes the data from fixed seeds: GeoParquet, {COMPRESSION}, row groups of {ROW_GROUP:,} rows. Points have
  7 decimals, spread evenly over a box as large as France, {DEVICES:,} devices, and times that ascend; lines have 28
  vertices on average, polygons 5 to 30 corners. Zones have 12 to 60 corners, some have holes or two parts; they are
  scaled so that the stated share of positions lies in them.
- Every system runs in a process of its own on two cores, in turn with the others, several rounds. A cell has the median
  of the seconds from the files to the features of each zone, imports not counted, the process being warm, and the
  process's peak of memory. Systems that take long run in fewer rounds.
- geogate measures the precision of points in the same pass; its peers only join. Its index is opened from its file
  before; what making and opening it takes stands in a table of its own.
- For the distance in metres the peers get points and zones projected to EPSG:2154, which distorts; geogate measures on
  the ellipsoid.
- Answers are compared pair by pair with one peer, whose features of each zone stand for the others'. geogate counts
  what is within a centimetre of the limit as within: each differing pair is judged by its geodesic (PROJ), and a single
  one that geogate has without being so near, or lacks without being beyond the limit, makes the answers disagree.
"""


def page(results: Results, machine: Sequence[str]) -> str:
    """Write the page."""
    parts = [
        "# Benchmarks",
        "",
        "<!-- Written by `make bench`; do not change it by hand. -->",
        "",
        *(f"- {fact}" for fact in machine),
        "",
        *_targets(results),
        *_tables(results),
        *_alone(results),
        *_indexes(results),
        *_gate(results),
        *_plots(results),
        METHOD,
    ]
    return "\n".join(parts)


def _targets(results: Results) -> Iterator[str]:
    yield "## Targets"
    yield ""
    yield "| Work | Against | Target | Reached | |"
    yield "|---|---|---|---|---|"
    for target in targets(results):
        yield target.row()
    yield ""


def _tables(results: Results) -> Iterator[str]:
    for title, names in TABLES.items():
        cases = [results.cases[name] for name in names if name in results.cases]
        if cases:
            yield f"## {title}"
            yield ""
            yield "Seconds of the query with the files read in it, and the peak of memory."
            yield ""
            yield f"| | {' | '.join(case.title for case in cases)} |"
            yield f"|---|{'---|' * len(cases)}"
            for name in SYSTEMS:
                if any(name in case.systems for case in cases):
                    yield f"| {SYSTEMS[name].label} | {' | '.join(_cell(case.systems.get(name)) for case in cases)} |"
            yield f"| pairs | {' | '.join(f'{case.pairs:,}' for case in cases)} |"
            yield f"| digest of the pairs | {' | '.join(f'`{case.digest}`' for case in cases)} |"
            yield f"| answers agree | {' | '.join(_agreed(case) for case in cases)} |"
            yield ""
            yield from _notes(cases)


def _cell(taken: Taken | None) -> str:
    return "" if taken is None else f"{taken.seconds:.2f} s, {taken.peak_mb:.0f} MB"


def _agreed(case: CaseResult) -> str:
    return {True: "✓", False: "✗", None: "asked alone"}[case.agree]


def _notes(cases: Sequence[CaseResult]) -> Iterator[str]:
    notes = [f"- {case.title}, {note}" for case in cases for note in case.notes]
    if notes:
        yield "Pairs that differ, each judged on the ellipsoid:"
        yield ""
        yield from notes
        yield ""


def _alone(results: Results) -> Iterator[str]:
    """Write the cases in which geogate stands beside the bare read only."""
    cases = [case for case in results.cases.values() if case.agree is None]
    if cases:
        yield "## geogate beside a bare read of the columns used"
        yield ""
        yield "| | rows | zones | threads | bare read | geogate | ratio |"
        yield "|---|---|---|---|---|---|---|"
        for case in cases:
            bare, ours = case.systems[BARE], case.systems[OURS]
            yield (
                f"| {case.title} | {case.rows:,} | {case.zones:,} | {case.threads} | {_cell(bare)} | {_cell(ours)} "
                f"| {ours.seconds / bare.seconds:.2f} |"
            )
        yield ""


def _indexes(results: Results) -> Iterator[str]:
    titles = [name.removeprefix("index ") for name in results.tasks if name.startswith("index ")]
    if titles:
        yield "## Compiling a zone list"
        yield ""
        yield "An index that is reopened answers at once; a pass tells nothing before its file is verified beside it."
        yield ""
        yield "| | made | peak memory | file | reopened | verified |"
        yield "|---|---|---|---|---|---|"
        for title in titles:
            made, opened = results.tasks[f"index {title}"], results.tasks[f"reopen {title}"]
            yield (
                f"| {title} | {made.seconds:.2f} s | {made.peak_mb:.0f} MB | {made.note} "
                f"| {1000 * opened.seconds:.0f} ms | {opened.note} |"
            )
        yield ""


def _gate(results: Results) -> Iterator[str]:
    names = ("read ", "read-write ", "screen ", "submit ", "cold ", "engine ")
    tasks = {name: taken for name, taken in results.tasks.items() if name.startswith(names)}
    if tasks:
        yield "## The whole gate"
        yield ""
        yield "`first` is the first call in a new process with all imports, `warm` the median of the later ones in it."
        yield ""
        yield "| Work | first | warm | peak memory | |"
        yield "|---|---|---|---|---|"
        for name, taken in tasks.items():
            note = "facts " + taken.note[:16] if name.startswith("engine") else taken.note
            yield f"| {name} | {taken.first:.2f} s | {taken.seconds:.2f} s | {taken.peak_mb:.0f} MB | {note} |"
        yield ""


def _plots(results: Results) -> Iterator[str]:
    drawn = [plot for plot in PLOTS if plot.points(results)]
    if drawn:
        yield "## How it scales"
        yield ""
        for plot in drawn:
            yield f"![{plot.title}](benchmarks/{plot.name}.svg)"
            yield ""
