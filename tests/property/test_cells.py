"""Cells of tables, contributions, and codes of regions against a slow reference, however rows are cut."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geogate.measures import cells as cells_module
from geogate.measures import contributions
from geogate.measures.batch import LayerBatch
from geogate.measures.cells import cells_of, is_called, row_digests
from geogate.measures.contributions import ContributionColumns, Contributions, Shares
from geogate.measures.largest_contributors import Dominated, LargestColumns, LargestContributors, RestLimit, ShareLimit
from geogate.measures.measure import UnmeasurableError
from geogate.measures.region_prefixes import PrefixLimits, RegionCodes, RegionPrefixes
from geogate.measures.small_cells import CellCounts, CellLimits, SmallCells
from geogate.measures.tools import PLAIN
from geogate.model.document import canonical_json, from_json

WGS84 = pyproj.CRS.from_epsg(4326)


def batch(columns: dict[str, Any]) -> LayerBatch:
    attributes = pa.record_batch(columns)
    return LayerBatch(wkb=pa.nulls(attributes.num_rows, pa.binary()), attributes=attributes, crs=WGS84)


def cut(whole: LayerBatch, size: int, random: Any) -> list[LayerBatch]:
    rows = whole.attributes
    parts = [rows.slice(i, size) for i in range(0, max(rows.num_rows, 1), size)]
    random.shuffle(parts)
    return [LayerBatch(wkb=pa.nulls(part.num_rows, pa.binary()), attributes=part, crs=WGS84) for part in parts]


def require_same_however_cut(measure: Any, whole: LayerBatch, size: int, random: Any) -> None:
    expected = measure.of(whole)
    parts = cut(whole, size, random)
    assert reduce(add, map(measure.of, parts), measure.empty()) == expected
    one, other = measure.tally(PLAIN), measure.tally(PLAIN)
    for number, part in enumerate(parts):
        (one if number % 2 else other).add(part)
    assert one.measurement() + other.measurement() == expected == other.measurement() + one.measurement()
    assert from_json(type(expected), canonical_json(expected)) == expected


word = st.one_of(
    st.none(),
    st.integers(-3, 30).map(str),
    st.decimals(-2, 30, places=2).map(str),
    st.sampled_from(["*", "", " ", "c", "1,200", "nan", "inf", "1e1", " 12 ", "-0", "0x10", "1_0", "٣"]),
)


def read(text: str | None) -> Decimal | str:
    """Read a cell as slowly as it can be read."""
    said = (text or "").strip()
    if said in {"", "*"}:
        return "suppressed"
    if not set(said) <= set("0123456789.+-eE"):
        return "unread"
    return Decimal(said)


def limits(operator: Any = ">=", base: int = 0, minimum: int = 10) -> CellLimits:
    return CellLimits(columns=("n",), minimum=minimum, operator=operator, rounding_base=base, suppressed=("*",))


@settings(deadline=None, max_examples=150)
@given(st.lists(word, max_size=20), st.sampled_from([">=", ">"]), st.sampled_from([0, 1, 5]), st.integers(1, 12))
def test_cells_are_counted_as_decimals_are(words: list[str | None], operator: str, base: int, minimum: int) -> None:
    found = SmallCells(limits(operator, base, minimum)).of(batch({"n": pa.array(words, pa.string())}))
    cells = [read(each) for each in words]
    numbers = [each for each in cells if isinstance(each, Decimal)]
    small = [each for each in numbers if each and not (each >= minimum if operator == ">=" else each > minimum)]
    assert found == CellCounts(
        columns=1,
        numbers=len(numbers),
        small=len(small),
        zeros=sum(not each for each in numbers),
        unrounded=sum(bool(each % base) for each in numbers) if base else 0,
        suppressed=cells.count("suppressed"),
        unread=cells.count("unread"),
    )


@settings(deadline=None, max_examples=40)
@given(st.lists(word, max_size=20), st.integers(1, 6), st.randoms(use_true_random=False))
def test_counts_of_cells_do_not_depend_on_cuts(words: list[str | None], size: int, random: Any) -> None:
    require_same_however_cut(SmallCells(limits()), batch({"n": pa.array(words, pa.string())}), size, random)


@pytest.mark.parametrize(
    ("column", "numbers", "suppressed", "unread"),
    [
        (pa.array([1, None], pa.int64()), 1, 1, 0),
        (pa.array([1.5, float("nan"), float("inf"), None]), 1, 1, 2),
        (pa.array(["1", "*", "x"]).dictionary_encode(), 1, 1, 1),
        (pa.array([Decimal("1.50"), None]), 1, 1, 0),
        (pa.nulls(3), 0, 3, 0),
        (pa.array([True, None]), 0, 1, 1),
        (pa.array([1, None], pa.timestamp("s")), 0, 1, 1),
        (pa.array([b"1", None]), 0, 1, 1),
        (pa.RunEndEncodedArray.from_arrays([2, 3], pa.array(["7", ""])), 2, 1, 0),
        (pa.array([2**63], pa.uint64()), 1, 0, 0),
        (pa.array(["1e999"]), 0, 0, 1),
    ],
)
def test_cells_of_every_kind_are_read_or_said_not_to_be(
    column: Any, numbers: int, suppressed: int, unread: int
) -> None:
    cells = cells_of(column, ("*",))
    assert [int(each.sum()) for each in (cells.number, cells.suppressed, cells.unread)] == [numbers, suppressed, unread]


@pytest.mark.parametrize(
    ("leaf", "pattern", "fits"),
    [
        ("Count", "count", True),
        ("N_TRIPS", "n_*", True),
        ("stats.count", "count", True),
        ("count.men", "count", True),
        ("counts[]", "counts", True),
        ("account", "count", False),
        ("count", "COUNT?", False),
    ],
)
def test_columns_are_found_by_patterns_in_letters_of_any_case(leaf: str, pattern: str, fits: bool) -> None:  # noqa: FBT001
    assert is_called(leaf, (pattern,)) is fits


def test_counts_within_structures_are_found() -> None:
    found = SmallCells(limits()).of(batch({"s": pa.array([{"n": 3, "m": 1}])}))
    assert (found.columns, found.small) == (1, 1)


def test_rows_of_other_columns_are_not_added() -> None:
    measure = SmallCells(limits())
    with pytest.raises(UnmeasurableError, match="different columns"):
        _ = measure.of(batch({"n": [1]})) + measure.of(batch({"m": [1]}))
    codes = RegionPrefixes(PrefixLimits(columns=("zip",), digits=3, too_small=("036",)))
    with pytest.raises(UnmeasurableError, match="different columns"):
        _ = codes.of(batch({"zip": ["100"]})) + codes.of(batch({"m": [1]}))


def test_digests_tell_labels_apart_and_are_the_same_in_every_batch() -> None:
    rows = [("a", "bc"), ("ab", "c"), ("", "abc"), (None, "abc"), ("abc", None), ("a", "bc")]
    columns = [pa.array([row[place] for row in rows], pa.large_string()) for place in range(2)]
    whole = row_digests(columns, len(rows))
    assert len(np.unique(whole, axis=0)) == 5
    for place in range(len(rows)):
        assert (row_digests([each.slice(place, 1) for each in columns], 1) == whole[place]).all()


def test_digests_are_the_same_where_combinations_are_too_many_to_be_numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [pa.array(own, pa.large_string()) for own in (["a", None, "b", "a"], ["x", "x", None, "x"])]
    numbered = row_digests(columns, 4)
    monkeypatch.setattr(cells_module, "_MOST_COMBINATIONS", 0)
    assert (row_digests(columns, 4) == numbered).all()


WHO = Contributions(ContributionColumns(value="v", contributor="who", groups=("g",)))
contribution = st.tuples(
    st.sampled_from(["a", "b", None]),
    st.sampled_from(["p", "q", "r", None]),
    st.one_of(st.none(), st.decimals(-1, 1000, places=3)),
)


def given_rows(rows: list[tuple[Any, Any, Any]]) -> LayerBatch:
    return batch(
        {
            name: pa.array([None if row[place] is None else str(row[place]) for row in rows], pa.string())
            for place, name in enumerate(("g", "who", "v"))
        }
    )


@settings(deadline=None, max_examples=100)
@given(st.lists(contribution, max_size=25))
def test_contributions_are_added_up_exactly(rows: list[tuple[Any, Any, Any]]) -> None:
    found = WHO.of(given_rows(rows))
    sums: dict[Any, dict[Any, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for group, who, value in rows:
        if value is not None and value >= 0:
            sums[group][who] += value
    expected = sorted(
        tuple(sorted((int(each * 10**6) for each in own.values()), reverse=True)) for own in sums.values()
    )
    assert sorted(found.groups()) == expected
    assert found.unread == sum(row[2] is None for row in rows)
    assert found.negative == sum(row[2] is not None and row[2] < 0 for row in rows)


@settings(deadline=None, max_examples=40)
@given(st.lists(contribution, max_size=25), st.integers(1, 6), st.randoms(use_true_random=False))
def test_contributions_do_not_depend_on_cuts(rows: list[tuple[Any, Any, Any]], size: int, random: Any) -> None:
    require_same_however_cut(WHO, given_rows(rows), size, random)


def test_without_groups_all_rows_are_one() -> None:
    measure = Contributions(ContributionColumns(value="v", contributor="who", groups=()))
    assert [*measure.of(batch({"v": [1, 2], "who": ["p", "q"]})).groups()] == [(2_000_000, 1_000_000)]


def test_contributions_that_cannot_be_added_exactly_are_refused() -> None:
    for value, why in ((1e13, "too large"), (1e-7, "below a millionth")):
        with pytest.raises(UnmeasurableError, match=why):
            WHO.of(batch({"v": [value], "who": ["p"], "g": ["a"]}))
    half = batch({"v": [6e12], "who": ["p"], "g": ["a"]})
    with pytest.raises(UnmeasurableError, match="too large"):
        _ = WHO.of(half) + WHO.of(half)


def test_too_many_contributors_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contributions, "MOST_KEPT", 3)
    four = batch({"v": [1] * 4, "who": ["p", "q", "r", "s"], "g": ["a"] * 4})
    with pytest.raises(UnmeasurableError, match="more than 3 contributors"):
        WHO.of(four)
    monkeypatch.setattr(contributions, "MOST_KEPT", 4)
    assert [len(each) for each in WHO.of(four).groups()] == [4]


def test_contributions_that_were_not_kept_are_not_taken_for_none() -> None:
    kept = WHO.of(batch({"v": [1], "who": ["p"], "g": ["a"]})).kept()
    assert not kept.pairs
    with pytest.raises(UnmeasurableError, match="not kept"):
        next(kept.groups())
    with pytest.raises(UnmeasurableError, match="not kept"):
        _ = kept + Shares()


figure = st.decimals(0, 120, places=2)


def declared(n: int = 2, share: float = 0.9, rest: float = 0.1) -> LargestContributors:
    return LargestContributors(
        LargestColumns(
            largest="a",
            second="b",
            total="t",
            suppressed=("c",),
            share=ShareLimit(n=n, share=share, operator="<="),
            rest=RestLimit(share=rest, operator=">="),
        )
    )


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(figure, figure, figure), max_size=10), st.sampled_from([0.9, 0.7, 0.1]), st.integers(1, 2))
def test_totals_are_compared_as_fractions_are(rows: list[tuple[Decimal, ...]], share: float, n: int) -> None:
    found = declared(n, share).of(
        batch({name: pa.array([float(row[place]) for row in rows], pa.float64()) for place, name in enumerate("abt")})
    )
    good = [row for row in rows if row[1] <= row[0] and row[0] + row[1] <= row[2]]
    exact = [tuple(map(Fraction, row)) for row in good if row[2]]
    assert found == Dominated(
        cells=len(rows),
        beyond_share=sum(sum(row[:n]) > Fraction(str(share)) * row[2] for row in exact),
        beyond_rest=sum(row[2] - row[0] - row[1] < Fraction("0.1") * row[0] for row in exact),
        empty=len(good) - len(exact),
        contradictory=len(rows) - len(good),
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(figure, figure, figure), max_size=10), st.integers(1, 4), st.randoms(use_true_random=False))
def test_dominated_totals_do_not_depend_on_cuts(rows: list[Any], size: int, random: Any) -> None:
    whole = batch({name: pa.array([str(row[place]) for row in rows], pa.string()) for place, name in enumerate("abt")})
    require_same_however_cut(declared(), whole, size, random)


def test_cells_that_are_half_suppressed_are_unread() -> None:
    found = declared().of(batch({"a": ["c", "1"], "b": ["c", "c"], "t": ["c", "9"]}))
    assert (found.suppressed, found.unread, found.cells) == (1, 1, 0)


code = st.one_of(
    st.none(), st.from_regex(r"[0-9]{1,5}", fullmatch=True), st.sampled_from(["036", "03601-2345", "x", " 100 ", "٠٣٦"])
)


@settings(deadline=None, max_examples=100)
@given(st.lists(code, max_size=15), st.integers(1, 5), st.randoms(use_true_random=False))
def test_every_code_is_told_by_its_digits(codes: list[str | None], size: int, random: Any) -> None:
    measure = RegionPrefixes(PrefixLimits(columns=("zip*",), digits=3, too_small=("036", "893")))
    whole = batch({"ZIP": pa.array(codes, pa.string())})
    found = measure.of(whole)
    said = [each.strip() for each in codes if each is not None and each.strip()]
    digits = [each for each in said if each.replace("-", "").isascii() and each.replace("-", "").isdigit()]
    assert found == RegionCodes(
        columns=1,
        codes=len(said),
        longer=sum(len(each) > 3 for each in digits),
        other=len(said) - sum(len(each) >= 3 for each in digits),
        small=sum(each in {"036", "893"} for each in said),
        missing=len(codes) - len(said),
    )
    require_same_however_cut(measure, whole, size, random)
