"""Metrics for Prometheus, for a token with the role ``monitor``: how much is denied, and when, tells of the work."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from geogate.console.desk import METRICS, At, declared
from geogate.gate.metrics import CONTENT_TYPE, exposition
from geogate.model.authority import Action

router = APIRouter()


@router.get(METRICS, name="metrics", **declared(Action.MONITOR))
def metrics(desk: At) -> Response:
    """Give all metrics; those that are not of this process are read from the ledger now."""
    return Response(exposition(house=desk.house), media_type=CONTENT_TYPE)
