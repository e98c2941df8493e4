"""A gate of a test's own: a home that was initialised, a policy folder, an outbox, and a clock to be set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gating.place import PARTNER, POLICY, PolicyFolder

from geogate.gate.house import House, Wish
from geogate.gate.review import approve
from geogate.gate.screen import screen
from geogate.gate.send import send_by_nonce
from geogate.gate.submit import submit

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.gate.review import Tally
    from geogate.gate.submit import Submission
    from geogate.ledger.ledger import Ledger
    from geogate.model.lifecycle import State
    from geogate.model.names import Nonce, RequestId
    from geogate.model.release import Clearance, Receipt, ReleaseRequest
    from geogate.model.verdict import Verdict

OUTBOX = "file:outbox/"
REQUESTER = "rita"


@dataclass(slots=True, kw_only=True)
class Gate:
    """A gate in the folder ``root``; ``now`` stops its clock, ``settings`` are further variables of its environment."""

    root: Path
    now: datetime | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.root / ".geogate"

    @property
    def policies(self) -> PolicyFolder:
        return PolicyFolder(root=self.root / "policies")

    @property
    def outbox(self) -> Path:
        return self.root / "outbox"

    @property
    def staged(self) -> Path:
        """The folder where a test's datasets lie."""
        folder = self.root / "staged"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def ledger_file(self) -> Path:
        return self.home / "ledger.db"

    def environment(self) -> dict[str, str]:
        return {
            "GEOGATE_HOME": str(self.home),
            "GEOGATE_POLICIES": str(self.policies.root),
            "GEOGATE_COUNTRY": "DE",
            **self.settings,
        }

    def house(self, actor: str = REQUESTER) -> House:
        house = House.from_environment(self.environment(), actor=actor)
        now = self.now
        return house if now is None else replace(house, clock=lambda: now)

    def wish(self, *dataset: Path | str, **changes: Any) -> Wish:
        fields: dict[str, Any] = {"policy": POLICY, "recipient": PARTNER, "destination": OUTBOX}
        return Wish(dataset=tuple(map(str, dataset)), **(fields | changes))

    def screen(self, *dataset: Path | str, **changes: Any) -> Verdict:
        return screen(self.wish(*dataset, **changes), house=self.house())

    def submit(self, *dataset: Path | str, **changes: Any) -> Submission:
        return submit(self.wish(*dataset, **changes), house=self.house())

    def clear(self, *dataset: Path | str, **changes: Any) -> Nonce:
        """Submit what must be cleared."""
        done = self.submit(*dataset, **changes)
        assert done.clearance is not None, done.verdict.findings
        return done.clearance

    def hold(self, *dataset: Path | str, **changes: Any) -> RequestId:
        """Submit what must be held."""
        done = self.submit(*dataset, **changes)
        assert done.state == "held", done.verdict.findings
        return done.request

    def send(self, nonce: Nonce) -> Receipt:
        return send_by_nonce(nonce, house=self.house())

    def approve(self, request: RequestId, reviewer: str) -> Tally:
        return approve(request, comment="looked at it", house=self.house(reviewer))

    def ledger(self) -> Ledger:
        return self.house().ledger()

    def request(self, request: RequestId) -> ReleaseRequest:
        with self.ledger() as ledger:
            return ledger.request(request)

    def requests(self) -> tuple[ReleaseRequest, ...]:
        with self.ledger() as ledger:
            return ledger.requests()

    def states(self) -> list[State]:
        return [request.state for request in self.requests()]

    def kinds(self) -> list[str]:
        """Name the entries of the ledger in their order."""
        with self.ledger() as ledger:
            return [entry.kind for entry in ledger.entries()]

    def clearance(self, nonce: Nonce) -> tuple[Clearance, str]:
        with self.ledger() as ledger:
            return ledger.clearance(nonce)

    def delivered(self) -> dict[str, bytes]:
        """Read everything that lies in the outbox, hidden or not."""
        found = sorted(path for path in self.outbox.rglob("*") if path.is_file())
        return {path.relative_to(self.outbox).as_posix(): path.read_bytes() for path in found}

    def require_whole_ledger(self) -> None:
        with self.ledger() as ledger:
            assert not ledger.verify().problems


def at(text: str) -> datetime:
    """Give a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
