"""Feeds of a gate that lost its disk: none goes on by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from gating.feed import Feeding, points

from geogate.gate.feed_ledger import StoppedError

if TYPE_CHECKING:
    from backup.lasting import Lasting


@pytest.mark.parametrize("declared", [True, False])
def test_a_feed_is_stopped_also_where_its_declaration_is_away_when_the_gate_is_reopened(
    lasting: Lasting,
    declared: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    feeding = Feeding(lasting.gate).declare()
    feeding.put(1, points(4))
    assert feeding.run().sent == 1
    lasting.back_up()
    feeding.put(2, points(4, start=10))
    assert feeding.run().sent == 1
    lasting.destroy()
    lasting.restore()
    file = lasting.gate.policies.root / "feeds" / "fleet.yaml"
    text = file.read_text()
    if not declared:
        file.unlink()

    assert lasting.reopen("the outbox shows what was sent").stopped == 1

    file.write_text(text)
    with pytest.raises(StoppedError, match="batch 2: the ledger was restored from a backup"):
        feeding.anew()
