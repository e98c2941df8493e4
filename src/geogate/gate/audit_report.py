"""The report of an audit: what was found, for programs as JSON and for people as one page with trends and a map.

Reports lie in the gate's home, where only its owner reads them: they name objects. The map shows in squares of ten
degrees where releases lie that would not leave today, and nothing finer.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.audit_findings import AuditFinding, Kind
from geogate.gate.reconcile_seen import audit_folder, write_whole
from geogate.ledger.failures import DamagedError
from geogate.model.document import canonical_json, from_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from geogate.gate.house import House
    from geogate.model.release import Entry

NIGHTS: Final = 30
"""Reports that a page shows trends over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much was looked at: ``same`` releases rest on the same as before, of ``streamed`` ones the bytes were read.

    ``objects`` lie at ``places``; the bytes of ``read`` were compared, those of the others cannot have changed.
    """

    audited: int
    same: int
    streamed: int
    places: int
    objects: int
    read: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an audit found; ``accepted`` are keys of findings that people know and let stay as they are.

    ``unknown`` are places with the traits that they do not tell.
    """

    run: str
    at: datetime
    hours: int
    counts: Counts
    findings: tuple[AuditFinding, ...]
    accepted: tuple[str, ...] = ()
    unknown: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def urgent(self) -> tuple[AuditFinding, ...]:
        """What somebody has to do something about."""
        return tuple(each for each in self.findings if each.urgent and each.key not in self.accepted)

    @property
    def kinds(self) -> tuple[tuple[Kind, int], ...]:
        """Count what is urgent by its kind, in the order of the kinds."""
        found = Counter(each.kind for each in self.urgent)
        return tuple((kind, found[kind]) for kind in Kind if found[kind])

    @property
    def digest(self) -> str:
        """By what the ledger knows the report."""
        return hashlib.sha256(canonical_json(self).encode()).hexdigest()

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document, with what follows from it."""
        document: dict[str, Any] = json.loads(canonical_json(self))
        for row, each in zip(document["findings"], self.findings, strict=True):
            row |= {"key": each.key, "urgent": each.urgent and each.key not in self.accepted}
        return document | {"urgent": len(self.urgent), "kinds": {str(kind): count for kind, count in self.kinds}}


def folder_of(house: House) -> Path:
    """Give the folder of reports.

    Raises: ServiceError.
    """
    folder = audit_folder(house) / "reports"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def keep_report(report: Report, *, house: House) -> None:
    """Keep a report, and its page.

    Raises: ServiceError.
    """
    from geogate.gate.audit_page import page

    folder = folder_of(house)
    write_whole(folder / f"{report.run}.json", canonical_json(report))
    before = reports(house, most=NIGHTS)
    write_whole(folder / f"{report.run}.html", page(report, before=before, house=house))


def reports(house: House, *, most: int = NIGHTS) -> tuple[Report, ...]:
    """Read the latest reports, the oldest first; one that cannot be read is left out.

    Raises: ServiceError.
    """
    found = []
    for path in sorted(folder_of(house).glob("*.json"))[-most:]:
        try:
            found.append(from_json(Report, path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            continue
    return tuple(found)


def latest(house: House) -> Report | None:
    """Read what the last audit found, ``None`` where there was none.

    Raises: ServiceError.
    """
    found = reports(house, most=1)
    return found[-1] if found else None


def page_of(report: Report, *, house: House) -> str:
    """Read the page of a report.

    Raises: ServiceError, OSError where there is none.
    """
    return (folder_of(house) / f"{report.run}.html").read_text(encoding="utf-8")


def accepted_of(entries: Iterable[Entry], *, since: datetime | None = None) -> frozenset[str]:
    """Read which findings people let stay, or have let stay ``since`` a time.

    Raises: DamagedError.
    """
    try:
        lately = (each for each in entries if since is None or datetime.fromisoformat(each.at) >= since)
        return frozenset(str(json.loads(entry.body)["key"]) for entry in lately)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError("what was accepted of audits cannot be read") from error
