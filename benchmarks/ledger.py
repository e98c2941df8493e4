"""The ledger under many writers, and heads over a long one: python benchmarks/ledger.py [REQUESTS [ENTRIES]].

Eight processes share 1,000 requests, each from draft to receipt, in PostgreSQL and in SQLite; none may be lost or sent
twice, and the chain must be whole. Then a ledger in SQLite gets a million entries, and heads and proofs are timed.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY)]

from integration import postgres  # noqa: E402 - the path comes first
from integration.writers import STEPS, require_whole, run  # noqa: E402

from geogate.gate.heads import current_head  # noqa: E402
from geogate.gate.history import history  # noqa: E402
from geogate.gate.home import initialise  # noqa: E402
from geogate.gate.house import House  # noqa: E402
from geogate.gate.proofs import prove  # noqa: E402
from geogate.ledger.chain import GENESIS, entry_hash  # noqa: E402
from geogate.ledger.ledger import Ledger  # noqa: E402
from geogate.model.release import Entry  # noqa: E402

WRITERS = 8


def writers(name: str, url: str, requests: int) -> None:
    """Run the writers on one database and print what it took."""
    begun = time.monotonic()
    sent = run(url, writers=WRITERS, requests=requests)
    took_s = time.monotonic() - begun
    require_whole(url, sent, requests=requests)
    print(f"{name}: {WRITERS} writers, {requests:,} requests, {requests * STEPS / took_s:,.0f} entries/s: whole")


def fill(file: Path, count: int) -> None:
    """Put notes into a ledger's file as the gate would, but all in one transaction."""
    prev, rows = GENESIS, []
    for seq in range(1, count + 1):
        at = f"2026-01-01T00:00:00.{seq % 1_000_000:06d}+00:00"
        entry = Entry(seq=seq, at=at, kind="tick", request="", actor="bench", body=str(seq), prev=prev, hash=GENESIS)
        own = entry_hash(entry)
        rows.append((seq, at, "tick", "", "bench", str(seq), prev, own))
        prev = own
    with sqlite3.connect(file) as database:
        database.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def heads(home: Path, count: int) -> None:
    """Time the first head, the next one, and a proof."""
    house = House.from_environment({"GEOGATE_HOME": str(home), "GEOGATE_POLICIES": str(home)}, actor="bench")
    list(initialise(house.settings))
    fill(home / "ledger.db", count)
    for what in ("first head", "next head"):
        begun = _now()
        head = current_head(house=house).head
        _told(head.size, what, begun)
        with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as steps:
            steps.note("tick", 0)
    for what in ("a proof without what is kept", "a proof"):
        if what != "a proof":
            (home / "heads" / "tiles").unlink()
        begun = _now()
        prove(str(count // 2), house=house)
        _told(count, what, begun)
    begun = _now()
    history(last=50, house=house)
    _told(count, "the last 50 entries", begun)


def _now() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def _told(size: int, what: str, begun: tuple[float, float]) -> None:
    wall_s, busy_s = (now - then for now, then in zip(_now(), begun, strict=True))
    print(f"{size:,} entries: {what} {1000 * wall_s:,.0f} ms, {1000 * busy_s:,.0f} ms of a processor")


def main() -> None:
    """Run both."""
    requests, entries = (int(text) for text in (*sys.argv[1:], "1000", "1000000")[:2])
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/ledger.db"
        Ledger.create(url).close()
        writers("SQLite", url, requests)
        server = postgres.start()
        try:
            Ledger.create(server.url("postgres")).close()
            writers("PostgreSQL", server.url("postgres"), requests)
        finally:
            server.stop()
        if entries:
            heads(Path(folder) / "home", entries)


if __name__ == "__main__":
    main()
