"""What an audit finds: each thing once, by a key that stays the same from night to night while it stays as it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from geogate.model.document import canonical_json


class Kind(StrEnum):
    """What is wrong."""

    CHANGED = "would not leave today"
    UNSAID = "cannot be judged again"
    UNCLEARED = "lies there without a clearance"
    ALTERED = "has other bytes than were sent"
    MISSING = "is not there any more"
    STILL_THERE = "was recalled and is still there"
    LEFT_OVER = "was left by a sending that failed"
    DRIFT = "is another place than it was"
    UNREADABLE = "does not answer"
    UNUSED = "got nothing yet, and does not answer"
    RECALL = "recall that needs somebody"
    OBLIGATION = "overdue obligation"
    STUCK = "request that was stuck"
    LEDGER = "damaged ledger"
    ANCHOR = "ledger without a head elsewhere"
    UNGATED = "write past the gate"
    WAIVER = "waiver that ended"
    FEED = "feed that is stuck"


NOTES: Final = frozenset({Kind.WAIVER, Kind.STUCK, Kind.UNUSED})
"""Kinds of which nothing follows but that somebody should know: an audit that finds nothing else succeeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """One thing that an audit found; ``about`` names a request, a place, an object or a waiver.

    ``requests`` are the releases that it concerns; ``there`` is a digest of what lies at a place instead. It never
    holds a coordinate or a value from data.
    """

    kind: Kind
    about: str
    summary: str
    recipient: str = ""
    requests: tuple[str, ...] = ()
    there: str = ""

    @property
    def key(self) -> str:
        """By what it is accepted, and told from others: it is another finding when it says something else."""
        said = canonical_json([self.kind, self.about, self.summary, self.recipient, self.there])
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    @property
    def urgent(self) -> bool:
        """Whether somebody has to do something."""
        return self.kind not in NOTES
