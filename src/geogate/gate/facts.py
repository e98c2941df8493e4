"""What a pass measured, as the text that the ledger keeps beside the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geogate.measures.hidden.columns import Contents
from geogate.measures.point_cloud_density import Density
from geogate.measures.zone_devices import DevicesInZones
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from geogate.measures.measure import Measurement, Unmeasured
    from geogate.suites.judge import SuiteAnswer


def kept_facts(answer: SuiteAnswer | None) -> str:
    """Write the measurements of all layers as canonical JSON; layers that could not be measured are null."""
    layers: dict[str, Any] = {}
    for layer in answer.layers if answer else ():
        facts = layer.facts
        layers[layer.layer] = (
            None
            if facts is None
            else {
                "rows": facts.rows,
                "complete": facts.complete,
                "values": {str(name): _kept(value) for name, value in facts.values.items()},
            }
        )
    return canonical_json({"schema": 1, "layers": layers})


def _kept(value: Measurement | Unmeasured) -> Measurement | Unmeasured:
    """Leave out of a measurement what tells values, and the hashes of device ids, by which somebody is recognised."""
    return value.kept() if isinstance(value, DevicesInZones | Contents | Density) else value
