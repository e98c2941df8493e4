"""The map of a release: its positions in coarse cells, made in isolation from the sealed bytes, and kept for later.

Cells are never finer than a tenth of a degree. Exact positions are read anew each time, for those who have unmasked
them, and are never kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import shapely

from geogate.gate import console_reading
from geogate.gate.again import ask_again
from geogate.gate.authority import require
from geogate.gate.console_reading import Drawing
from geogate.gate.console_views import note_look
from geogate.gate.inspection import inspected
from geogate.gate.passes import tools_for
from geogate.gate.reading import Order
from geogate.gate.reviews_sight import require_may_see
from geogate.measures.source import UnreadableError
from geogate.model.authority import Action
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import RefusedError
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geogate.gate.examine import Question
    from geogate.gate.house import House
    from geogate.model.names import RequestId
    from geogate.model.release import ReleaseRequest
    from geogate.zones.zone import ZoneList

LARGEST_BYTES: Final = 2 << 30
MOST_ZONES: Final = 2_000
_AROUND_DEG: Final = 0.5
_FOLDER: Final = "maps"
_VERSION: Final = 2
"""Of what is kept of a map; an older one is drawn again."""

_DERIVED: Final = re.compile(r"#[0-9]+$")
_drawing = threading.Lock()
"""One map is drawn at a time: who looks must not take the machine from those who are judged."""


def shown_map(request_id: RequestId, *, house: House) -> Drawing:
    """Give the positions of a release in coarse cells; that somebody looks is entered before they are shown.

    Raises: as ``coarse_map``.
    """
    _request(request_id, house=house)
    note_look(request_id, "the release", house=house)
    return coarse_map(request_id, house=house)


def coarse_map(request_id: RequestId, *, house: House) -> Drawing:
    """Give the positions of a release in coarse cells, to whoever enters what becomes of them.

    Raises: ForbiddenError, UsageError for an unknown request, RefusedError when there is nothing to draw.
    """
    request = _request(request_id, house=house)
    with _drawing:
        path = _kept(request, ask_again(request, house=house), house=house)
        try:
            return from_json(Drawing, path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            drawing = _drawn(request, house=house, exactly=False)
            _keep(path, drawing)
            return drawing


def exact_map(request_id: RequestId, *, house: House) -> Drawing:
    """Read exact positions anew; whoever calls this has found out that they may be seen.

    Raises: as ``coarse_map``.
    """
    with _drawing:
        return _drawn(_request(request_id, house=house), house=house, exactly=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneShape:
    """A zone as GeoJSON geometry, with its id and the list that it is in."""

    name: str
    geometry: Any


def zone_shapes(request_id: RequestId, *, house: House) -> tuple[ZoneShape, ...]:
    """Give the shapes of zones, which is entered into the ledger, because they draw what the lists protect.

    Those are given that touch a cell of the map, ``MOST_ZONES`` at most.

    Raises: ForbiddenError for whom may not see zones; else as ``coarse_map``.
    """
    require(Action.SEE_ZONES, house=house)
    request = _request(request_id, house=house)
    drawing = coarse_map(request_id, house=house)
    step = drawing.step_deg
    near = shapely.union_all([shapely.box(c.west, c.south, c.west + step, c.south + step) for c in drawing.cells])
    around = shapely.buffer(near, _AROUND_DEG)
    shapely.prepare(around)
    found = [
        ZoneShape(name=f"{zone.id} ({zone_list.name})", geometry=json.loads(shapely.to_geojson(zone.geometry)))
        for zone_list, _ in zones_of(ask_again(request, house=house))
        for zone in zone_list.zones
        if around.intersects(zone.geometry)
    ][:MOST_ZONES]
    note_look(request_id, "the shapes of zones", house=house)
    return tuple(found)


def zones_of(question: Question) -> Iterator[tuple[ZoneList, float]]:
    """Give the lists that a policy asks about, each with its distances."""
    found: set[tuple[str, float]] = set()
    for use in question.policy.rules:
        for measure in registered()[use.expectation].measures(use.params, question.zone_lists):
            zone_list, buffer_m = getattr(measure, "zone_list", None), getattr(measure, "buffer_m", None)
            if zone_list is not None and buffer_m is not None and (zone_list.digest, buffer_m) not in found:
                found.add((zone_list.digest, buffer_m))
                yield zone_list, float(buffer_m)


def _request(request_id: RequestId, *, house: House) -> ReleaseRequest:
    with house.ledger() as ledger:
        request = ledger.request(request_id)
    require_may_see(request, house=house)
    if request.artefact is None:
        raise RefusedError("there is no artefact to draw")
    if request.artefact.size > LARGEST_BYTES:
        raise RefusedError("the artefact is too large to be drawn while somebody waits")
    return request


def _drawn(request: ReleaseRequest, *, house: House, exactly: bool) -> Drawing:
    question = ask_again(request, house=house)
    artefact = request.artefact
    if artefact is None:
        raise RefusedError("there is no artefact to draw")
    with house.staging().view(artefact.files) as paths:
        files = {path: file.name for path, file in zip(paths, artefact.files, strict=True)}
        order = Order(
            files=tuple((name, name) for name in files.values()),
            assume_crs=request.assume_crs,
            as_is=False,
            tools=tools_for(0, zone_lists={}, indexes=None),
        )
        minimum = question.policy.isolation
        with inspected(order, files, minimum=minimum, on_rows=lambda _: None) as inspection:
            try:
                zones = tuple(zones_of(question))
                hidden = _says_hidden(request)
                drawing = inspection.ask(console_reading.draw, zones, exactly=exactly, hidden=hidden, gives=Drawing)
            except UnreadableError as error:
                raise RefusedError(f"the map cannot be drawn: {error.summary}") from error
            inspection.finish()
            return drawing


def _says_hidden(request: ReleaseRequest) -> bool:
    """Tell whether the verdict has layers of positions that hide, whose names end so; then they are looked for."""
    layers = request.verdict.layers if request.verdict else ()
    return any(_DERIVED.search(layer.name) for layer in layers)


def _kept(request: ReleaseRequest, question: Question, *, house: House) -> Path:
    """Say where a map is kept: another one for each policy, and for each state of the lists whose zones it marks."""
    lists = sorted(f"{zone_list.digest} {buffer_m}" for zone_list, buffer_m in zones_of(question))
    by = hashlib.sha256("\n".join((question.policy.digest, *lists)).encode()).hexdigest()[:16]
    subject = request.artefact.digest if request.artefact else "none"
    return house.settings.home / _FOLDER / f"{subject}-{by}-{_VERSION}.json"


def _keep(path: Path, drawing: Drawing) -> None:
    """Keep a map for the next who looks; only the owner of the home reads it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(canonical_json(drawing))
    fresh.replace(path)
