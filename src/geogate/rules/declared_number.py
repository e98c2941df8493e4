"""The rule about numbers that the data does not say and the requester declares, such as a scale or an accuracy."""

from __future__ import annotations

from datetime import date, timedelta
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from geogate.model.finding import Problem
from geogate.rules.bounds import OPERATORS, Limit
from geogate.rules.rule import CircumstanceRule, Judgement, Params
from geogate.rules.words import number_in_words

if TYPE_CHECKING:
    from geogate.model.parties import Circumstances

UNITS: Final = {
    "scale_denominator": "",
    "horizontal_accuracy_m": "m",
    "vertical_accuracy_m": "m",
    "contour_interval_m": "m",
    "elevation_posting_m": "m",
    "gravity_accuracy_mgal": "mGal",
    "contiguous_area_km2": "km²",
    "age_days": "days",
    "age_years": "years",
}
"""What can be declared as a number, with its unit; ages count from the end of the last day of recording."""

COMPARE: Final = {"<": lt, "<=": le, ">": gt, ">=": ge}

Key = Literal[
    "scale_denominator",
    "horizontal_accuracy_m",
    "vertical_accuracy_m",
    "contour_interval_m",
    "elevation_posting_m",
    "gravity_accuracy_mgal",
    "contiguous_area_km2",
    "age_days",
    "age_years",
]


class DeclaredNumberParams(Params):
    """Which number, and how it must compare with the limit."""

    key: Key = Field(description="What is declared; age_days and age_years count from the end of the day `acquired`.")
    operator: Literal["<", "<=", ">", ">="] = Field(description="How the declared number must compare with limit.")
    limit: Annotated[float, Field(gt=0, le=1e9)] = Field(description="The limit, in the unit that the key names.")


class DeclaredNumber(CircumstanceRule[DeclaredNumberParams]):
    """A number that the requester declares satisfies the policy; what is not declared does not.

    Why: laws draw lines at the scale of a map, its contour interval, the accuracy of heights or the age of a scene,
    which files rarely say.
    Params: ``key``, ``operator`` and ``limit``; the unit is in the key.
    Finds: a number beyond the limit, and one that nobody declared. Ages count from the end of the day ``acquired``,
    in UTC, to the beginning of today: so old the data is at least.
    Misses: whether the declared number is true; it stands in the verdict with the name of who declared it.
    Remedy: declare it: `--declare contour_interval_m=50`; or generalise the data first.
    Basis: for example SatDSiV § 2 (5 days), India's Guidelines of 2021 (1 m, 3 m), China's catalogue of 2020 (20 m).
    """

    expectation = "expect_declared_number"
    params = DeclaredNumberParams
    bounds = (Limit("limit", "operator"),)

    def unit(self, path: str, params: DeclaredNumberParams) -> str:
        """Give the unit of the number by its key."""
        del path
        return UNITS[params.key]

    def sentence(self, params: DeclaredNumberParams) -> str:
        """Say what must be declared."""
        what = params.key.removesuffix("_m").removesuffix("_mgal").removesuffix("_km2").replace("_", " ")
        limit = number_in_words(params.limit, UNITS[params.key])
        return f"The {what} must be declared, and be {OPERATORS[params.operator]} {limit}."

    def judge_circumstances(self, params: DeclaredNumberParams, circumstances: Circumstances) -> Judgement:
        """Compare what is declared with the limit."""
        value = declared_number(params.key, circumstances)
        unit = UNITS[params.key]
        if value is None:
            source = "acquired" if params.key.startswith("age_") else params.key
            problem = Problem(
                summary=f"{source} is not declared",
                remedy=f"declare it: `--declare {source}=...`",
                measured="unknown",
                operator=params.operator,
                limit=f"{params.limit:g}",
                unit=unit,
            )
            return Judgement(observed=f"{params.key} unknown", problems=(problem,))
        observed = f"{params.key} {value:g}"
        if COMPARE[params.operator](value, params.limit):
            return Judgement(observed=observed)
        problem = Problem(
            summary=f"{params.key} is declared as {value:g}",
            remedy=f"send data whose {params.key} is {params.operator} {params.limit:g}",
            measured=f"{value:g}",
            operator=params.operator,
            limit=f"{params.limit:g}",
            unit=unit,
        )
        return Judgement(observed=observed, problems=(problem,))


def declared_number(key: str, circumstances: Circumstances) -> float | None:
    """Give a declared number, or the age of the data on the day of judgement; ``None`` where it was not declared.

    A day in the future has no age: it is a mistake, and counts as not declared.
    """
    declaration = circumstances.declaration
    if not key.startswith("age_"):
        value: float | None = getattr(declaration, key)
        return value
    if declaration.acquired is None or declaration.acquired > circumstances.today:
        return None
    # Recorded in the last minute of that day, and judged in the first of today.
    acquired, today = min(declaration.acquired + timedelta(days=1), circumstances.today), circumstances.today
    if key == "age_days":
        return float((today - acquired).days)
    # Whole years and what is left of a year, so that an anniversary is exact.
    years = today.year - acquired.year - ((today.month, today.day) < (acquired.month, acquired.day))
    turned = _anniversary(acquired.year + years, acquired.month, acquired.day)
    return years + (today.toordinal() - turned) / 366


def _anniversary(year: int, month: int, day: int) -> int:
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        return date(year, 3, 1).toordinal()
