"""The ledger verified: every entry hashed again, every step judged again, every row compared with what entries say.

A chain cannot see that its last entries were cut off, nor that somebody with the whole database wrote it anew: compare
with heads that were kept elsewhere, which is what ``anchor`` and ``heads`` are for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.ledger.chain import GENESIS, entries_after, entry_hash
from geogate.ledger.merkle import Tree, leaf_hash
from geogate.ledger.replay import LedgerProblem, Replay
from geogate.ledger.roles import weaknesses
from geogate.ledger.schema import missing_triggers
from geogate.ledger.unchanged import changes
from geogate.model.errors import GeogateError
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from geogate.model.release import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHead:
    """What a tree of some size was once, from a place that the ledger's owner cannot change.

    ``last`` is the chain's hash of the last entry; ``said`` is how a message names the head.
    """

    size: int
    root: Sha256
    last: Sha256
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReport:
    """What verifying found; the ledger is whole when there are no problems. ``root`` is that of the tree of entries.

    ``head_seq`` and ``head_hash`` are worth keeping elsewhere, as the next run's anchor.
    """

    entries: int
    head_seq: int
    head_hash: Sha256
    root: Sha256
    problems: tuple[LedgerProblem, ...]

    @property
    def whole(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.problems


def verify(
    connection: Connection, *, anchor: tuple[int, Sha256] | None = None, heads: Sequence[KnownHead] = ()
) -> LedgerReport:
    """Verify the ledger from its first entry to its last, in one pass and one snapshot.

    ``anchor`` is number and hash of an entry that the ledger must have, from an earlier report. The ledger must begin
    with each of the ``heads``.
    """
    problems = [
        LedgerProblem(seq=0, what=f"the trigger {name} is gone or off") for name in missing_triggers(connection)
    ]
    problems += [LedgerProblem(seq=0, what=what) for what in weaknesses(connection)]
    problems += [LedgerProblem(seq=0, what=what) for what in changes(connection)]
    problems += [LedgerProblem(seq=0, what=what) for what in _bent_indexes(connection)]
    replay, tree, seq, prev, anchored = Replay(), Tree(), 0, GENESIS, anchor is None or anchor == (0, GENESIS)
    known = _Known.of(heads, tree)
    for entry in entries_after(connection):
        own = entry_hash(entry)
        problems += _link_problems(entry, own=own, seq=seq, prev=prev)
        problems += _step_problems(entry, replay)
        seq, prev = entry.seq, entry.hash
        tree.add(leaf_of(own))
        problems += known.compare(tree, last=own)
        anchored = anchored or anchor == (seq, prev)
    if not anchored and anchor is not None:
        what = "the anchored entry is not there: the end was cut off, or the ledger was written anew"
        problems.append(LedgerProblem(seq=anchor[0], what=what))
    problems += known.left(tree.size)
    problems += replay.differences(connection)
    root = Sha256(tree.root().hex())
    return LedgerReport(entries=tree.size, head_seq=seq, head_hash=prev, root=root, problems=tuple(problems))


def _bent_indexes(connection: Connection) -> Iterator[str]:
    """Compare the indexes of SQLite with their tables: what an index leaves out, nobody finds who looks with it."""
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA integrity_check(1)").all() != [
        ("ok",)
    ]:
        yield "the database's file is damaged: an index differs from its table, or worse"


def leaf_of(digest: Sha256) -> bytes:
    """Make the leaf of an entry from its hash."""
    return leaf_hash(bytes.fromhex(digest))


@dataclass(slots=True)
class _Known:
    """Heads that are still to be compared, by size; ``sound`` is the size up to which one of them was right."""

    heads: dict[int, list[KnownHead]]
    sound: int = 0

    @classmethod
    def of(cls, heads: Sequence[KnownHead], tree: Tree) -> _Known:
        found: dict[int, list[KnownHead]] = {}
        for head in heads:
            if (head.size, head.root, head.last) != (0, tree.root().hex(), GENESIS):
                found.setdefault(head.size, []).append(head)
        return cls(found)

    def compare(self, tree: Tree, *, last: Sha256) -> Iterator[LedgerProblem]:
        heads = self.heads.pop(tree.size, [])
        if not heads:
            return
        root = tree.root().hex()
        wrong = [head for head in heads if (head.root, head.last) != (root, last)]
        for head in wrong:
            where = f"one of the entries {self.sound + 1} to {head.size}"
            what = f"{where} was edited, removed or put elsewhere: the tree differs from {head.said}"
            yield LedgerProblem(seq=head.size, what=what)
        if not wrong:
            self.sound = tree.size

    def left(self, size: int) -> Iterator[LedgerProblem]:
        for heads in self.heads.values():
            for head in heads:
                gone = f"the entries {size + 1} to {head.size} of {head.said} are gone: the end was cut off"
                yield LedgerProblem(seq=head.size, what=gone if head.size > size else f"{head.said} is no head of it")


def _link_problems(entry: Entry, *, own: Sha256, seq: int, prev: Sha256) -> Iterator[LedgerProblem]:
    if entry.seq != seq + 1:
        yield LedgerProblem(seq=entry.seq, what=f"entries {seq + 1} to {entry.seq - 1} are missing")
    if entry.prev != prev:
        what = "does not follow the entry before it: one was edited, removed or put elsewhere"
        yield LedgerProblem(seq=entry.seq, what=what)
    if own != entry.hash:
        yield LedgerProblem(seq=entry.seq, what="was edited: it does not have the hash that it says")


def _step_problems(entry: Entry, replay: Replay) -> Iterator[LedgerProblem]:
    try:
        replay.play(entry)
    except ValueError:
        yield LedgerProblem(seq=entry.seq, what=f"is not a {entry.kind} that can be read")
    except GeogateError as error:
        yield LedgerProblem(seq=entry.seq, what=f"is against the law: {error.summary}")
