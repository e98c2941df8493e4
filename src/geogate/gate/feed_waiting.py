"""Which batch of a feed waits: the source is listed, and read as strictly as a ledger; what is odd ends the looking."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from geogate.destinations import batches
from geogate.model.errors import InputError
from geogate.model.feed import Finished
from geogate.model.names import Sha256
from geogate.policy.feeds import number_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from geogate.destinations.batches import Lying
    from geogate.model.feed import Feed

CHECKSUM: Final = ".sha256"
UNFINISHED: Final = re.compile(r"[._].*|.*\.(part|tmp|crc|filepart|partial)")
"""Names of files that are being written, as tools name them; they are passed over."""

SKEW: Final = timedelta(minutes=5)
"""How far the clock of the source may be ahead."""

_SUM: Final = re.compile(r"([0-9a-f]{64}) [ *]?([^\n/]+)\n?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A finished batch as it was listed; ``checksum`` is ``None`` where the source has none."""

    number: int
    lying: Lying
    checksum: Sha256 | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What lies in the source from some number on.

    ``later`` is the lowest number after ``number`` that is finished, while that one is not there or not finished.
    """

    number: int
    waiting: Waiting | None
    later: int | None = None
    behind: int = 0

    @property
    def gap(self) -> bool:
        """Whether the number is missing while later batches are there."""
        return self.waiting is None and self.later is not None


def look(feed: Feed, number: int, *, now: datetime) -> Listing:
    """Look for the batch with a number.

    Raises: InputError for a file that is no batch, a number that is there twice, a checksum without its batch or of
        another one, or a batch from the future; ServiceError when the source is gone or does not answer.
    """
    there = batches.listed(feed.source)
    found = _numbered(feed, there)
    ready = {each: lying for each, lying in found.items() if each >= number and _is_whole(feed, lying, there)}
    if number not in ready:
        return Listing(number=number, waiting=None, later=min(ready, default=None), behind=len(ready))
    lying = ready[number]
    if lying.modified > now + SKEW:
        raise InputError(f"batch {number} is from the future", hint="set the clocks of the source and of this machine")
    checksum = _checksum(feed, lying, there) if feed.finished is Finished.CHECKSUM else None
    waiting = Waiting(number=number, lying=lying, checksum=checksum)
    return Listing(number=number, waiting=waiting, behind=len(ready))


def _numbered(feed: Feed, there: Mapping[str, Lying]) -> dict[int, Lying]:
    found: dict[int, Lying] = {}
    strange = 0
    for name, lying in there.items():
        number = number_in(feed.template, name)
        if number is not None and number >= feed.first:
            if number in found:
                raise InputError(f"batch {number} is there twice", hint="write each number in one way only")
            found[number] = lying
        elif not UNFINISHED.fullmatch(name) and not _is_checksum(feed, name):
            strange += 1
    if strange:
        raise InputError(
            f"the source has {strange:,} files that are no batches of the feed",
            hint=f"batches are called {feed.template}, from number {feed.first}; take everything else away",
        )
    if feed.finished is Finished.CHECKSUM:
        for name in there:
            number = number_in(feed.template, name.removesuffix(CHECKSUM)) if name.endswith(CHECKSUM) else None
            if number is not None and number not in found and number > max(found, default=0):
                raise InputError(f"the checksum of batch {number} is there without it", hint="write the batch first")
    return found


def _is_checksum(feed: Feed, name: str) -> bool:
    own = feed.finished is Finished.CHECKSUM and name.endswith(CHECKSUM)
    return own and number_in(feed.template, name.removesuffix(CHECKSUM)) is not None


def _is_whole(feed: Feed, lying: Lying, there: Mapping[str, Lying]) -> bool:
    return feed.finished is Finished.ATOMIC or lying.name + CHECKSUM in there


def _checksum(feed: Feed, lying: Lying, there: Mapping[str, Lying]) -> Sha256:
    text = batches.content(feed.source, there[lying.name + CHECKSUM]).decode("ascii", "replace")
    match = _SUM.fullmatch(text)
    if match is None or match[2] != lying.name:
        raise InputError("the checksum of a batch cannot be read", hint="write it with sha256sum, in the same folder")
    return Sha256(match[1])


@contextmanager
def copied(feed: Feed, waiting: Waiting, *, scratch: Path) -> Iterator[tuple[Path, Sha256]]:
    """Copy a batch to a folder of the gate's own, for as long as the block lasts, and give the digest of the copy.

    Raises: InputError when it is not what was listed, or not what its checksum says; ServiceError.
    """
    with TemporaryDirectory(dir=scratch, prefix="feed-") as folder:
        path = Path(folder) / waiting.lying.name
        digest = batches.fetched(feed.source, waiting.lying, path)
        if waiting.checksum not in {None, digest}:
            raise InputError(
                f"batch {waiting.number} is not what its checksum says: partly written, or changed",
                hint="write the batch whole, and its checksum after it",
            )
        yield path, digest
