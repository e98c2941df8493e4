"""Access keys of users and of role sessions, as tests and the demonstration hand them around."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """An access key; ``token`` is empty except for a role's session."""

    id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
