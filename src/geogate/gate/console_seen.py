"""What somebody saw who decides: one digest of the verdict and of what a vote on it binds."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from geogate.gate.clear import ballot_of
from geogate.model.document import canonical_json
from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from geogate.model.release import ReleaseRequest
    from geogate.model.waiver import Waiver


def seen_of(request: ReleaseRequest) -> str:
    """Digest what is decided on; empty where nothing is decided yet."""
    if request.verdict is None:
        return ""
    text = canonical_json({"ballot": ballot_of(request.verdict), "verdict": request.verdict})
    return hashlib.sha256(text.encode()).hexdigest()


def require_same(seen: str, now: str) -> None:
    """Refuse a decision on anything else than what was seen.

    Raises: RefusedError.
    """
    if not seen or seen != now:
        raise RefusedError("it is not any more what was looked at", hint="look at it as it is now, and decide again")


def seen_waiver(waiver: Waiver) -> str:
    """Digest the waiver that an approval is of."""
    return hashlib.sha256(canonical_json(waiver).encode()).hexdigest()
