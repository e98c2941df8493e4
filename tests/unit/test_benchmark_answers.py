from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from benchmarks.answers import compare, judge_pairs
from benchmarks.cases import Case
from benchmarks.distance import GEOD, gap_m
from benchmarks.question import Pairs, Question
from benchmarks.sampling import Answers, Sampler
from benchmarks.store import Store, ZoneSpec, write_geoparquet, zone_table
from benchmarks.systems.registry import BARE, OURS

if TYPE_CHECKING:
    from pathlib import Path

SQUARE = shapely.box(2.0, 45.0, 2.01, 45.01)


def point_beside(metres: float) -> shapely.Point:
    """A point so far north of the middle of the square's upper edge."""
    lon, lat, _ = GEOD.fwd(2.005, 45.01, 0.0, metres)
    return shapely.Point(lon, lat)


@pytest.fixture
def question(tmp_path: Path) -> Question:
    """Points 9 mm, 11 mm, 500.009 m and 500.011 m north of one zone."""
    points = np.array([point_beside(metres) for metres in (0.009, 0.011, 500.009, 500.011)])
    write_geoparquet(tmp_path / "layer.parquet", iter([zone_table(points)]), geometry_type="Point", encoding="WKB")
    write_geoparquet(
        tmp_path / "zones.parquet", iter([zone_table(np.array([SQUARE]))]), geometry_type="Polygon", encoding="WKB"
    )
    layer, zones = tmp_path / "layer.parquet", tmp_path / "zones.parquet"
    return Question(layer=layer, zones=zones, planar_layer=layer, planar_zones=zones, zone_count=1)


def keys(*rows: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    row = np.array(rows, np.int64)
    return Pairs(row=row, zone=np.zeros(len(row), np.int64)).keys()


@pytest.mark.parametrize("metres", [0.005, 1.0, 499.99, 3000.0])
def test_a_gap_is_the_geodesic_between_the_nearest_positions(metres: float) -> None:
    found = gap_m(np.array([point_beside(metres)]), np.array([SQUARE]))
    assert found == pytest.approx([metres], abs=1e-3 * max(1.0, metres / 500))


def test_what_touches_has_no_gap() -> None:
    line = shapely.LineString([(1.9, 45.005), (2.1, 45.005)])
    assert gap_m(np.array([line, SQUARE]), np.array([SQUARE, SQUARE])).tolist() == [0.0, 0.0]


def test_a_pair_that_only_geogate_has_must_be_within_a_centimetre(question: Question) -> None:
    assert judge_pairs(keys(0), keys(), question)[0]
    assert not judge_pairs(keys(1), keys(), question)[0]


def test_a_pair_that_only_the_peer_has_must_be_beyond_the_limit(question: Question) -> None:
    assert judge_pairs(keys(), keys(0), question)[0]
    near = Question(
        layer=question.layer,
        zones=question.zones,
        planar_layer=question.layer,
        planar_zones=question.zones,
        zone_count=1,
        within_m=500.0,
    )
    assert not judge_pairs(keys(), keys(0), near)[0]
    assert judge_pairs(keys(0, 1, 2), keys(0, 1, 3), near)[0]
    assert not judge_pairs(keys(0, 1, 3), keys(0, 1), near)[0]


def test_equal_pairs_and_counts_agree(question: Question) -> None:
    counts = np.array([2])
    answers = Answers(counts={OURS: counts, "strtree": counts}, pairs={OURS: keys(0, 1), "strtree": keys(0, 1)})
    agreement = compare(answers, question)
    assert agreement.agree
    assert agreement.pairs == 2


def test_counts_that_are_not_those_of_the_pairs_disagree(question: Question) -> None:
    answers = Answers(counts={OURS: np.array([1]), "strtree": np.array([2])})
    answers.pairs = {OURS: keys(0, 1), "strtree": keys(0, 1)}
    assert not compare(answers, question).agree


def test_a_peer_that_only_counts_is_compared_with_the_one_that_has_pairs(question: Question) -> None:
    two, three = np.array([2]), np.array([3])
    pairs = {OURS: keys(0, 1), "strtree": keys(0, 1)}
    same = Answers(counts={OURS: two, "strtree": two, "sedonadb": two}, pairs=dict(pairs))
    other = Answers(counts={OURS: two, "strtree": two, "sedonadb": three}, pairs=dict(pairs))
    assert compare(same, question).agree
    assert not compare(other, question).agree


def test_without_a_peer_nothing_agrees(question: Question) -> None:
    answers = Answers(counts={OURS: np.array([1]), BARE: np.zeros(0, np.int64)}, pairs={OURS: keys(0)})
    assert not compare(answers, question).agree


def test_geogate_and_a_peer_answer_the_same_question_alike(tmp_path: Path) -> None:
    case = Case(name="small", title="small", group="small", rows=3_000, zones=ZoneSpec(count=200, share=0.3))
    question = case.question(Store(tmp_path / "data"))
    sampler = Sampler(rounds=1, scratch=tmp_path)
    samples, answers = sampler.sample(question, (BARE, OURS, "strtree"), with_pairs=(OURS, "strtree"))
    agreement = compare(answers, question)
    assert agreement.agree
    assert 600 < agreement.pairs < 1800
    assert all(taken.median > 0 and taken.memory > 10 for taken in samples.values())
