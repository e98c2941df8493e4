"""The traits of a place by which somebody else can get at what lies there."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Opening = Literal[
    "access list", "access points", "inventories", "open to others", "public by policy", "replication", "website"
]
"""A trait of a place; without a value nobody else gets at the place by it."""

NONE: Final = "none"
"""The value of a trait that a place does not have, such as a website; unknown is another thing."""

OPENING: Final = frozenset[str](Opening.__args__)  # type: ignore[attr-defined]

ASKED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"s3": OPENING - {"open to others"}, "file": frozenset({"open to others"})}
)
"""The openings that a place of a scheme must tell of; one of another scheme must tell whether it is open to others."""


def asked_of(destination: str) -> frozenset[str]:
    """Name the openings that a place must tell of, by its normal form; ``file:`` where there is no scheme."""
    scheme, colon, _ = destination.partition(":")
    return ASKED.get(scheme if colon else "file", ASKED["file"])
