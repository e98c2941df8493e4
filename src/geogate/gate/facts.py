"""What a pass measured, as the text that the ledger keeps beside the verdict."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

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
                "values": {str(name): _plain(value) for name, value in facts.values.items()},
            }
        )
    return canonical_json({"schema": 1, "layers": layers})


def _plain(value: Measurement | Unmeasured) -> dict[str, Any]:
    """Take a measurement apart; hashes of device ids, by which somebody could be recognised, are not kept."""
    kept = value.kept() if isinstance(value, DevicesInZones) else value
    return asdict(cast("Any", kept))
