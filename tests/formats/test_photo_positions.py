"""Only photos may do without a position; a layer of another kind without one is still empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from formats.test_photo import save
from gating.place import destination, rule, zones

if TYPE_CHECKING:
    from gating.gate import Gate


def test_a_photo_without_a_place_is_not_empty_and_a_table_without_a_place_is(gate: Gate) -> None:
    metadata = rule("metadata", "expect_photo_metadata_to_be_allowed", allowed=[])
    gate.policies.write_policy((metadata, zones(), destination()), kinds=["vector", "photo"])
    assert gate.screen(save(gate.staged, "PNG")).findings == ()
    path = gate.staged / "empty.geojson"
    path.write_text('{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":null}]}')
    assert "gate/empty" in {finding.rule for finding in gate.screen(path).findings}
