"""Feeds in the console: how each stands, and in the queue those at which nothing leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consoling.desk import console
from consoling.visitor import text_of
from gating.feed import STEWARD, Feeding, points

if TYPE_CHECKING:
    from consoling.visitor import Visitor
    from gating.gate import Gate


def shown(visitor: Visitor, path: str) -> str:
    """Give the text of a page in one line."""
    return " ".join(text_of(visitor.page(path)).split())


def test_a_feed_that_is_stopped_is_shown_in_the_queue_until_it_is_resumed(gate: Gate) -> None:
    feeding = Feeding(gate).declare()
    feeding.put(1, points(4))
    feeding.put(2, [{"lon": 20.5, "lat": 20.5}])
    assert feeding.run().sent == 1
    with console(gate) as desk, desk.reviewer("ada") as ada:
        queue, every = shown(ada, "/"), shown(ada, "/feeds")
        roles = gate.policies.root / "roles.yaml"
        roles.write_text(f"{roles.read_text()}  - {{name: {STEWARD}, roles: [reviewer]}}\n")
        feeding.resume(2)
        after, goes_on = shown(ada, "/"), shown(ada, "/feeds")
    assert "Feed fleet is stopped at batch 2: the verdict denies" in queue
    assert "batch 2: the verdict denies" in every
    assert "is stopped" not in after
    assert "running" in goes_on


def test_a_feed_whose_file_is_invalid_is_shown_as_such(gate: Gate) -> None:
    Feeding(gate).declare(window="for ever")
    with console(gate) as desk, desk.reviewer("ada") as ada:
        assert "fleet.yaml" in shown(ada, "/feeds")
        assert "Feed fleet is stopped" in shown(ada, "/")
