"""Time the night's audit: ``python -m benchmarks.audit [KEPT] [STREAMED]``.

A few releases are really sent under the baseline; the tables then get copies of them under other ids. First all are
judged from what was measured when they were sent, then again when nothing has changed, and then some whose measurements
are those of an earlier version, so that their bytes are read.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import insert, select

from geogate.gate.audit_run import PartDone, begin, ended, forget
from geogate.gate.home import initialise
from geogate.gate.house import House, Wish
from geogate.gate.send import send_by_nonce
from geogate.gate.submit import submit
from geogate.ledger.chain import sha256
from geogate.ledger.tables import CLEARANCES, MEASUREMENTS, RECEIPTS, REQUESTS

SHIPPED: Final = Path(__file__).resolve().parent.parent / "expectations"
KEPT: Final = 100_000
STREAMED: Final = 1_000
AT_ONCE: Final = 1_000
TARGET_S: Final = 300.0
"""For 100,000 releases that are judged from what was measured."""

ROWS: Final = 2_000
OLDER: Final = '{"schema":1}'
"""What an earlier version kept of a release, which does not suffice."""


def main(kept: int = KEPT, streamed: int = STREAMED) -> int:
    """Make the ledger, audit it, and say how long that took; 1 where it took longer than it may."""
    with TemporaryDirectory(prefix="geogate-audit-") as folder:
        root = Path(folder)
        house = _house(root)
        for number in range(2):
            _send(root, number, house)
        _copy(kept - 2, "202601", house, older=False)
        first = _time(f"{kept:,} releases from what was measured", house)
        _time("the same, when nothing has changed", house)
        _copy(streamed, "202602", house, older=True)
        _time(f"{streamed:,} releases with their bytes, of {ROWS:,} rows each, besides the others", house)
    print(f"{TARGET_S:g} s are allowed for {KEPT:,} from what was measured")
    return int(first > TARGET_S * kept / KEPT)


def _time(what: str, house: House) -> float:
    began, used = time.perf_counter(), time.process_time()
    parts: tuple[PartDone, ...] = ended(begin(house=house), house=house)
    took, used = time.perf_counter() - began, time.process_time() - used
    forget(house=house)
    found = sum(len(part.findings) for part in parts)
    same, read = sum(part.same for part in parts), sum(part.streamed for part in parts)
    print(f"{what}: {took:.1f} s, {used:.1f} s of a processor; {same:,} as before, {read:,} read, {found:,} found")
    return took


def _house(root: Path) -> House:
    shutil.copytree(SHIPPED, root / "policies")
    (root / "outbox" / "example-partner").mkdir(parents=True)
    environment = {
        "GEOGATE_HOME": str(root / ".geogate"),
        "GEOGATE_POLICIES": str(root / "policies"),
        "GEOGATE_COUNTRY": "DE",
    }
    house = House.from_environment(environment, actor="benchmark")
    list(initialise(house.settings))
    return house


def _send(root: Path, number: int, house: House) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"name": f"place {row}", "visits": row % 7},
            "geometry": {"type": "Point", "coordinates": [8 + (row % 3 + number) / 10, 47 + row // 3 % 5 / 10]},
        }
        for row in range(ROWS)
    ]
    path = root / f"places-{number}.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    wish = Wish(
        dataset=(str(path),),
        policy="baseline",
        recipient="example-partner",
        destination="file:outbox/example-partner/",
    )
    done = submit(wish, house=house)
    if done.clearance is None:
        raise LookupError([str(each.rule) for each in done.verdict.findings])
    send_by_nonce(done.clearance, house=house)


def _copy(count: int, month: str, house: House, *, older: bool) -> None:
    """Enter rows as those of the releases that were sent; the entries, which an audit verifies apart, are left out."""
    tables = (REQUESTS, MEASUREMENTS, CLEARANCES, RECEIPTS)
    keys = {"requests": "id", "measurements": "request", "clearances": "request", "receipts": "request"}
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock() + timedelta(seconds=1)) as tx:
        given = [str(each.id) for each in ledger.requests()][:2]
        rows = {
            table.name: [
                dict(tx.connection.execute(select(table).where(table.c[keys[table.name]] == name)).mappings().one())
                for name in given
            ]
            for table in tables
        }
        for start in range(0, count, AT_ONCE):
            for table in tables:
                values = [
                    _row(table.name, rows[table.name][number % 2], f"{month}01-{number:012}", older=older)
                    for number in range(start, min(start + AT_ONCE, count))
                ]
                tx.connection.execute(insert(table), values)


def _row(table: str, row: dict[str, str], name: str, *, older: bool) -> dict[str, str]:
    old = row["id"] if table == "requests" else row["request"]
    made = {
        key: value.replace(old, name) if key in {"document", "id", "request"} else value for key, value in row.items()
    }
    if "nonce" in row:
        made |= {"nonce": sha256(name)[:32], "document": made["document"].replace(row["nonce"], sha256(name)[:32])}
    if older and table == "measurements":
        made["document"] = OLDER
    if older and table == "requests":
        made["measurements"] = sha256(OLDER)
    return made


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
