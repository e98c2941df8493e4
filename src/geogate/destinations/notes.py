"""The note of a delivery: a small file beside what was delivered, by which a later attempt knows its own files.

Where a place keeps nothing about a file but its bytes, the bytes alone do not tell whether this clearance put them
there. The note is written when all files lie there prepared and before the first gets its name; it stays, and tells the
recipient what came and with which digests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from geogate.model.release import Clearance

SAYS: Final = "delivered by geogate under this clearance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Its name in the folder of the destination, and what it holds: the same bytes whenever it is written.

    ``part`` is its name until it is whole.
    """

    name: str
    part: str
    content: bytes


def is_noted(destination: str) -> bool:
    """Say whether sending to a destination leaves a note."""
    return destination.startswith("sftp://")


def note_of(clearance: Clearance) -> Note:
    """Write the note of a clearance; it names no recipient, policy or request."""
    files = [
        {"name": file.name, "sha256": file.sha256, "size": file.size}
        for file in sorted(clearance.files, key=lambda file: file.name)
    ]
    said = {"artefact": clearance.artefact, "clearance": clearance.nonce, "files": files, "note": SAYS}
    start = f".geogate.{clearance.nonce}"
    return Note(name=f"{start}.json", part=f"{start}.part", content=(canonical_json(said) + "\n").encode())
