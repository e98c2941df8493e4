"""What the ledger keeps of feeds besides requests: the bodies of notes about batches, stops and resumptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from geogate.ledger.failures import DamagedError
from geogate.model.document import from_json
from geogate.model.feed import Choice  # noqa: TC001 - notes are read by their types
from geogate.model.names import RecipientId, Sha256  # noqa: TC001

if TYPE_CHECKING:
    from geogate.model.release import Entry

T = TypeVar("T")

BATCH: Final = "feed-batch"
STOPPED: Final = "feed-stopped"
RESUMED: Final = "feed-resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The body of the entry that makes a request a batch; the entry is about the request.

    ``declared`` is the digest of the feed's file.
    """

    feed: str
    number: int
    sha256: Sha256
    recipient: RecipientId
    declared: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The body of the entry that stops a feed at a batch; ``sha256`` is that of its bytes, where they were read.

    Who writes it ran the feed, unless somebody stopped it ``by_hand``.
    """

    feed: str
    number: int
    why: str
    sha256: Sha256 | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The body of the entry that lets a feed go on; ``barred`` are bytes that must not come again."""

    feed: str
    number: int
    choice: Choice
    reason: str
    barred: tuple[Sha256, ...] = ()


def read_note(kind: type[T], entry: Entry) -> T:
    """Read the body of a note.

    Raises: DamagedError.
    """
    try:
        return from_json(kind, entry.body)
    except ValueError as error:
        raise DamagedError(f"entry {entry.seq}, a {entry.kind}, cannot be read") from error
