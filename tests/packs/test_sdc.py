"""The pack on statistical disclosure control and ecology: its numbers against their sources, on both sides of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import shapely
from judging import CIRCUMSTANCES, batch_of

from geogate.model.declaration import DataKind, Declaration, Transaction
from geogate.model.finding import Confidence, Severity
from geogate.policy.parse import parse_policy
from geogate.policy.scope import Facts, match
from geogate.rules.registry import parameter_models, registered

if TYPE_CHECKING:
    from geogate.model.finding import Problem
    from geogate.policy.policy import Policy, PolicyRule

FILE = Path(__file__).parents[2] / "expectations" / "sdc-aggregates-and-ecology.yaml"

ACRO = "https://github.com/AI-SDC/ACRO/blob/main/acro/default.yaml"
LLC = "https://guidebook.ukllc.ac.uk/docs/user_guide/sdc"
CMS = "https://resdac.org/node/1506"
ONS = "ons.gov.uk, methodologies, comparisonofposttabularstatisticaldisclosurecontrolmethods"
ECFR = "https://www.ecfr.gov/current/title-45/section-164.514"
GBIF = "https://docs.gbif.org/sensitive-species-best-practices/master/"


@dataclass(frozen=True)
class Number:
    """A number as its source has it, and where the pack has it."""

    rule: str
    path: str
    value: Any
    source: str
    says: str


NUMBERS = [
    Number("small-cells", "minimum", 10, ACRO, "safe_threshold: 10"),
    Number("small-cells", "operator", ">=", ACRO, "a cell is unsafe if its count < safe_threshold"),
    Number("small-cells-and-zeros", "minimum", 10, LLC, "counts < 10"),
    Number("small-cells-and-zeros", "operator", ">=", LLC, "counts < 10 are blocked"),
    Number("small-cells-and-zeros", "zero_allowed", value=False, source=ACRO, says="zeros_are_disclosive: True"),
    Number("cms-small-cells", "minimum", 11, CMS, "no cell containing a value of 1 to 10"),
    Number("cms-small-cells", "operator", ">=", CMS, "no cell containing a value of 1 to 10"),
    Number(
        "cms-small-cells", "zero_allowed", value=True, source=CMS, says="a value of zero does not violate the policy"
    ),
    Number("ons-10-5", "minimum", 10, ONS, "suppress < 10"),
    Number("ons-10-5", "rounding_base", 5, ONS, "round > 10 to the nearest 5"),
    Number("complementary-suppression", "at_least", 2, LLC, "two suppressed cells or more"),
    Number("dominance-n-k", "largest_share.n", 2, ACRO, "safe_nk_n: 2"),
    Number("dominance-n-k", "largest_share.share", 0.9, ACRO, "safe_nk_k: 0.90"),
    Number("dominance-n-k", "largest_share.operator", "<=", ACRO, "unsafe if the share > safe_nk_k"),
    Number("dominance-p", "remaining_share.share", 0.1, ACRO, "safe_pratio_p: 0.10"),
    Number("dominance-p", "remaining_share.operator", ">=", ACRO, "unsafe if the remainder < safe_pratio_p"),
    Number("hipaa-zip3", "population", 20_000, ECFR, "contains more than 20,000 people"),
    Number("hipaa-zip3", "operator", ">", ECFR, "contains more than 20,000 people"),
    Number("hipaa-zip3", "digits", 3, ECFR, "the initial three digits of a zip code"),
    Number("hipaa-zip3", "instead", "000", ECFR, "is changed to 000"),
    Number("sensitive-species", "categories.0.withhold", value=True, source=GBIF, says="category 1: withhold"),
    Number("sensitive-species", "categories.1.decimals", 1, GBIF, "category 2: 0.1 degree"),
    Number("sensitive-species", "categories.2.decimals", 2, GBIF, "category 3: 0.01 degree"),
    Number("sensitive-species", "categories.3.decimals", 3, GBIF, "category 4: 0.001 degree"),
]


@cache
def pack() -> Policy:
    return parse_policy(FILE.read_bytes(), file=FILE.name, rules=parameter_models())


def rule(rule_id: str) -> PolicyRule:
    return next(each for each in pack().rules if each.id == rule_id)


def judged(rule_id: str, columns: dict[str, list[Any]], geometries: list[Any] | None = None) -> tuple[Problem, ...]:
    own = rule(rule_id)
    known = registered()[own.expectation]
    rows = len(next(iter(columns.values())))
    batch = batch_of([shapely.Point(8, 47)] * rows if geometries is None else geometries, columns=columns)
    found = {measure.id: measure.of(batch) for measure in known.measures(own.params, {})}
    return known.judge(own.params, found, CIRCUMSTANCES).problems


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number.rule}-{number.path}")
def test_the_pack_has_the_number_of_its_source(number: Number) -> None:
    found: Any = rule(number.rule).params
    for part in number.path.split("."):
        found = found[int(part)] if part.isdigit() else getattr(found, part)
    assert found == number.value
    assert number.source in {basis.source for basis in rule(number.rule).legal_basis}


def test_the_areas_of_twenty_thousand_people_or_fewer_are_the_seventeen_of_the_census_of_2000() -> None:
    listed = "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893"
    params: Any = rule("hipaa-zip3").params
    assert params.too_small == tuple(listed.split())


def test_every_enabled_rule_is_as_sure_as_the_pack_asks_and_every_other_one_is_disabled() -> None:
    assert pack().min_confidence is Confidence.SECONDARY
    for each in pack().rules:
        assert each.confidence is not None
        assert each.disabled is not each.confidence.at_least(Confidence.SECONDARY), each.id
        assert all(basis.source and basis.section for basis in each.legal_basis)
    assert {each.id for each in pack().rules if each.disabled} == {"floor-5", "floor-3", "subjects-in-cells"}


def test_every_enabled_rule_with_a_number_is_tested() -> None:
    tested = {number.rule for number in NUMBERS}
    assert tested == {each.id for each in pack().asked if not each.id.startswith("columns")}


COUNTS = [
    ("small-cells", 0, 0),
    ("small-cells", 1, 1),
    ("small-cells", 9, 1),
    ("small-cells", 9.999, 1),
    ("small-cells", 10, 0),
    ("small-cells", 11, 0),
    ("small-cells", "", 0),
    ("small-cells", "*", 0),
    ("small-cells", "-", 1),
    ("small-cells-and-zeros", 0, 1),
    ("small-cells-and-zeros", 9, 1),
    ("small-cells-and-zeros", 10, 0),
    ("small-cells-and-zeros", 11, 0),
    ("cms-small-cells", 0, 0),
    ("cms-small-cells", 1, 1),
    ("cms-small-cells", 10, 1),
    ("cms-small-cells", 11, 0),
    ("cms-small-cells", 12, 0),
    ("ons-10-5", 5, 1),
    ("ons-10-5", 9, 2),
    ("ons-10-5", 10, 0),
    ("ons-10-5", 11, 1),
    ("ons-10-5", 15, 0),
    ("floor-5", 4, 1),
    ("floor-5", 5, 0),
    ("floor-3", 2, 1),
    ("floor-3", 3, 0),
]


@pytest.mark.parametrize(("rule_id", "count", "problems"), COUNTS)
def test_a_count_at_the_threshold_below_and_above(rule_id: str, count: float | str, problems: int) -> None:
    """One cell among others that are large enough; as a number, and as the text of a CSV."""
    assert len(judged(rule_id, {"trips_count": ["500", str(count), "1000"]})) == problems
    if not isinstance(count, str):
        assert len(judged(rule_id, {"N_users": [500, count, 1000]})) == problems


def test_a_table_without_a_column_of_counts_cannot_be_judged_unless_none_is_required() -> None:
    for rule_id, problems in (
        ("small-cells", 1),
        ("small-cells-and-zeros", 1),
        ("ons-10-5", 1),
        ("cms-small-cells", 0),
    ):
        assert len(judged(rule_id, {"anzahl": [5]})) == problems


def table(*hidden: int) -> dict[str, list[Any]]:
    """Give four areas and their sum."""
    counts = [20, 30, 40, 50]
    shown = ["*" if place in hidden else str(count) for place, count in enumerate(counts)]
    return {"area": ["a", "b", "c", "d", "Total"], "count": [*shown, str(sum(counts))]}


@pytest.mark.parametrize(("hidden", "problems"), [((), 0), ((0,), 2), ((0, 1), 0), ((0, 1, 2), 0)])
def test_one_suppressed_cell_follows_and_two_protect_each_other(hidden: tuple[int, ...], problems: int) -> None:
    assert len(judged("complementary-suppression", table(*hidden))) == problems


def test_suppression_in_a_table_without_a_sum_cannot_be_judged() -> None:
    columns = {name: values[:4] for name, values in table(0, 1).items()}
    assert len(judged("complementary-suppression", columns)) == 1
    assert len(judged("complementary-suppression", {"count": ["10"]})) == 1


@pytest.mark.parametrize(
    ("largest", "second", "total", "too_much", "too_little"),
    [
        (50, 40, 100, 0, 0),  # the two give 90 %
        (50.01, 40, 100, 1, 0),
        (49.99, 40, 100, 0, 0),
        (0.6, 0.3, 1, 0, 0),
        (0.61, 0.3, 1, 1, 0),
        (100, 10, 120, 1, 0),  # the others give 10 % of the largest
        (100, 10, 119.99, 1, 1),
        (100, 10, 120.01, 1, 0),
        (0.1, 0.01, 0.12, 1, 0),
        (70, 10, 100, 0, 0),
        (100, 0, 100, 1, 1),
        (0, 0, 0, 1, 1),  # no share can be told
    ],
)
def test_totals_at_the_limits_of_dominance(
    largest: float, second: float, total: float, too_much: int, too_little: int
) -> None:
    columns: dict[str, list[Any]] = {"largest": [30, largest], "second_largest": [30, second], "total": [120, total]}
    texts = {name: [str(value) for value in values] for name, values in columns.items()}
    for given in (columns, texts):
        assert len(judged("dominance-n-k", given)) == too_much
        assert len(judged("dominance-p", given)) == too_little


@pytest.mark.parametrize(
    ("code", "problems"),
    [
        ("000", 0),
        ("035", 0),
        ("036", 1),
        ("037", 0),
        ("893", 1),
        ("100", 0),
        ("10027", 1),
        ("03601", 1),
        ("10027-6902", 1),
        ("36", 1),
        ("", 0),
    ],
)
def test_postal_codes_of_three_digits_where_enough_people_live(code: str, problems: int) -> None:
    assert len(judged("hipaa-zip3", {"zip": ["100", code]})) == problems


def test_postal_codes_that_lost_their_zero_are_no_codes() -> None:
    assert len(judged("hipaa-zip3", {"ZCTA3": [100, 36]})) == 1
    assert not judged("hipaa-zip3", {"name": ["x"]})


@pytest.mark.parametrize(
    ("category", "position", "problems"),
    [
        ("1", (8.0, 47.0), 1),
        ("1", None, 0),
        ("2", (8.1, 47.2), 0),
        ("2", (8.0, 47.0), 0),
        ("2", (8.12, 47.2), 1),
        ("2", (8.1, 47.25), 1),
        ("3", (8.1, 47.2), 0),
        ("3", (8.12, 47.25), 0),
        ("3", (8.12, 47.255), 1),
        ("4", (8.12, 47.25), 0),
        ("4", (8.123, 47.255), 0),
        ("4", (8.123, 47.2551), 1),
        ("none", (8.123456789, 47.255), 0),
        ("5", (8.0, 47.0), 1),
        (None, (8.0, 47.0), 1),
    ],
)
def test_species_of_each_category_at_its_decimals_finer_and_coarser(
    category: str | None, position: tuple[float, float] | None, problems: int
) -> None:
    others = [shapely.Point(9, 48), shapely.Point(9.123456, 48.1)]
    geometries = [None if position is None else shapely.Point(*position), *others]
    assert len(judged("sensitive-species", {"sensitivity": [category, "2", "none"]}, geometries)) == problems


def declared(*data: str, countries: tuple[str, ...] = (), transaction: Transaction | None = None) -> set[str]:
    """Name the rules that apply to what is declared."""
    facts = Facts(
        declaration=Declaration(data=tuple(map(DataKind, data)), subject_countries=countries, transaction=transaction),
        recipient=CIRCUMSTANCES.recipient,
        posture=CIRCUMSTANCES.posture,
        purpose="test",
    )
    if not match(pack().scope, facts).applies:
        return set()
    return {str(each.id) for each in pack().asked if match(each.when, facts).applies}


BOTH = {"columns", "columns-review"}
TABLES = {"small-cells", "complementary-suppression"} | BOTH


def test_rules_apply_to_what_is_declared_and_nothing_excuses_by_silence() -> None:
    assert declared("aggregates", countries=("DE",)) == TABLES
    assert declared("aggregates", countries=("GB",), transaction=Transaction.RESEARCH) == TABLES | {
        "small-cells-and-zeros"
    }
    assert declared("species") == {"sensitive-species"} | BOTH
    assert declared("health", countries=("US",)) == {"cms-small-cells", "hipaa-zip3"} | BOTH
    assert declared("health", countries=("DE",)) == BOTH
    assert declared("aggregates", "financial", countries=("DE",)) == TABLES | {"dominance-n-k", "dominance-p"}
    assert declared("imagery") == set()
    assert declared() == {str(each.id) for each in pack().asked}


def test_every_rule_denies_but_those_that_are_for_review_or_noted() -> None:
    assert {str(each.id) for each in pack().rules if each.severity is not Severity.CRITICAL} == {
        "ons-10-5",
        "columns-review",
    }
