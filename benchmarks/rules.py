"""What some sixty rules add to the screening of one, over two million rows: ``python -m benchmarks.rules [ROWS]``.

All packs but those for tables judge together, with nothing declared, so that each applies; the peer is a policy with a
rule on precision and the ones on columns. Both are screened in turns, as a user would, with readers in their child
processes. The last line is ``added N %``.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import geopandas
import numpy as np
from ruamel.yaml import YAML

from geogate.gate.home import initialise
from geogate.gate.house import House, Wish
from geogate.gate.screen import screen

if TYPE_CHECKING:
    from geogate.model.verdict import Verdict

SHIPPED: Final = Path(__file__).resolve().parent.parent / "expectations"
ROWS: Final = 2_000_000
ROUNDS: Final = 5
MOST_ADDED: Final = 0.20
TABLES: Final = "sdc-aggregates-and-ecology"
KEPT: Final = frozenset({"expect_coordinates_no_finer_than", "expect_columns_to_be_declared"})


def main(rows: int = ROWS) -> int:
    """Screen under one rule and under all in turns; 1 where all take more than they may."""
    with TemporaryDirectory(prefix="geogate-rules-") as folder:
        root = Path(folder)
        path = root / "points.parquet"
        _write(path, rows)
        few, many = _house(root / "few", packs=False), _house(root / "many", packs=True)
        _screen(path, few), _screen(path, many)
        pairs = [(_screen(path, few), _screen(path, many)) for _ in range(ROUNDS)]
    for name, side in zip(("few", "many"), zip(*pairs, strict=True), strict=True):
        verdict = side[0][1]
        times = ", ".join(f"{took:.2f} s" for took, _ in side)
        print(f"{name}: {len(verdict.rules)} rules, {verdict.layers[0].rows:,} rows, {verdict.decision}: {times}")
    added = statistics.median(there[0] / here[0] for here, there in pairs) - 1
    print(f"added {added:.0%}")
    return int(added > MOST_ADDED)


def _write(path: Path, rows: int) -> None:
    """Write points on a lattice of a hundredth of a degree, with a count."""
    rng = np.random.default_rng(5)
    x, y = (np.round(rng.uniform(low, high, rows), 2) for low, high in ((6, 15), (47, 55)))
    frame = geopandas.GeoDataFrame({"visits": rng.integers(0, 500, rows)}, geometry=geopandas.points_from_xy(x, y))
    frame.set_crs(4326).to_parquet(path)


def _house(root: Path, *, packs: bool) -> House:
    shutil.copytree(SHIPPED, root / "policies")
    (root / "outbox" / "example-partner").mkdir(parents=True)
    yaml = YAML()
    if packs:
        names = sorted(path.stem for path in SHIPPED.glob("*.yaml") if path.stem not in ("recipients", TABLES, "roles"))
        chosen = [{"policy": name, "reason": "a benchmark", "decided_by": "nobody"} for name in names]
        yaml.dump({"adopted": chosen}, root / "policies" / "adopted.yaml")
    else:
        policy = root / "policies" / "baseline.yaml"
        document = yaml.load(policy)
        kept = [each for each in document["expectations"] if each["type"] in KEPT]
        document["expectations"] = [kept[0], *(each for each in kept if each["type"] != kept[0]["type"])]
        yaml.dump(document, policy)
    environment = {
        "GEOGATE_HOME": str(root / ".geogate"),
        "GEOGATE_POLICIES": str(root / "policies"),
        "GEOGATE_COUNTRY": "DE",
    }
    house = House.from_environment(environment, actor="benchmark")
    list(initialise(house.settings))
    return house


def _screen(path: Path, house: House) -> tuple[float, Verdict]:
    wish = Wish(
        dataset=(str(path),),
        policy="baseline",
        recipient="example-partner",
        destination="file:outbox/example-partner/",
    )
    began = time.perf_counter()
    verdict = screen(wish, house=house)
    return time.perf_counter() - began, verdict


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
