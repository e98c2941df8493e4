"""What an earlier audit read at the destinations, so that bytes which cannot have changed are not read again."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from geogate.model.document import canonical_json
from geogate.model.errors import ServiceError
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.destinations.stored import Stored
    from geogate.gate.house import House


def audit_folder(house: House) -> Path:
    """Give the folder for what audits remember, in the gate's home; it can be made again at any time.

    Raises: ServiceError.
    """
    folder = house.settings.home / "audit"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ServiceError(f"the audit cannot keep what it knows ({error.strerror})") from error
    return folder


def write_whole(path: Path, text: str) -> None:
    """Replace a file as a whole, or leave it as it is.

    Raises: ServiceError.
    """
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise ServiceError(f"the audit cannot keep what it knows ({error.strerror})") from error


@dataclass(slots=True)
class Seen:
    """Digests of objects by their URIs, each with the version and the mark that it had when it was read."""

    path: Path
    known: dict[str, list[str]]
    now: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, house: House, *, nothing: bool = False) -> Seen:
        """Read what is known; where that cannot be read, nothing is. With ``nothing``, all is read again."""
        path = audit_folder(house) / "objects.json"
        try:
            known: Any = {} if nothing else json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        return cls(path, known if isinstance(known, dict) else {})

    def digest(self, uri: str, found: Stored) -> Sha256 | None:
        """Give the digest of something that is just as it was when it was read."""
        row = self.known.get(uri)
        if not isinstance(row, list) or row[:3] != [found.version, found.mark, str(found.size)]:
            return None
        self.now[uri] = row
        return Sha256(row[3])

    def note(self, uri: str, found: Stored, digest: Sha256) -> None:
        """Remember what was read."""
        self.now[uri] = [found.version, found.mark, str(found.size), digest]

    def keep(self) -> None:
        """Write down what this audit saw.

        Raises: ServiceError.
        """
        write_whole(self.path, canonical_json(self.now))
