"""How well a child is isolated: the levels in their order, and what is in force in one child."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class IsolationLevel(StrEnum):
    """From the strongest to none; a level has all that the levels below it have.

    ``namespaces``: a world of its own, with no network device, no other process and no file but its own.
    ``filtered``: the machine's world, in which the kernel refuses it all other files, all sockets and all processes.
    ``limited``: limits of resources only. ``none``: not isolated.
    """

    NAMESPACES = "namespaces"
    FILTERED = "filtered"
    LIMITED = "limited"
    NONE = "none"

    def at_least(self, other: IsolationLevel) -> bool:
        """Tell whether this level is as strong as another."""
        return LEVELS.index(self) <= LEVELS.index(other)


LEVELS: Final = tuple(IsolationLevel)
"""All levels, the strongest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What was in force in a child before it saw a byte: the level, and the names of the mechanisms."""

    level: IsolationLevel
    mechanisms: tuple[str, ...]
