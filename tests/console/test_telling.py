"""What is done in the console is told to whoever has to know, at once, and nobody waits for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from consoling.desk import console, held
from consoling.listening import Listening, listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gating.gate import Gate

RITA = "{name: rita, people: [rita], email: rita@example.org}"


@pytest.fixture(scope="module")
def arrived() -> Iterator[Listening]:
    with listening() as found:
        yield found


def within(seconds: float, true: Callable[[], bool]) -> bool:
    waiting = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if true():
            return True
        waiting.wait(0.05)
    return true()


def test_the_last_vote_tells_the_requester_and_a_server_that_is_down_changes_nothing(
    gate: Gate, arrived: Listening
) -> None:
    path = arrived.configure(gate.root / "notifications.yaml", RITA)
    gate.settings["GEOGATE_NOTIFICATIONS"] = str(path)
    first, second = held(gate), held(gate, "others", purpose="another study")
    with console(gate) as desk, desk.reviewer("ada") as ada, desk.reviewer("bob") as bob:
        for name in (ada, bob):
            assert name.vote(first, "reject").status_code == 200
        assert within(20, lambda: len(arrived.mails) == 1)
        arrived.refuses_mail = True
        for name in (ada, bob):
            assert name.vote(second, "reject").status_code == 200
        assert within(20, lambda: "receiver" in gate.kinds())

    assert gate.request(second).state == "rejected"
    assert arrived.letters()[0]["subject"] == f"Release {first} to partner was rejected"
    assert "looked at it" not in str(arrived.letters()[0].get_content())
