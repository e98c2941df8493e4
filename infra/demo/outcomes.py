"""What the ledger says became of each export, compared with what must have become of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.model.finding import Effect
from geogate.model.lifecycle import State
from geogate.model.verdict import Decision
from infra.demo.exports import EXPORTS, Export, destination
from infra.demo.folder import DemoError

if TYPE_CHECKING:
    from geogate.gate.house import House
    from geogate.model.finding import Finding
    from geogate.model.release import Clearance, ReleaseRequest
    from geogate.model.verdict import Verdict

STATES = {Decision.CLEAR: State.SENT, Decision.HOLD: State.HELD, Decision.DENY: State.DENIED}
"""Where a request stands after the run, by its decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An export with its request and verdict from the ledger, and its clearance where it has one."""

    export: Export
    request: ReleaseRequest
    verdict: Verdict
    clearance: Clearance | None
    envelope: str

    @property
    def rows(self) -> int | None:
        """The rows that were judged; ``None`` where nothing could be read."""
        return sum(layer.rows for layer in self.verdict.layers) if self.verdict.layers else None

    @property
    def reason(self) -> Finding | None:
        """The finding that decided: the first of the gravest."""
        effects = list(Effect)
        return min(self.verdict.findings, key=lambda f: effects.index(f.effect), default=None)


def outcomes(house: House, *, bucket: str) -> tuple[Outcome, ...]:
    """Read from the ledger what became of each export.

    Raises: DemoError when an export has no request or no verdict, or more than one.
    """
    ledger = house.ledger()
    try:
        requests = ledger.requests()
        found = []
        for export in EXPORTS:
            mine = [request for request in requests if request.destination == destination(export, bucket)]
            if len(mine) != 1 or mine[0].verdict is None:
                raise DemoError(f"{export.name} has {len(mine)} requests with a verdict instead of one")
            clearance, envelope = ledger.clearance_of(mine[0].id) or (None, "")
            found.append(
                Outcome(
                    export=export,
                    request=mine[0],
                    verdict=mine[0].verdict,
                    clearance=clearance,
                    envelope=envelope,
                )
            )
        return tuple(found)
    finally:
        ledger.close()


def require_expected(found: tuple[Outcome, ...]) -> None:
    """Compare decisions, reasons and states with what each export is there to show.

    Raises: DemoError naming everything that differs.
    """
    wrong = [difference for outcome in found for difference in _differences(outcome)]
    if wrong:
        raise DemoError("not what must come out: " + "; ".join(wrong))


def _differences(outcome: Outcome) -> list[str]:
    export, decision = outcome.export, outcome.verdict.decision
    rules = {str(finding.rule) for finding in outcome.verdict.findings}
    pairs = (
        ("decision", decision.value, export.decision),
        ("reasons", sorted(rules), sorted(export.rules)),
        ("state", outcome.request.state.value, STATES[decision].value),
    )
    return [f"{export.name} has the {what} {is_!r}, not {must!r}" for what, is_, must in pairs if is_ != must]


def of_kind(found: tuple[Outcome, ...], decision: str) -> Outcome:
    """Return the first outcome with a decision.

    Raises: DemoError when there is none.
    """
    for outcome in found:
        if outcome.verdict.decision == decision:
            return outcome
    raise DemoError(f"no export has the decision {decision!r}")


def cleared_digests(found: tuple[Outcome, ...]) -> dict[str, str]:
    """Name what the clearances permit: the SHA-256 of each file by its key in the bucket."""
    return {
        f"{outcome.export.recipient}/{outcome.export.name}/{file.name}": str(file.sha256)
        for outcome in found
        if outcome.clearance
        for file in outcome.clearance.files
    }
