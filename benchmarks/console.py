"""How long the console's server takes for its pages with many requests and entries: ``python benchmarks/console.py``.

It fills a ledger of its own with 10,000 requests and 1,000,000 entries, serves it, and asks for each page some times.
The chain is real; requests are copies of one that was judged, under other ids.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

import httpx  # noqa: E402
from consoling.desk import LOOPBACK, ROLES, held  # noqa: E402
from consoling.served import serving  # noqa: E402
from consoling.visitor import Visitor  # noqa: E402
from gating.gate import Gate  # noqa: E402

from geogate.console.app import create_app  # noqa: E402
from geogate.console.settings import ConsoleSettings  # noqa: E402
from geogate.gate.home import initialise  # noqa: E402
from geogate.ledger.chain import entry_hash  # noqa: E402
from geogate.model.names import Sha256  # noqa: E402
from geogate.model.release import Entry  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.model.names import RequestId

LIMIT_MS: Final = 200.0
_COLUMNS: Final = ("seq", "at", "kind", "request", "actor", "body", "prev", "hash")


def build(root: Path) -> tuple[Gate, RequestId]:
    """Make a gate with one request that is held."""
    gate = Gate(root=root)
    gate.policies.build()
    gate.outbox.mkdir()
    list(initialise(gate.house().settings))
    (gate.policies.root / "roles.yaml").write_text(ROLES)
    return gate, held(gate)


def fill(gate: Gate, request: RequestId, *, requests: int, entries: int) -> None:
    """Copy the request, and append entries that are chained as the ledger chains them."""
    rows = sqlite3.connect(gate.ledger_file, isolation_level=None)
    rows.execute("PRAGMA synchronous = OFF")
    rows.execute("PRAGMA cache_size = -200000")
    rows.execute("BEGIN IMMEDIATE")
    for (name,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        rows.execute(f"DROP TRIGGER {name}")
    _copy(rows, "requests", "id", request, requests)
    _copy(rows, "measurements", "request", request, requests)
    seq, prev = rows.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    rows.executemany(
        f"INSERT INTO entries VALUES ({', '.join('?' * len(_COLUMNS))})",  # noqa: S608 - question marks
        _entries(seq, prev, requests=requests, entries=entries),
    )
    rows.execute("COMMIT")
    rows.close()


def _copy(rows: sqlite3.Connection, table: str, key: str, request: str, count: int) -> None:
    columns = [each[1] for each in rows.execute(f"PRAGMA table_info({table})")]
    others = ", ".join(f'"{each}"' for each in columns if each != key)
    query = f'INSERT INTO {table} ("{key}", {others}) SELECT ?, {others} FROM {table} WHERE "{key}" = ?'  # noqa: S608
    rows.executemany(query, ((name(number), request) for number in range(count)))
    if table == "requests":
        states = ("held", "held", "sent", "cleared", "rejected", "denied")
        rows.executemany(
            'UPDATE requests SET state = ? WHERE "id" = ?',
            ((states[number % len(states)], name(number)) for number in range(count)),
        )
        # Each copy is of other bytes, so that none is the same release as another one.
        (artefact,) = rows.execute("SELECT artefact FROM requests WHERE id = ?", (request,)).fetchone()
        digest = json.loads(artefact)["files"][0]["sha256"]
        rows.execute(
            "UPDATE requests SET ballot = substr(ballot, 1, 52) || substr(id, -12),"
            " artefact = replace(artefact, ?, ? || substr(id, -12)) WHERE id <> ?",
            (digest, digest[:52], request),
        )


def name(number: int) -> str:
    """Name a copy."""
    return f"20260101-{number:012x}"


def _entries(seq: int, prev: str, *, requests: int, entries: int) -> Iterator[tuple[object, ...]]:
    at = "2026-01-01T00:00:00.000000+00:00"
    kinds = ("viewed", "comment", "opened-link", "audited")
    for number in range(1, entries + 1):
        kind = kinds[number % len(kinds)]
        body = '{"what":"release"}' if kind != "comment" else '{"text":"seen"}'
        about = name(number % requests)
        own = entry_hash(
            Entry(
                seq=seq + number,
                at=at,
                kind=kind,
                request=about,
                actor="ada",
                body=body,
                prev=Sha256(prev),
                hash=Sha256(prev),
            )
        )
        yield seq + number, at, kind, about, "ada", body, prev, own
        prev = own


def measure(visitor: Visitor, path: str, *, times: int) -> list[tuple[float, float]]:
    """Ask for a page, and give the milliseconds of the clock and of processors that each answer took."""
    found = []
    for _ in range(times):
        begun, used = time.perf_counter(), time.process_time()
        answer = visitor.get(path)
        found.append(((time.perf_counter() - begun) * 1000, (time.process_time() - used) * 1000))
        assert answer.status_code == httpx.codes.OK, (path, answer.status_code)
    return found


def main() -> int:
    """Measure every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=15)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="geogate-console-"))
    try:
        gate, request = build(folder)
        begun = time.perf_counter()
        fill(gate, request, requests=asked.requests, entries=asked.entries)
        print(f"{asked.requests:,} requests and {asked.entries:,} entries in {time.perf_counter() - begun:.0f} s")
        return _report(gate, request, times=asked.times)
    finally:
        shutil.rmtree(folder)


def _report(gate: Gate, request: RequestId, *, times: int) -> int:
    proxy = replace(LOOPBACK, peers=(ipaddress.ip_network("127.0.0.1"),))
    paths = {
        "queue": "/",
        "queue, all states, page 50": "/?state=all&page=50",
        "queue, searched": "/?state=all&text=partner",
        "release": f"/releases/{request}",
        "waivers": "/waivers",
        "obligations": "/obligations",
        "ledger": "/ledger",
        "ledger, page 10,000": "/ledger?page=10000",
        "ledger of one request": f"/ledger?request={request}",
        "policies": "/policies",
        "a policy": "/policies/test",
    }
    slow = 0
    with (
        serving(
            lambda url: create_app(gate.house(), ConsoleSettings(url=url, store=gate.home / "console.db", proxy=proxy))
        ) as url,
        Visitor(url, "ada", "reviewers", "auditors", "owners") as ada,
    ):
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors, {threading.active_count()} threads")
        print(f"{'page':<30} {'median ms':>10} {'p95 ms':>8} {'busy ms':>10}")
        for what, path in paths.items():
            measure(ada, path, times=2)
            took, used = (sorted(each) for each in zip(*measure(ada, path, times=times), strict=True))
            median, late, busy = statistics.median(took), took[int(len(took) * 0.95)], statistics.median(used)
            slow += median > LIMIT_MS
            over = "   over the limit" if median > LIMIT_MS else ""
            print(f"{what:<30} {median:>10.0f} {late:>8.0f} {busy:>10.0f}{over}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
