"""Time the night's audit: ``python -m benchmarks.audit [KEPT] [STREAMED]``.

A few releases are really sent under the baseline; the tables then get copies of them under other ids, spread over
nine years. First all are judged from what was measured when they were sent, on all cores and on one, then again when
nothing has changed, and then some whose measurements are those of an earlier version, so that their bytes are read.
Beside those the same bytes are judged as a submission judges them, which is the main pass.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select

from geogate.gate.again import ask_again
from geogate.gate.audit_parts import ended
from geogate.gate.audit_run import begin, forget, judge_part
from geogate.gate.home import initialise
from geogate.gate.house import House, Wish
from geogate.gate.send import send_by_nonce
from geogate.gate.submit import judge_artefact, submit
from geogate.ledger.chain import sha256
from geogate.ledger.tables import CLEARANCES, MEASUREMENTS, RECEIPTS, REQUESTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.gate.audit_run import PartDone
    from geogate.model.names import RequestId

SHIPPED: Final = Path(__file__).resolve().parent.parent / "expectations"
KEPT: Final = 100_000
STREAMED: Final = 1_000
AT_ONCE: Final = 1_000
TARGET_S: Final = 300.0
"""For 100,000 releases that are judged from what was measured."""

MAIN_RUNS: Final = 100
"""Passes of the main pass beside the streamed releases."""

MONTHS: Final = tuple(f"{year}{month:02}" for year in range(2017, 2026) for month in range(1, 13))
LATER: Final = ("202601",)
ROWS: Final = 2_000
OLDER: Final = '{"schema":1}'
"""What an earlier version kept of a release, which does not suffice."""


def main(kept: int = KEPT, streamed: int = STREAMED) -> int:
    """Make the ledger, audit it, and say how long that took; 1 where it took longer than it may."""
    with TemporaryDirectory(prefix="geogate-audit-") as folder:
        root = Path(folder)
        house = _house(root)
        really = [_send(root, number, house) for number in range(2)]
        _copy(really, kept - 2, MONTHS, house, older=False)
        first = _time(f"{kept:,} releases from what was measured, on {len(os.sched_getaffinity(0))} cores", house)
        _time("the same, when nothing has changed", house)
        shutil.rmtree(house.settings.home / "audit")
        alone = _time("the same as at first, in one process", house, alone=True)
        _copy(really, streamed, LATER, house, older=True)
        _stream(streamed, really[0], house)
    allowed = TARGET_S * kept / KEPT
    print(
        f"{allowed:g} s are allowed for {kept:,} from what was measured; {first:.1f} s on all cores, {alone:.1f} on one"
    )
    return int(first > allowed)


def _time(what: str, house: House, *, alone: bool = False) -> float:
    run = begin(house=house)
    began = time.perf_counter()
    parts: Sequence[PartDone] = (
        [judge_part(part, run=run, house=house) for part in run.parts] if alone else ended(run, house=house)
    )
    took = time.perf_counter() - began
    forget(house=house)
    found = sum(len(part.findings) for part in parts)
    same, read = sum(part.same for part in parts), sum(part.streamed for part in parts)
    print(f"{what}: {took:.1f} s; {same:,} as before, {read:,} read, {found:,} found", flush=True)
    return took


def _stream(count: int, really: RequestId, house: House) -> None:
    """Judge releases whose bytes have to be read, and in between the same bytes as a submission does."""
    run = begin(house=house)
    before = time.perf_counter()
    main = _main_pass(really, house, MAIN_RUNS // 2)
    began = time.perf_counter()
    done = judge_part(LATER[0], run=run, house=house)
    took = time.perf_counter() - began
    main = (main + _main_pass(really, house, MAIN_RUNS // 2)) / 2
    forget(house=house)
    each = took / count
    print(f"{done.streamed:,} of {count:,} releases with their bytes, of {ROWS:,} rows each: {took:.1f} s")
    print(f"a release {each * 1000:.0f} ms, the main pass {main * 1000:.0f} ms over them: ratio {each / main:.2f}")
    print(f"all of that in {time.perf_counter() - before:.0f} s", flush=True)


def _main_pass(really: RequestId, house: House, runs: int) -> float:
    """Give the seconds that judging the sealed bytes takes, as a submission does when its question is asked."""
    with house.ledger() as ledger:
        request = ledger.request(really)
    if request.artefact is None:
        raise LookupError("the release has no artefact")
    question, staging, means = ask_again(request, house=house), house.staging(), house.means()
    judge_artefact(request.artefact, staging=staging, question=question, means=means)
    began = time.perf_counter()
    for _ in range(runs):
        judge_artefact(request.artefact, staging=staging, question=question, means=means)
    return (time.perf_counter() - began) / runs


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


def _send(root: Path, number: int, house: House) -> RequestId:
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
    return done.request


def _copy(really: Sequence[RequestId], count: int, months: Sequence[str], house: House, *, older: bool) -> None:
    """Enter rows as those of the releases that were sent; the entries, which an audit verifies apart, are left out."""
    tables = (REQUESTS, MEASUREMENTS, CLEARANCES, RECEIPTS)
    keys = {"requests": "id", "measurements": "request", "clearances": "request", "receipts": "request"}
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock() + timedelta(seconds=1)) as tx:
        rows: dict[str, list[dict[str, Any]]] = {
            table.name: [
                dict(tx.connection.execute(select(table).where(table.c[keys[table.name]] == name)).mappings().one())
                for name in really
            ]
            for table in tables
        }
        for start in range(0, count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, count))
            names = [_name(months[number * len(months) // count], number) for number in numbers]
            for table in tables:
                values = [
                    _row(table.name, rows[table.name][number % 2], name, older=older)
                    for number, name in enumerate(names)
                ]
                tx.connection.execute(insert(table), values)


def _name(month: str, number: int) -> str:
    return f"{month}01-{number:013}"


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
