"""The answer of the checks that take seconds, as if they had just been made: for tests of something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.gate.health import DEEP, Check, Health, _keep

if TYPE_CHECKING:
    from gating.gate import Gate


def looked_at(gate: Gate) -> None:
    """Keep an answer of now in which all is well."""
    house = gate.house()
    checks = tuple(Check(name=name) for name in (*(name for name, _, _ in DEEP), "detectors"))
    _keep(Health(at=house.clock(), checks=checks, detectors={"zone-hits": True}), house)
