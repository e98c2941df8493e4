"""What some sixty rules add to the screening of one, over two million rows: ``python -m benchmarks.rules [ROWS]``.

The peer is a policy with one rule, that on restricted zones, and the one on columns that every policy must have. Beside
it are a pack of sixty rules about the same zones and positions, and, as they are adopted together with nothing
declared, all packs but those for tables, which need three more zone lists and readings under other reference systems.
All are screened in turns, as a user would, with readers in their child processes. The last line, ``added N %``, is
about the pack.
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
    from collections.abc import Callable, Sequence
    from typing import Any

    from geogate.model.verdict import Verdict

    Run = tuple[float, Verdict]

SHIPPED: Final = Path(__file__).resolve().parent.parent / "expectations"
ROWS: Final = 2_000_000
ROUNDS: Final = 5
MOST_ADDED: Final = 0.20
TABLES: Final = "sdc-aggregates-and-ecology"
ZONES: Final = "expect_no_position_in_restricted_zones"
COLUMNS: Final = "expect_columns_to_be_declared"
READINGS: Final = "expect_no_zone_under_another_reading"
PACK: Final = 60
MANY: Final = 100_000_000
"""Features that may lie in zones, so that no pass ends before its last row."""


def main(rows: int = ROWS) -> int:
    """Screen under one rule, under sixty and under all in turns; 1 where the sixty take more than they may."""
    with TemporaryDirectory(prefix="geogate-rules-") as folder:
        root = Path(folder)
        path = root / "points.parquet"
        _write(path, rows)
        houses = [_house(root / "one", _one), _house(root / "pack", _pack), _house(root / "all", None)]
        for house in houses:
            _screen(path, house)
        rounds = [[_screen(path, house) for house in houses] for _ in range(ROUNDS)]
    one, *others = zip(*rounds, strict=True)
    _tell("one", one)
    added = [_tell(name, side, beside=one) for name, side in zip(("pack", "all packs"), others, strict=True)]
    print(f"added {added[0]:.0%}")
    return int(added[0] > MOST_ADDED)


def _tell(name: str, side: Sequence[Run], *, beside: Sequence[Run] = ()) -> float:
    """Print the times of one side, and give the median share that it adds to the other in the same round."""
    verdict = side[0][1]
    times = ", ".join(f"{took:.2f} s" for took, _ in side)
    added = statistics.median(here[0] / peer[0] for here, peer in zip(side, beside or side, strict=True)) - 1
    said = f", {added:+.0%}" if beside else ""
    print(f"{name}: {len(verdict.rules)} rules, {verdict.layers[0].rows:,} rows, {verdict.decision}{said}: {times}")
    return added


def _write(path: Path, rows: int) -> None:
    """Write points on a lattice of a hundredth of a degree, with a count."""
    rng = np.random.default_rng(5)
    x, y = (np.round(rng.uniform(low, high, rows), 2) for low, high in ((6, 15), (47, 55)))
    frame = geopandas.GeoDataFrame({"visits": rng.integers(0, 500, rows)}, geometry=geopandas.points_from_xy(x, y))
    frame.set_crs(4326).to_parquet(path)


def _house(root: Path, choose: Callable[[list[Any]], list[Any]] | None) -> House:
    """Make a house whose baseline has the rules that are chosen of it, or one that adopted all packs."""
    shutil.copytree(SHIPPED, root / "policies")
    (root / "outbox" / "example-partner").mkdir(parents=True)
    yaml = YAML()
    yaml.representer.ignore_aliases = lambda _: True  # policies have none
    if choose is None:
        names = sorted(path.stem for path in SHIPPED.glob("*.yaml") if path.stem not in ("recipients", TABLES, "roles"))
        chosen = [{"policy": name, "reason": "a benchmark", "decided_by": "nobody"} for name in names]
        yaml.dump({"adopted": chosen}, root / "policies" / "adopted.yaml")
    else:
        policy = root / "policies" / "baseline.yaml"
        document = YAML(typ="safe", pure=True).load(policy)
        document["expectations"] = choose(document["expectations"])
        yaml.dump(document, policy)
    environment = {
        "GEOGATE_HOME": str(root / ".geogate"),
        "GEOGATE_POLICIES": str(root / "policies"),
        "GEOGATE_COUNTRY": "DE",
    }
    house = House.from_environment(environment, actor="benchmark")
    list(initialise(house.settings))
    return house


def _one(shipped: list[Any]) -> list[Any]:
    zones = _of(shipped, ZONES)[0]
    return [zones | {"kwargs": zones["kwargs"] | {"max_features": MANY}}, *_of(shipped, COLUMNS)[:1]]


def _pack(shipped: list[Any]) -> list[Any]:
    """Make sixty different rules of the shipped ones, by their limits; none reads positions in another way."""
    made = [each for each in shipped if each["type"] not in {*TURNED, READINGS}]
    for type_, change in TURNED.items():
        rule = _of(shipped, type_)[0]
        made += [_named(rule, number, change(rule["kwargs"], number)) for number in range(PACK // len(TURNED))]
    return made[:PACK]


TURNED: Final[dict[str, Callable[[Any, int], Any]]] = {
    ZONES: lambda kwargs, number: kwargs | {"max_features": MANY + number},
    "expect_coordinates_no_finer_than": lambda kwargs, number: kwargs | {"step_m": 10 + number},
    "expect_layer_inventory": lambda kwargs, number: kwargs | {"max_rows": 100_000_000 - number},
    "expect_destination_to_be_allowed": lambda kwargs, number: kwargs | {"contract_min_days_left": number},
}
"""Rules that stand many times in the pack, and what is another limit each time."""


def _of(shipped: list[Any], type_: str) -> list[Any]:
    return [each for each in shipped if each["type"] == type_]


def _named(rule: Any, number: int, kwargs: Any) -> Any:
    return rule | {"kwargs": kwargs, "meta": rule["meta"] | {"rule": f"{rule['meta']['rule']}-{number}"}}


def _screen(path: Path, house: House) -> Run:
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
