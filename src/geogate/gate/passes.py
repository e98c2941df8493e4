"""How the rows of a dataset are measured: with which tools, and when a pass may end; never what is found in them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from geogate.engines.ending import Ending
from geogate.engines.local import LocalPass
from geogate.gate.engine import LOCAL, Engine
from geogate.gate.progress import SILENT, Progress
from geogate.kernels import state
from geogate.measures.canaries import SilentDetectorError, require_alive
from geogate.measures.tools import Tools
from geogate.model.errors import ServiceError
from geogate.model.finding import Effect
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyproj

    from geogate.measures.measure import LayerFacts, LayerPass, Measure, MeasureId
    from geogate.measures.source import LayerSchema, Source
    from geogate.policy.policy import Policy
    from geogate.zones.zone import ZoneList

WORTH_KERNELS = 8 << 20
"""A smaller dataset is measured before kernels are loaded.

Units: bytes.
"""

MANY_ZONES = 2_000
"""With more zones numpy takes longer to compile them than kernels take to load."""

SLOW = (
    "kernels are not compiled: this pass runs on numpy, several times slower and with the same verdict; "
    "run: geogate kernels --compile"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What passes are made with: an engine, a folder for compiled zone indexes, and who hears how far they are."""

    indexes: Path | None = None
    progress: Progress = SILENT
    engine: Engine = LOCAL


class Passes(Protocol):
    """Makes the pass over a layer."""

    def __call__(self, source: Source, layer: LayerSchema, crs: pyproj.CRS, /) -> LayerPass:
        """Make the pass over one layer of an opened source; nothing is read yet."""
        ...


def alive(run: LayerPass, *, tools: Tools, found: set[MeasureId]) -> LayerPass:
    """Let every measure find what is planted for it before it measures a layer; ``found`` are those that did already.

    The pass raises ServiceError where one does not: a detector that is silent is worth nothing.
    """

    def measured(measures: Sequence[Measure[Any]], /) -> LayerFacts:
        try:
            require_alive([measure for measure in measures if measure.id not in found], tools)
        except SilentDetectorError as error:
            raise ServiceError(
                "a detector did not find what was planted for it, so that there is no verdict",
                hint=f"install geogate again, and compile its kernels; the detector is {error.measure}",
            ) from error
        found.update(measure.id for measure in measures)
        return run(measures)

    return measured


def local_passes(means: Means, *, tools: Tools, endings: tuple[Ending, ...] = ()) -> Passes:
    """Let this machine measure, on all its cores."""
    found: set[MeasureId] = set()

    def make(source: Source, layer: LayerSchema, crs: pyproj.CRS, /) -> LayerPass:
        run = LocalPass(source, layer, crs, means.progress.on_rows, tools=tools, endings=endings)
        return alive(run, tools=tools, found=found)

    return make


def tools_for(size: int, *, zone_lists: Mapping[str, ZoneList], indexes: Path | None) -> Tools:
    """Choose compiled kernels for data or zone lists that are worth loading them, and say so where there are none.

    Units: ``size`` in bytes.
    """
    zones = max((len(zone_list.zones) for zone_list in zone_lists.values()), default=0)
    if size < WORTH_KERNELS and zones <= MANY_ZONES:
        return Tools(indexes=indexes)
    ready = state.ready()
    if not ready:
        log.warning(SLOW)
    return Tools(kernels=ready, indexes=indexes)


def kernels_for(size: int) -> bool:
    """Tell whether to encode data of this size with compiled kernels.

    Units: bytes.
    """
    return size >= WORTH_KERNELS and state.ready()


def endings_of(policy: Policy, zone_lists: Mapping[str, ZoneList]) -> tuple[Ending, ...]:
    """Name the denials after which a pass over a layer may end, where the policy allows it."""
    if not policy.stop_early:
        return ()
    endings = []
    for use in policy.rules:
        if use.effect is Effect.DENY:
            rule = registered()[use.expectation]
            measures = tuple(measure.id for measure in rule.measures(use.params, zone_lists))
            endings.append(Ending(measures=measures, certain=partial(rule.settled, use.params)))
    return tuple(endings)
