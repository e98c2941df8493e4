"""What the map of a release draws: coarse cells, exact positions after an unmasking, and shapes of zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from geogate.console.desk import At, declared
from geogate.console.pages_release import Id
from geogate.gate.console_map import exact_map, shown_map, zone_shapes
from geogate.gate.console_unmask import require_unmasked
from geogate.gate.console_views import note_look
from geogate.model.authority import Action
from geogate.model.names import RequestId

if TYPE_CHECKING:
    from geogate.gate.console_reading import Drawing

router = APIRouter()


@router.get("/releases/{request_id}/cells", **declared(Action.SEE_OWN))
def cells(desk: At, request_id: Id) -> JSONResponse:
    """Give the positions of a release in coarse cells."""
    return JSONResponse(cells_document(shown_map(RequestId(request_id), house=desk.house)))


@router.get("/releases/{request_id}/exact", **declared(Action.UNMASK))
def exact(desk: At, request_id: Id) -> JSONResponse:
    """Give exact positions to whom has unmasked them."""
    require_unmasked(RequestId(request_id), house=desk.house)
    note_look(RequestId(request_id), "exact positions", house=desk.house)
    drawing = exact_map(RequestId(request_id), house=desk.house)
    points = {"type": "MultiPoint", "coordinates": [list(each) for each in drawing.exact]}
    return JSONResponse({"type": "FeatureCollection", "features": [_feature(points)]})


@router.get("/releases/{request_id}/zones", **declared(Action.SEE_ZONES))
def zones(desk: At, request_id: Id) -> JSONResponse:
    """Give the shapes of the zones that the release was judged by, near to where its positions are."""
    shapes = zone_shapes(RequestId(request_id), house=desk.house)
    features = [_feature(shape.geometry, name=shape.name) for shape in shapes]
    return JSONResponse({"type": "FeatureCollection", "features": features})


def cells_document(drawing: Drawing) -> dict[str, Any]:
    """Write cells shortly: west, south, positions, those of them that are in zones, and those that hide."""
    return {
        "step": drawing.step_deg,
        "positions": drawing.positions,
        "pixels": drawing.pixels,
        "hidden": drawing.hidden,
        "layers": drawing.layers,
        "undrawn": drawing.undrawn,
        "cells": [[each.west, each.south, each.positions, each.in_zones, each.hidden] for each in drawing.cells],
    }


def _feature(geometry: Any, **properties: str) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}
