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


_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters that nobody sees: control characters, and ``Default_Ignorable_Code_Point`` of Unicode 15."""


def person(actor: str) -> str:
    """Fold a name so that nobody becomes two people by writing it differently.

    Capitals, forms of the same letters, blanks, and characters that nobody sees do not matter.
    Source: ``toNFKC_Casefold`` of Unicode 15, section 3.13.
    """
    folded = actor
    for _ in range(2):  # what was taken out can leave a letter and a mark that are one letter
        folded = _UNSEEN.sub("", unicodedata.normalize("NFKC", folded).casefold())
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def hides_something(text: str) -> bool:
    """Whether a name has characters that nobody sees, so that it looks like another one."""
    return _UNSEEN.search(text) is not None


def says_something(text: str) -> bool:
    """Whether a text that somebody gives as a reason has a letter or a digit that can be read."""
    return any(each.isalnum() for each in _UNSEEN.sub("", text))
