"""Eight writers at once: no request is lost, none is sent twice, the chain is whole; a benchmark does this longer."""

from __future__ import annotations

from integration.fixtures_postgres import as_writer
from integration.writers import require_whole, run

REQUESTS = 120


def test_eight_writers_at_once_lose_nothing_and_send_nothing_twice(ledger_url: str) -> None:
    url = as_writer(ledger_url)
    sent = run(url, writers=8, requests=REQUESTS)
    require_whole(ledger_url, sent, requests=REQUESTS)
