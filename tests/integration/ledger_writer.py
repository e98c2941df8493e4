"""A process that writes to a ledger, for tests of several writers and of writers that die.

``ledger_writer.py URL notes NAME COUNT`` appends notes; ``... hold NAME`` takes an exclusive lock, says so and waits;
``... hang NAME`` opens a request, stays inside the transaction, says so and waits. ``... lives NUMBER COUNT`` takes so
many requests from draft to receipt, and tries each of the clearances that all writers share; it prints what it sent.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from integration.ledger_cases import NOW, Path, draft, nonce, receipt

from geogate.ledger.ledger import Ledger
from geogate.model.errors import RefusedError
from geogate.model.names import Actor

SHARED = 10
"""How many clearances, numbered from 1, every writer tries to send with."""


def lives(ledger: Ledger, writer: int, count: int) -> None:
    """Take requests to their ends, and between them try what others try too."""
    for each in range(count):
        number = writer * 100_000 + each
        Path(ledger, name=f"w{writer}-{each}", number=number).sent()
        sys.stdout.write(f"w{writer}-{each}\n")
        shared = 1 + (each + writer) % SHARED
        try:
            with ledger.transaction(Actor(f"writer-{writer}"), at=NOW) as steps:
                steps.claim(nonce(shared))
        except RefusedError:
            continue
        with ledger.transaction(Actor(f"writer-{writer}"), at=NOW) as steps:
            steps.receive(receipt(f"shared-{shared}", number=shared))
        sys.stdout.write(f"shared-{shared}\n")


def say_and_wait() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


def main(url: str, task: str, name: str, count: str = "0") -> None:
    with Ledger.open(url) as ledger:
        if task == "notes":
            for number in range(int(count)):
                with ledger.transaction(Actor(name), at=datetime.now(UTC)) as steps:
                    steps.note("tick", number)
        elif task == "hold":
            with ledger.exclusive(name):
                say_and_wait()
        elif task == "lives":
            lives(ledger, int(name), int(count))
        elif task == "hang":
            with ledger.transaction(Actor(name), at=NOW) as steps:
                steps.open_request(draft())
                say_and_wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
