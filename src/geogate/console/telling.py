"""After a form or a call that did something: whoever has to know is notified, while nobody waits for it."""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from geogate.console.guard import SAFE
from geogate.gate.notify import notify_after

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from geogate.gate.house import House

_LOG: Final = logging.getLogger("geogate.console")
_RELEASE: Final = re.compile(r"/releases/([a-z0-9][a-z0-9._-]{0,63})/")
_REFUSED: Final = 400


@dataclass(slots=True)
class Teller:
    """Notifies in a thread of its own; what comes while it does is taken next. It acts as the gate itself."""

    house: House
    _wanted: set[str] = field(default_factory=set)
    _running: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def nudge(self, request: str) -> None:
        """Tell what follows from a step with a request, or with a waiver or obligation where it is empty."""
        if self.house.settings.notifications is None:
            return
        with self._lock:
            self._wanted.add(request)
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name="geogate-notify", daemon=True).start()

    def _run(self) -> None:
        done = False
        try:
            while wanted := self._next():
                if wrong := notify_after(only=wanted - {""}, house=self.house):
                    _LOG.warning("%s", wrong)
            done = True
        finally:
            if not done:
                self._running = False

    def _next(self) -> frozenset[str]:
        with self._lock:
            wanted = frozenset(self._wanted)
            self._wanted.clear()
            self._running = bool(wanted)
            return wanted


class Telling:
    """The layer that sees whether a step was taken."""

    def __init__(self, app: ASGIApp, teller: Teller) -> None:
        self._app = app
        self._teller = teller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, and nudge after the answer has begun."""
        if scope["type"] != "http" or scope["method"] in SAFE:
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.start" and message["status"] < _REFUSED:
                found = _RELEASE.search(scope["path"] + "/")
                self._teller.nudge(found[1] if found else "")

        await self._app(scope, receive, sending)
