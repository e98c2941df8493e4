"""A process that writes to a ledger, for tests of several writers and of writers that die.

``ledger_writer.py URL notes NAME COUNT`` appends notes; ``... hold NAME`` takes an exclusive lock, says so and waits;
``... hang NAME`` opens a request, stays inside the transaction, says so and waits.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from integration.ledger_cases import NOW, draft

from geogate.ledger.ledger import Ledger
from geogate.model.names import Actor


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
        elif task == "hang":
            with ledger.transaction(Actor(name), at=NOW) as steps:
                steps.open_request(draft())
                say_and_wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
