"""How time grows with rows, zones, share of hits and threads, as drawings for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.systems.registry import BARE, OURS, SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from benchmarks.results import CaseResult, Results

SHOWN: Final = (BARE, OURS, "sedonadb", "duckdb", "polars-st", "strtree", "geopandas", "postgis")
COLOURS: Final = {
    BARE: "#7f7f7f",
    OURS: "#0b6e4f",
    "sedonadb": "#c8553d",
    "duckdb": "#e0a100",
    "polars-st": "#6a4c93",
    "strtree": "#1982c4",
    "geopandas": "#8d6e63",
    "postgis": "#336791",
}
STYLE: Final = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
    "svg.hashsalt": "geogate",
    "svg.fonttype": "none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Seconds over one thing that grows; ``cases`` are those in which nothing else changes."""

    name: str
    title: str
    axis: str
    cases: tuple[str, ...]
    value: Callable[[CaseResult], float]
    logarithmic: bool = True

    def points(self, results: Results) -> Mapping[str, list[tuple[float, float]]]:
        """Give the curve of each system, ascending; none where there are fewer than two places."""
        cases = [results.cases[name] for name in self.cases if name in results.cases]
        curves = {
            system: sorted((self.value(case), case.systems[system].seconds) for case in cases if system in case.systems)
            for system in SHOWN
        }
        return {system: curve for system, curve in curves.items() if len(curve) > 1}


PLOTS: Final = (
    Plot(
        name="rows",
        title="Points, 10,000 zones, 5 % hits",
        axis="rows",
        cases=("rows-1000000", "rows-2000000", "rows-5000000", "points-5", "rows-tenfold"),
        value=lambda case: case.rows,
    ),
    Plot(
        name="zones",
        title="10 million points, 5 % hits",
        axis="zones",
        cases=("zones-300", "zones-3000", "points-5", "zones-30000", "points-100k"),
        value=lambda case: case.zones,
    ),
    Plot(
        name="hits",
        title="10 million points, 10,000 zones",
        axis="share of points in a zone, %",
        cases=("points-0.1", "share-0.01", "points-5", "share-0.2", "points-50"),
        value=lambda case: 100 * case.share,
    ),
    Plot(
        name="threads",
        title="10 million points, 10,000 zones, 5 % hits",
        axis="threads",
        cases=("one-thread", "points-5"),
        value=lambda case: case.threads,
        logarithmic=False,
    ),
)


def draw(results: Results, folder: Path) -> None:
    """Draw all plots for which there are numbers, as SVG, the same file for the same numbers."""
    import matplotlib as mpl

    mpl.use("svg")
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        for plot in PLOTS:
            curves = plot.points(results)
            if curves:
                _draw(plot, curves, folder / f"{plot.name}.svg")


def _draw(plot: Plot, curves: Mapping[str, list[tuple[float, float]]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for system, curve in curves.items():
        wide = 2.4 if system == OURS else 1.4
        label = SYSTEMS[system].label
        axes.plot(
            *zip(*curve, strict=True), marker="o", markersize=4, linewidth=wide, color=COLOURS[system], label=label
        )
    axes.set(title=plot.title, xlabel=plot.axis, ylabel="seconds")
    if plot.logarithmic:
        axes.set(xscale="log", yscale="log")
    else:
        axes.set(ylim=(0, None), xticks=sorted({x for curve in curves.values() for x, _ in curve}))
    figure.legend(loc="outside right upper")
    figure.savefig(path, metadata={"Date": None, "Creator": None})
