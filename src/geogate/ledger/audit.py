"""The ledger verified: every entry hashed again, every step judged again, every row compared with what entries say.

A chain cannot see that its last entries were cut off, nor that somebody with the whole database wrote it anew: compare
with a head that was kept elsewhere, which is what ``anchor`` is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.ledger.chain import GENESIS, entries_after, entry_hash
from geogate.ledger.replay import LedgerProblem, Replay
from geogate.ledger.roles import weaknesses
from geogate.ledger.schema import missing_triggers
from geogate.model.errors import GeogateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from geogate.model.names import Sha256
    from geogate.model.release import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReport:
    """What verifying found; the ledger is whole when there are no problems.

    ``head_seq`` and ``head_hash`` are worth keeping elsewhere, as the next run's anchor.
    """

    entries: int
    head_seq: int
    head_hash: Sha256
    problems: tuple[LedgerProblem, ...]

    @property
    def whole(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.problems


def verify(connection: Connection, *, anchor: tuple[int, Sha256] | None = None) -> LedgerReport:
    """Verify the ledger from its first entry to its last, in one pass and one snapshot.

    ``anchor`` is number and hash of an entry that the ledger must have, from an earlier report.
    """
    problems = [
        LedgerProblem(seq=0, what=f"the trigger {name} is gone or off") for name in missing_triggers(connection)
    ]
    problems += [LedgerProblem(seq=0, what=what) for what in weaknesses(connection)]
    replay, count, seq, prev, anchored = Replay(), 0, 0, GENESIS, anchor is None or anchor == (0, GENESIS)
    for entry in entries_after(connection):
        problems += _link_problems(entry, seq=seq, prev=prev)
        problems += _step_problems(entry, replay)
        count, seq, prev = count + 1, entry.seq, entry.hash
        anchored = anchored or anchor == (seq, prev)
    if not anchored and anchor is not None:
        what = "the anchored entry is not there: the end was cut off, or the ledger was written anew"
        problems.append(LedgerProblem(seq=anchor[0], what=what))
    problems += replay.differences(connection)
    return LedgerReport(entries=count, head_seq=seq, head_hash=prev, problems=tuple(problems))


def _link_problems(entry: Entry, *, seq: int, prev: Sha256) -> Iterator[LedgerProblem]:
    if entry.seq != seq + 1:
        yield LedgerProblem(seq=entry.seq, what=f"entries {seq + 1} to {entry.seq - 1} are missing")
    if entry.prev != prev:
        what = "does not follow the entry before it: one was edited, removed or put elsewhere"
        yield LedgerProblem(seq=entry.seq, what=what)
    if entry_hash(entry) != entry.hash:
        yield LedgerProblem(seq=entry.seq, what="was edited: it does not have the hash that it says")


def _step_problems(entry: Entry, replay: Replay) -> Iterator[LedgerProblem]:
    try:
        replay.play(entry)
    except ValueError:
        yield LedgerProblem(seq=entry.seq, what=f"is not a {entry.kind} that can be read")
    except GeogateError as error:
        yield LedgerProblem(seq=entry.seq, what=f"is against the law: {error.summary}")
