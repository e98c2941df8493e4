"""The notice of a recall to one recipient: what has to be deleted and confirmed, as text and as a document.

It names the files as they were delivered and the rules by which they should not have been, and no coordinate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - documents are read by the annotations
from typing import TYPE_CHECKING

from geogate.gate.recall import recalls

if TYPE_CHECKING:
    from geogate.gate.house import House


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalledFile:
    """A file as it was delivered."""

    uri: str
    sha256: str
    size: int
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalledRelease:
    """A release that has to come back, until when, and why."""

    request: str
    clearance: str
    sent_at: datetime
    due: datetime
    reason: str
    files: tuple[RecalledFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """All open recalls of one recipient."""

    recipient: str
    at: datetime
    releases: tuple[RecalledRelease, ...]

    @property
    def text(self) -> str:
        """The notice in words."""
        count = len(self.releases)
        lines = [
            f"To {self.recipient}: recall of {count} release{'s' if count > 1 else ''}, {self.at:%Y-%m-%d}",
            "",
            "By our rules of today the data below must not stay with you. Please delete every copy, also those that",
            "you made or passed on, and confirm it in writing, with the number of the release, by the day named.",
        ]
        for each in self.releases:
            lines += [
                "",
                f"Release {each.request}, sent {each.sent_at:%Y-%m-%d %H:%M} UTC; confirm by {each.due:%Y-%m-%d}",
                f"  Reason: {each.reason}",
            ]
            for file in each.files:
                version = f", version {file.version}" if file.version else ""
                lines.append(f"  {file.uri} ({file.size} bytes{version})")
                lines.append(f"    SHA-256 {file.sha256}")
        return "\n".join((*lines, ""))


def notices(*, house: House) -> tuple[Notice, ...]:
    """Write a notice for each recipient with an open recall, in the order of their names.

    Raises: ServiceError.
    """
    found: dict[str, list[RecalledRelease]] = {}
    opened = [each for each in recalls(house=house) if each.open]
    with house.ledger() as ledger:
        for recall in opened:
            receipt = ledger.receipt(recall.request)
            if receipt is None:
                continue
            files = tuple(
                RecalledFile(uri=each.uri, sha256=each.sha256, size=each.size, version=each.version)
                for each in receipt.deliveries
            )
            release = RecalledRelease(
                request=str(recall.request),
                clearance=str(receipt.nonce),
                sent_at=receipt.sent_at,
                due=recall.due,
                reason=recall.reason,
                files=files,
            )
            found.setdefault(str(ledger.request(recall.request).recipient), []).append(release)
    now = house.clock()
    return tuple(Notice(recipient=name, at=now, releases=tuple(found[name])) for name in sorted(found))
