"""Shares of ownership added up as people write them: eight tenths and two tenths are a whole."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from geogate.model.parties import Recipient

_DIGITS: Final = 12
"""Decimals of a share that count; binary fractions differ from what was written far behind them."""


def held_share(recipient: Recipient, countries: Collection[str]) -> float:
    """Add up the shares of owners in some countries; from 0 to 1."""
    return round(fsum(owner.share for owner in recipient.owners if owner.country in countries), _DIGITS)


def unknown_share(recipient: Recipient) -> float:
    """Give the share whose owners are not registered; from 0 to 1."""
    return max(0.0, round(1.0 - fsum(owner.share for owner in recipient.owners), _DIGITS))
