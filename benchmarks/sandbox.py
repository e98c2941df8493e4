"""What isolation costs: a small file read in a child beside the same read without one, and a large one.

Its last line is ``added N ms`` for a small file, to compare with the 150 ms that it may cost.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from geogate.sandbox import Inside, IsolationLevel, Zygote

SMALL_ROWS, LARGE_ROWS = 1_000, 500_000
ROUNDS: Final = 5
MOST_MS: Final = 150.0
PRELOAD: Final = ("geogate.engines.local", "pyogrio", "benchmarks.sandbox:warm_up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read."""

    rows: int


def read(inside: Inside) -> Read:
    """Open the file, and measure it once."""
    from geogate.engines.local import LocalPass
    from geogate.measures.lattice import CoordinateLattice
    from geogate.readers import open_source

    rows = 0
    for path in inside.folder.iterdir():
        source = open_source(path, ())
        for layer in source.layers:
            if layer.crs is not None:
                rows += LocalPass(source, layer, layer.crs, inside.progress)([CoordinateLattice()]).rows
    return Read(rows=rows)


def warm_up() -> None:
    """Load all that reading loads, by reading a file of one's own; no thread begins."""
    from geogate.measures.lattice import CoordinateLattice
    from geogate.measures.tools import PLAIN
    from geogate.readers import open_source

    with tempfile.TemporaryDirectory() as folder:
        source = open_source(_points(Path(folder) / "warm", 10), ())
        for layer in source.layers:
            tally = CoordinateLattice().tally(PLAIN)
            for batch in source.batches(layer, crs=layer.crs) if layer.crs is not None else ():
                tally.add(batch)


def main() -> int:
    """Measure, print, and say by the exit code whether a small file costs as little as it may."""
    from geogate.sandbox import IsolationLevel, Zygote

    start = time.perf_counter()
    with Zygote(preload=PRELOAD) as zygote, tempfile.TemporaryDirectory() as folder:
        zygote.wait()
        print(f"zygote             {_ms(start):8.1f} ms, once a process and beside its own imports")
        small, large = (_points(Path(folder) / str(rows), rows) for rows in (SMALL_ROWS, LARGE_ROWS))
        added = 0.0
        _bare(small)
        for level in zygote.available():
            if level is not IsolationLevel.NONE:
                cost = _compared(zygote, level, small, large)
                added = max(added, cost) if level.at_least(IsolationLevel.FILTERED) else added
    print(f"added {added:.0f} ms")
    return 0 if added < MOST_MS else 1


def _compared(zygote: Zygote, level: IsolationLevel, small: Path, large: Path) -> float:
    """Print what one level costs, and return what it adds to a small file."""
    empty = min(_in_child(zygote, level, None) for _ in range(ROUNDS))
    lines = {"start and end": (empty, 0.0)}
    for title, path in (("small file", small), ("large file", large)):
        # In turns, so that the load of the machine is the same for both; the least is what is least disturbed.
        pairs = [(_bare(path), _in_child(zygote, level, path)) for _ in range(ROUNDS)]
        lines[title] = (min(there for _, there in pairs), min(here for here, _ in pairs))
    for title, (child_ms, bare_ms) in lines.items():
        ratio = f", bare {bare_ms:8.1f} ms, ratio {child_ms / bare_ms:5.2f}" if bare_ms else ""
        print(f"{level:10} {title:14} {child_ms:8.1f} ms{ratio}")
    return lines["small file"][0] - lines["small file"][1]


def _in_child(zygote: Zygote, level: IsolationLevel, path: Path | None) -> float:
    from geogate.sandbox import Limits
    from geogate.sandbox.view import Order

    files = () if path is None else ((str(path), path.name),)
    start = time.perf_counter()
    order = Order(level=level, limits=Limits(), files=files, output=None, read_only=())
    with zygote.start(order, output=None) as child:
        rows = child.call("benchmarks.sandbox:read", gives=Read).rows
        assert not child.finish().warned
    assert rows or path is None
    return _ms(start)


def _bare(path: Path) -> float:
    start = time.perf_counter()
    assert read(cast("Inside", SimpleNamespace(folder=path.parent, progress=lambda _rows: None))).rows
    return _ms(start)


def _ms(start: float) -> float:
    return (time.perf_counter() - start) * 1000


def _points(folder: Path, rows: int) -> Path:
    import geopandas
    import numpy as np

    folder.mkdir()
    x: Any = np.round(np.linspace(8, 9, rows), 4)
    frame = geopandas.GeoDataFrame({"number": range(rows)}, geometry=geopandas.points_from_xy(x, 55 - x), crs=4326)
    frame.to_parquet(folder / "points.parquet")
    return folder / "points.parquet"


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # benchmarks has scripts and is not installed
    sys.exit(main())
