"""What measures can yield at all, so that a limit which nothing breaks, or nothing keeps, is found before it decides.

Ranges are wide on purpose: where it is not sure that a number cannot be, it can.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.measures.decimals import FINER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.rules.words import Number

HALF_ROUND_M: Final = 20_037_509.0
"""Half of the equator in metres, rounded up: nothing on the Earth is farther apart, or stands for more."""

_DAY_S: Final = 86_400.0
MOST_COUNTED: Final = 1e12
"""No release has so many rows, features, pixels, texts or subjects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The numbers that a measure can yield, both ends included; ``said`` names them for people."""

    least: float
    most: float
    said: str


_COUNT: Final = Reach(least=0, most=MOST_COUNTED, said="counts from 0 to a million million")
_LENGTH: Final = Reach(least=0, most=HALF_ROUND_M, said="metres from 0 to half way round the Earth")
_DECIMALS: Final = Reach(least=0, most=FINER, said=f"decimals from 0 to {FINER}, which stands for more")

BY_UNIT: Final[Mapping[str, Reach]] = {
    "share": Reach(least=0, most=1, said="shares from 0 to 1"),
    "m": _LENGTH,
    "decimals": _DECIMALS,
    "s": Reach(least=0, most=_DAY_S, said="steps of up to a day"),
    "people": Reach(least=0, most=2e10, said="people of up to twice those on the Earth"),
    **dict.fromkeys(("rows", "features", "pixels", "texts", "devices", "persons", "subjects"), _COUNT),
}
BY_NAME: Final[Mapping[tuple[str, str], Reach | None]] = {
    ("expect_decimals_by_category", "decimals"): _DECIMALS,
    ("expect_declared_number", "limit"): None,
    ("expect_no_joint_breach", "limit"): None,
    ("expect_no_zone_under_another_reading", "min_share_fitting"): None,
    ("expect_recipient_total_no_more_than", "limit"): _COUNT,
}
"""Where the unit does not tell it: what is declared can be any number, and some numbers are no limits of a measure."""


def reach_of(expectation: str, number: Number) -> Reach | None:
    """Say what the measure behind a limit can yield; ``None`` where that is not known."""
    key = (expectation, number.path.rsplit(".", 1)[-1])
    return BY_NAME[key] if key in BY_NAME else BY_UNIT.get(number.unit)


def never_broken(number: Number, reach: Reach) -> bool:
    """Say that whatever can be measured keeps the limit."""
    ends = {">=": reach.least, ">": reach.least, "<=": reach.most, "<": reach.most}
    return number.operator in ends and _holds(ends[number.operator], number)


def never_kept(number: Number, reach: Reach) -> bool:
    """Say that nothing that can be measured keeps the limit."""
    ends = {">=": reach.most, ">": reach.most, "<=": reach.least, "<": reach.least}
    return number.operator in ends and not _holds(ends[number.operator], number)


def _holds(measured: float, number: Number) -> bool:
    limit = number.value
    return {
        ">=": measured >= limit,
        ">": measured > limit,
        "<=": measured <= limit,
        "<": measured < limit,
    }[number.operator]
