"""When something dies: a moment is a phase of an act, seen from outside by what its process asks of others.

Nothing of geogate is changed for it: statements of the database, requests to the store and changes of names in the file
system are heard, and the phase follows from them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine, event

from geogate.ledger.steps import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_FILES: Final = frozenset({"os.link", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "fcntl.flock"})


class Act(StrEnum):
    """What a worker is asked to do."""

    SUBMIT = "submit"
    APPROVE = "approve"
    SEND = "send"
    ANCHOR = "anchor"


class Target(StrEnum):
    """What dies."""

    PROCESS = "process"
    STORE = "store"
    DATABASE = "database"


BEGUN: Final = "begun"
UPLOADING: Final = "uploading parts"
PUBLISHING: Final = "asking the store to publish"
PUBLISHED: Final = "between put and receipt"

PHASES: Final[dict[Act, tuple[str, ...]]] = {
    Act.SUBMIT: (
        BEGUN,
        *(f"{where} {kind}" for kind in ("open", "seal", "screen", "clear") for where in ("in", "after")),
    ),
    Act.APPROVE: (BEGUN, "in vote", "after vote", "in clear", "after clear"),
    Act.SEND: (BEGUN, "in claim", "after claim", UPLOADING, PUBLISHING, PUBLISHED, "in receive", "after receive"),
}
"""Where an act can be, in its order; ``in`` a step of the ledger is between its statement and the end of the commit."""

SKIPPED: Final = 3
DELAYS_MS: Final = (0.0, 1.0, 3.0, 10.0, 40.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """That a target dies in a phase of an act, after so many more steps; ``delay_ms`` is for a server, 0 is at once."""

    target: Target
    act: Act
    phase: str
    skip: int
    delay_ms: float = 0.0

    @classmethod
    def drawn(cls, target: Target, random: Random) -> Moment:
        """Draw one; sending has most of them, because there the world outside changes."""
        act = random.choices([Act.SEND, Act.SUBMIT, Act.APPROVE], [10, 5, 1])[0]
        phase = random.choice(PHASES[act])
        delay = 0.0 if target is Target.PROCESS else random.choice(DELAYS_MS)
        return cls(target=target, act=act, phase=phase, skip=random.randrange(SKIPPED), delay_ms=delay)


class Hearing:
    """Hears what this process asks of others, follows the phase of its act, and strikes when the moment has come."""

    def __init__(self, strike: Callable[[Moment], None]) -> None:
        self._strike = strike
        self._moment: Moment | None = None
        self._left = 0
        self._striking = False
        self.phase = BEGUN
        sys.addaudithook(self._audit)
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", lambda *_: self._step())
        event.listen(Engine, "rollback", lambda *_: self._ended(done=False))
        event.listen(Engine, "checkin", lambda *_: self._ended(done=True))

    def begin(self, moment: Moment | None) -> None:
        """Begin an act, in which somebody dies at a moment."""
        self.phase, self._moment, self._left = BEGUN, moment, moment.skip if moment else 0

    def over(self) -> bool:
        """End the act; say whether its moment has come."""
        came, self._moment = self._moment is None, None
        return came

    def _statement(self, _: Any, __: Any, ___: str, parameters: Any, *____: Any) -> None:
        if self.phase == PUBLISHING:
            self.phase = PUBLISHED
        given = parameters.values() if isinstance(parameters, dict) else ()
        kind = next((value for value in given if isinstance(value, str) and value in KINDS), None)
        if kind is not None:
            self.phase = f"in {kind}"
        self._step()

    def _ended(self, *, done: bool) -> None:
        if self.phase.startswith("in "):
            self.phase = self.phase.replace("in ", "after " if done else "in ", 1)
        self._step()

    def _audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "http.client.send":
            self._request(arguments[1])
        if name in _FILES or name.startswith("http.client."):
            self._step()

    def _request(self, data: Any) -> None:
        line = bytes(data[:2000]).partition(b"\r\n")[0] if isinstance(data, bytes | bytearray | memoryview) else b""
        method, _, rest = line.partition(b" ")
        if self.phase in {"after claim", UPLOADING, PUBLISHING} and method in {b"PUT", b"POST"} and b"?" in rest:
            self.phase = PUBLISHING if method == b"POST" and b"uploadId=" in rest else UPLOADING
        elif self.phase in {"after claim", UPLOADING} and method == b"PUT":
            self.phase = PUBLISHING
        elif self.phase == PUBLISHING and method in {b"HEAD", b"GET"}:
            self.phase = PUBLISHED

    def _step(self) -> None:
        moment = self._moment
        if moment is None or self._striking or moment.phase != self.phase:
            return
        self._left -= 1
        if self._left < 0:
            self._moment, self._striking = None, True
            try:
                self._strike(moment)
            finally:
                self._striking = False
