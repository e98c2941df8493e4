"""Whether the console is there, and whether the gate could judge and send: for whoever asks only that, and no more."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from geogate.console.desk import HEALTH, At, console_of, declared
from geogate.gate.health import health
from geogate.gate.metrics import document
from geogate.model.authority import Action
from geogate.model.errors import GeogateError

if TYPE_CHECKING:
    from geogate.gate.house import House

router = APIRouter()

SECONDS: Final = 5.0
"""An answer is given again for so long, so that nobody keeps the gate busy by asking."""


@dataclass(slots=True)
class _Last:
    """The last answer of each home, and a lock, so that one asks at a time."""

    answers: dict[str, tuple[float, bool]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ready(self, house: House) -> bool:
        with self.lock:
            key = f"{house.settings.home} {house.settings.ledger_url}"
            at, found = self.answers.get(key, (-SECONDS, False))
            if time.monotonic() - at >= SECONDS:
                try:
                    found = health(house=house).ready
                except GeogateError:
                    found = False
                self.answers[key] = (time.monotonic(), found)
            return found


_LAST: Final = _Last()


@router.get(f"{HEALTH}/live", name="live")
def live() -> Response:
    """Say that the process answers."""
    return PlainTextResponse("ok\n")


@router.get(f"{HEALTH}/ready", name="ready")
def ready(request: Request) -> Response:
    """Say whether the gate could judge and send, in one word, because anybody may ask."""
    well = _LAST.ready(console_of(request).house)
    return PlainTextResponse("ok\n" if well else "not ok\n", status_code=200 if well else 503)


@router.get(HEALTH, name="health", **declared(Action.MONITOR))
def checks(desk: At) -> Response:
    """Say what is wrong and what to do."""
    return Response(document(health(house=desk.house)), media_type="application/json")
