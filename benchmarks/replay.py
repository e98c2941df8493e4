"""Time ``geogate policy replay`` over 10,000 past verdicts: ``python -m benchmarks.replay [COUNT]``.

A few releases are really submitted under the baseline; the ledger then gets copies of them under other ids, with the
entries and rows that the gate would write. The candidate is the baseline with another number, so that verdicts change.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert

from geogate.gate.home import initialise
from geogate.gate.house import House, Wish
from geogate.gate.policy_files import policy_named
from geogate.gate.policy_replay import Plan, replay, summary
from geogate.gate.submit import submit
from geogate.ledger.chain import GENESIS, entry_hash, head, sha256, timestamp
from geogate.ledger.rows import changes_of
from geogate.ledger.steps import Opened, Screened, Sealed, body_of, kind_of
from geogate.ledger.tables import ENTRIES, MEASUREMENTS, REQUESTS
from geogate.model.lifecycle import State
from geogate.model.names import RequestId
from geogate.model.release import Entry

if TYPE_CHECKING:
    from sqlalchemy import Table

    from geogate.ledger.steps import Step
    from geogate.ledger.transaction import Transaction
    from geogate.model.release import ReleaseRequest

SHIPPED: Final = Path(__file__).resolve().parent.parent / "expectations"
COUNT: Final = 10_000
AT_ONCE: Final = 500
TARGET_S: Final = 60.0
DECIMALS: Final = (0, 1, 2, 3, 5)
"""Of the positions of the releases that are submitted."""


def main(count: int = COUNT) -> int:
    """Make the ledger, replay it, and say how long that took; 1 where it took longer than it may."""
    with TemporaryDirectory(prefix="geogate-replay-") as folder:
        root = Path(folder)
        house = _house(root)
        for places in DECIMALS:
            _submit(root, places, house)
        began = time.perf_counter()
        copy(count, house)
        print(f"made {count:,} verdicts in {time.perf_counter() - began:.1f} s")
        with house.ledger() as ledger:
            if count <= AT_ONCE and not ledger.verify().whole:
                raise AssertionError("the copies are not what the gate writes")
        candidate = root / "drafts" / "baseline.yaml"
        candidate.parent.mkdir()
        text = (SHIPPED / "baseline.yaml").read_text(encoding="utf-8")
        candidate.write_text(text.replace("step_m: 100,", "step_m: 5000,"), encoding="utf-8")
        began, used = time.perf_counter(), time.process_time()
        found = list(replay(Plan(candidate=policy_named(str(candidate), house)), house=house))
        took, used = time.perf_counter() - began, time.process_time() - used
    for what, number in summary(found):
        print(f"{number:>8,}  {what}")
    print(f"replayed {len(found):,} verdicts in {took:.1f} s, {used:.1f} s of a processor")
    print(f"{TARGET_S:g} s are allowed for {COUNT:,}")
    return int(took > TARGET_S * len(found) / COUNT)


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


def _submit(root: Path, places: int, house: House) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"name": f"place {number}", "visits": number % 7},
            "geometry": {
                "type": "Point",
                "coordinates": [round(8 + number * 0.0012345, places), round(47 + number * 0.0054321, places)],
            },
        }
        for number in range(1, 200)
    ]
    path = root / f"places-{places}.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    submit(
        Wish(
            dataset=(str(path),),
            policy="baseline",
            recipient="example-partner",
            destination="file:outbox/example-partner/",
        ),
        house=house,
    )


def copy(count: int, house: House) -> None:
    """Enter copies of the requests that there are until there are so many: the rows that their steps would write."""
    with house.ledger() as ledger:
        given = list(ledger.judged())
        for begin in range(0, count - len(given), AT_ONCE):
            some = [given[number % len(given)] for number in range(begin, min(begin + AT_ONCE, count - len(given)))]
            with ledger.transaction(house.actor, at=house.clock()) as tx:
                _enter(some, begin, tx)


def _enter(some: list[tuple[ReleaseRequest, str]], begin: int, tx: Transaction) -> None:
    seq, prev = head(tx.connection)
    rows: dict[Table, list[dict[str, object]]] = {ENTRIES: [], REQUESTS: [], MEASUREMENTS: []}
    for number, (request, text) in enumerate(some, start=begin):
        name, row = RequestId(f"copy-{number:08}"), dict[str, str]()
        for step in _steps(request, text, name):
            body, kind = body_of(step), kind_of(step)
            at = timestamp(tx.act.now + timedelta(microseconds=number))
            draft = Entry(
                seq=seq + 1, at=at, kind=kind, request=name, actor=tx.act.actor, body=body, prev=prev, hash=GENESIS
            )
            seq, prev = seq + 1, entry_hash(draft)
            rows[ENTRIES].append({**asdict(draft), "hash": prev})
            row |= {key: value for change in changes_of(draft, step) for key, value in change.values}
        rows[REQUESTS].append({"id": name, "artefact": None, **row})
        rows[MEASUREMENTS].append({"request": name, "document": text})
    for table, values in rows.items():
        tx.connection.execute(insert(table), values)


def _steps(request: ReleaseRequest, text: str, name: RequestId) -> tuple[Step, ...]:
    draft = replace(request, id=name, state=State.DRAFT, dataset=None, artefact=None, verdict=None)
    if request.dataset is None or request.verdict is None:
        raise LookupError(request.id)
    return (
        Opened(request=draft),
        Sealed(dataset=request.dataset, artefact=request.artefact),
        Screened(verdict=request.verdict, measurements=sha256(text)),
    )


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
