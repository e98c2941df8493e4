"""The country codes of ISO 3166-1 alpha-2, officially assigned; embedded, so that no lookup can fail open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ASSIGNED = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK
FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR
IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK
ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""

COUNTRIES: frozenset[str] = frozenset(_ASSIGNED.split())
"""249 codes."""

_STATES = """
AK AL AR AS AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MP MS MT NC ND NE NH NJ NM NV NY OH OK
OR PA PR RI SC SD TN TX UM UT VA VI VT WA WI WV WY
"""

REGIONS: dict[str, frozenset[str]] = {"US": frozenset(f"US-{state}" for state in _STATES.split())}
"""The codes of ISO 3166-2 of countries whose regions have laws that ship: 50 states, the capital and 6 territories."""


_AS_COUNTRIES = frozenset(f"US-{each}" for each in ("AS", "GU", "MP", "PR", "UM", "VI"))


def is_region(code: str) -> bool:
    """Tell whether a region exists, as far as those of its country are listed here.

    >>> is_region("US-VA"), is_region("US-VX"), is_region("DE-BY"), is_region("XX-1")
    (True, False, True, False)
    """
    country = code.partition("-")[0]
    return country in COUNTRIES and code in REGIONS.get(country, {code})


def elsewhere(regions: Iterable[str], countries: Iterable[str]) -> tuple[str, ...]:
    """Name the regions that are in none of the countries; a territory may be named as a country of its own.

    >>> elsewhere(["US-VA", "US-PR", "DE-BY"], ["PR", "EU"])
    ('US-VA',)
    """
    named = frozenset(countries)
    inside = named | EU_TERRITORY if "EU" in named else named
    return tuple(each for each in regions if not _names(each) & inside)


def _names(region: str) -> frozenset[str]:
    country, _, own = region.partition("-")
    return frozenset({country, own}) if region in _AS_COUNTRIES else frozenset({country})


EU: frozenset[str] = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
        "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
"""The 27 members of the European Union."""

EU_TERRITORY: frozenset[str] = EU | {"AX", "GF", "GP", "MF", "MQ", "RE", "YT"}
"""The members with what belongs to the Union and has a code of its own: Aland and the outermost regions of France."""
