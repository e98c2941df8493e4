"""Many writers at once on one ledger, each in a process of its own, and what must be true of it afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from integration.ledger_cases import Path as Way
from integration.ledger_writer import SHARED

from geogate.ledger.chain import GENESIS
from geogate.ledger.ledger import Ledger
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Sequence

_WRITER = Path(__file__).with_name("ledger_writer.py")
STEPS = 6
"""Entries of a request from its draft to its receipt."""


def run(url: str, *, writers: int, requests: int) -> list[str]:
    """Let writers share so many requests, and give the names of those that they say they sent."""
    with Ledger.open(url) as ledger:
        for number in range(1, SHARED + 1):
            Way(ledger, name=f"shared-{number}", number=number).cleared()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(_WRITER.parents[1]), *sys.path))}
    commands = [
        [sys.executable, str(_WRITER), url, "lives", str(w), str(requests // writers)] for w in range(1, writers + 1)
    ]
    started = [subprocess.Popen(each, env=environment, stdout=subprocess.PIPE, text=True) for each in commands]
    said = [process.communicate()[0].splitlines() for process in started]
    assert [process.returncode for process in started] == [0] * writers
    return [name for lines in said for name in lines]


def require_whole(url: str, sent: Sequence[str], *, requests: int) -> None:
    """None was lost, none was sent twice, and the chain is whole."""
    assert Counter(sent).most_common(1)[0][1] == 1
    assert len(sent) == requests + SHARED
    with Ledger.open(url) as ledger:
        entries = list(ledger.entries())
        states = Counter(request.state for request in ledger.requests())
        report = ledger.verify()
    assert states == {State.SENT: requests + SHARED}
    assert len(entries) == (requests + SHARED) * STEPS
    assert Counter(entry.request for entry in entries if entry.kind == "receive") == Counter(sent)
    assert [entry.prev for entry in entries] == [GENESIS, *(entry.hash for entry in entries[:-1])]
    assert report.problems == ()
