"""What a place of a recipient is like, trait by trait, as it says itself; what it does not say is unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.model.openings import NONE, OPENING

if TYPE_CHECKING:
    from collections.abc import Iterator


VARYING: Final = frozenset({"certificate key", "connected to", "TLS"})
"""Traits that are kept and not compared: a server has several addresses, and renews its certificate as it likes.

Whoever wants the key to stay registers it, and the server is not spoken with when it has another one.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacePosture:
    """A bucket or a directory and its traits, in the order of their names; ``None`` where it did not say one.

    Values are short texts without a secret: a long document stands as the digest of its canonical form.
    """

    place: str
    traits: tuple[tuple[str, str | None], ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Name the traits that nobody knows."""
        return tuple(name for name, value in self.traits if value is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A trait that is another one than before; ``None`` where it is not known."""

    trait: str
    before: str | None
    now: str | None


def drift(before: PlacePosture, now: PlacePosture) -> Iterator[Drift]:
    """Name the traits that changed, that cannot be read any more, or that open a place of which it was not known.

    A trait that was not asked for before counts as one that was not known.
    """
    known, today = dict(before.traits), dict(now.traits)
    for name in sorted((known.keys() | today.keys()) - VARYING):
        was, value = known.get(name), today.get(name)
        opens = was is None and name in OPENING and value not in {None, NONE}
        if (was is not None and value != was) or opens:
            yield Drift(trait=name, before=was, now=value)
