"""What the ledger's entries count up to: decisions, rules that found something, bytes sent, and how long steps took.

Entries are read once and counted on from there: the tally is kept in the gate's home with the hash of the last entry
that it counted. Where the ledger no longer has that entry, all is counted anew.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from geogate.ledger.chain import GENESIS
from geogate.model.lifecycle import TRANSITIONS, State
from geogate.telemetry.fields import name_of
from geogate.telemetry.meters import STAGE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from geogate.ledger.ledger import Ledger
    from geogate.model.release import Entry

VERSION: Final = 1
MOST_LABELS: Final = 500
"""Further combinations of labels are counted together, as ``other``: an attacker must not fill the memory."""

OTHER: Final = "other"
REVIEW_BUCKETS: Final = (300.0, 3600.0, 14400.0, 86400.0, 259200.0, 604800.0, 1209600.0, 2592000.0)
"""Units: seconds."""

_FROM: Final = {"seal": ("sealing", "open"), "screen": ("judging", "seal"), "receive": ("sending", "claim")}
"""Kind of entry to the step that ends with it, and the kind of entry with which that began."""

_ENDS: Final = frozenset(state.value for state in State if not TRANSITIONS[state])


@dataclass(slots=True)
class Times:
    """How often something took how long: counts by upper bound, the last for all that took longer, and their sum."""

    counts: list[int]
    total: float = 0.0

    def add(self, seconds: float, bounds: tuple[float, ...]) -> None:
        """Count one."""
        self.counts[bisect_left(bounds, seconds)] += 1
        self.total += seconds


@dataclass(slots=True)
class Tally:
    """All counts up to entry ``seq``; keys are labels joined by blanks, which no label has.

    ``open`` are the requests that did not end: what policy they name, and when which step was taken.
    """

    version: int = VERSION
    seq: int = 0
    last: str = str(GENESIS)
    at: str = ""
    decisions: dict[str, int] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    sent_bytes: dict[str, int] = field(default_factory=dict)
    moves: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    steps: dict[str, Times] = field(default_factory=dict)
    open: dict[str, dict[str, str]] = field(default_factory=dict)
    audit: dict[str, Any] = field(default_factory=dict)

    def count(self, entry: Entry) -> None:
        """Count one entry; what it says is not believed to have any shape."""
        self.seq, self.last, self.at = entry.seq, entry.hash, entry.at
        counting = _COUNTING.get(entry.kind)
        if counting is None:
            return
        try:
            said = json.loads(entry.body)
            counting(self, entry, said)
        except (ValueError, KeyError, TypeError, AttributeError):
            _more(self.errors, entry.kind)

    def document(self) -> str:
        """Write it, to be read again."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Tally:
        """Read what was written; an empty one where it is of another version or damaged."""
        try:
            said = json.loads(text)
            steps = {name: Times(**times) for name, times in said.pop("steps").items()}
            found = cls(**said, steps=steps)
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()
        return found if found.version == VERSION else cls()

    def goes_on(self, ledger: Ledger) -> bool:
        """Say whether the ledger still has what was counted."""
        return self.seq == 0 or tuple(map(str, ledger.hashes(first=self.seq, last=self.seq))) == (self.last,)

    def took(self, step: str, seconds: float, bounds: tuple[float, ...] = STAGE_BUCKETS) -> None:
        """Count how long a step took."""
        times = self.steps.setdefault(step, Times(counts=[0] * (len(bounds) + 1)))
        times.add(max(0.0, seconds), bounds)


def counted(ledger: Ledger, before: Tally) -> Tally:
    """Count all entries that came since."""
    tally = before if before.goes_on(ledger) else Tally()
    for entry in ledger.entries(after=tally.seq):
        tally.count(entry)
    return tally


def bounds_of(step: str) -> tuple[float, ...]:
    """Give the upper bounds of a step's times, in seconds."""
    return REVIEW_BUCKETS if step in {"reviewing", "waiting"} else STAGE_BUCKETS


def _more(counts: dict[str, int], key: str, number: int = 1) -> None:
    known = key if key in counts or len(counts) < MOST_LABELS - 1 else " ".join([OTHER] * (key.count(" ") + 1))
    counts[known] = counts.get(known, 0) + number


def _label(value: object) -> str:
    return name_of(value) or OTHER


def _since(before: str, now: str) -> float:
    return (datetime.fromisoformat(now) - datetime.fromisoformat(before)).total_seconds()


def _timed(tally: Tally, entry: Entry) -> dict[str, str]:
    """Take the step that ends with an entry, and remember when the entry was made."""
    known = tally.open.setdefault(entry.request, {})
    step, began = _FROM.get(entry.kind, ("", ""))
    if began in known:
        tally.took(step, _since(known[began], entry.at), bounds_of(step))
    known[entry.kind] = entry.at
    return known


def _opened(tally: Tally, entry: Entry, said: Mapping[str, Any]) -> None:
    _timed(tally, entry)["policy"] = _label(said["request"]["policy"])


def _sealed(tally: Tally, entry: Entry, said: Mapping[str, Any]) -> None:
    del said
    _timed(tally, entry)


def _screened(tally: Tally, entry: Entry, said: Mapping[str, Any]) -> None:
    _timed(tally, entry)
    found = said["verdict"]["findings"]
    for each in {(str(one["rule"]), str(one["effect"])) for one in found if not one.get("waived")}:
        _more(tally.findings, f"{_label(each[0])} {each[1] if each[1] in {'deny', 'hold', 'note'} else OTHER}")


def _moved(tally: Tally, entry: Entry, said: Mapping[str, Any]) -> None:
    state = State(said["state"]).value
    _more(tally.moves, state)
    known = tally.open.setdefault(entry.request, {})
    if state in _DECISION:
        _more(tally.decisions, f"{known.get('policy', OTHER)} {_DECISION[state]}")
    if "held" in known and state in {"approved", "rejected", "returned", "expired", "withdrawn"}:
        tally.took("reviewing", _since(known.pop("held"), entry.at), REVIEW_BUCKETS)
    known[state] = entry.at
    if state in _ENDS:
        tally.open.pop(entry.request, None)


_DECISION: Final = {"held": "hold", "denied": "deny"}


def _cleared(tally: Tally, entry: Entry, said: Mapping[str, Any]) -> None:
    del said
    known = _timed(tally, entry)
    if "approved" not in known:
        _more(tally.decisions, f"{known.get('policy', OTHER)} clear")


def _claimed(tally: Tally, entry: Entry, said: Mapping[str, Any]) -> None:
    del said
    known = _timed(tally, entry)
    if "clear" in known:
        tally.took("waiting", _since(known["clear"], entry.at), REVIEW_BUCKETS)


def _received(tally: Tally, entry: Entry, said: Mapping[str, Any]) -> None:
    policy = _timed(tally, entry).get("policy", OTHER)
    _more(tally.sent, policy)
    _more(tally.sent_bytes, policy, sum(int(each["size"]) for each in said["receipt"]["deliveries"]))
    tally.open.pop(entry.request, None)


def _audited(tally: Tally, entry: Entry, said: Mapping[str, Any]) -> None:
    todo = len(said["changes"]) + len(said.get("overdue", ()))
    tally.audit = {"at": entry.at, "todo": todo, "audited": int(said["audited"])}


_COUNTING: Final[Mapping[str, Callable[[Tally, Entry, Mapping[str, Any]], None]]] = {
    "open": _opened,
    "seal": _sealed,
    "screen": _screened,
    "move": _moved,
    "clear": _cleared,
    "claim": _claimed,
    "receive": _received,
    "audited": _audited,
}
