"""Names, identifiers and digests that are strings underneath but not interchangeable."""

from __future__ import annotations

import re
import unicodedata
from typing import NewType

Sha256 = NewType("Sha256", str)
"""64 lower-case hexadecimal digits."""

RuleId = NewType("RuleId", str)
"""Id of a rule within its policy, for example ``coordinate-precision``; ids ``gate/...`` are the gate's own."""

LayerName = NewType("LayerName", str)
"""Name of a layer within a dataset: ``<file>`` or ``<file>:<layer>``, see ``geogate.model.dataset.layer_name``."""

RequestId = NewType("RequestId", str)
RecipientId = NewType("RecipientId", str)
PolicyName = NewType("PolicyName", str)
ZoneListName = NewType("ZoneListName", str)
Nonce = NewType("Nonce", str)
"""128 random bits in hexadecimal: the id of a clearance, used once."""

Actor = NewType("Actor", str)
"""The person or service that acts, as the caller's surroundings name it."""

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
"""What names of policies, recipients, zone lists and rules look like."""

SHA256 = re.compile(r"[0-9a-f]{64}")


def person(actor: str) -> str:
    """Fold a name so that nobody becomes two people by writing it differently."""
    return unicodedata.normalize("NFKC", actor).strip().casefold()
