"""The rule about the distances of vertices at its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from judging import CIRCUMSTANCES
from pydantic import ValidationError

from geogate.measures.measure import MeasureId
from geogate.measures.vertex_spacing import CLASSES, LIMITS_M, Spacing, VertexSpacing
from geogate.rules.vertex_spacing import SpacingParams, VerticesFarApart

if TYPE_CHECKING:
    from geogate.rules.rule import Judgement

ID = VertexSpacing().id
RULE = VerticesFarApart()


def spacing(short: int, long: int, *, limit_m: float = 10.0, unmeasured: int = 0) -> Spacing:
    """Make edges just shorter than a limit, and just as long as it."""
    counts = [0] * CLASSES
    counts[LIMITS_M.index(limit_m) + 1] = short
    counts[LIMITS_M.index(limit_m) + 2] = long
    return Spacing(counts=tuple(counts), shortest_m=1.0, unmeasured=unmeasured)


def judge(found: Spacing, *, limit_m: float = 10.0, max_share: float = 0.0) -> Judgement:
    return RULE.judge(SpacingParams(distance_m=limit_m, max_share=max_share), {ID: found}, CIRCUMSTANCES)


@pytest.mark.parametrize("limit_m", [LIMITS_M[0], 1.0, 10.0, LIMITS_M[-1]])
def test_an_edge_of_the_distance_itself_passes_and_a_shorter_one_does_not(limit_m: float) -> None:
    assert not judge(spacing(0, 5, limit_m=limit_m), limit_m=limit_m).problems
    assert judge(spacing(1, 5, limit_m=limit_m), limit_m=limit_m).problems


@pytest.mark.parametrize(("short", "problems"), [(25, 0), (26, 1)])
def test_more_short_edges_than_their_share_are_a_problem(short: int, problems: int) -> None:
    assert len(judge(spacing(short, 100 - short), max_share=0.25).problems) == problems


def test_the_problem_says_how_many_edges_are_short_and_where_nothing_is_repeated() -> None:
    (problem,) = judge(spacing(1, 3)).problems
    assert (problem.measured, problem.limit) == ("0.25", "0")
    assert [count.value for count in problem.counts] == [4, 1, 0]


def test_edges_without_a_length_are_a_problem_of_their_own() -> None:
    (problem,) = judge(spacing(0, 3, unmeasured=2), max_share=0.9).problems
    assert problem.counts[0].value == 2


def test_a_layer_without_lines_passes() -> None:
    assert not judge(VertexSpacing().empty()).problems


def test_the_rule_is_settled_by_one_short_edge_where_none_may_be() -> None:
    for short, max_share, settled in ((0, 0.0, False), (1, 0.0, True), (1, 0.1, False)):
        params = SpacingParams(distance_m=10.0, max_share=max_share)
        assert RULE.settled(params, {ID: spacing(short, 1)}) is settled


@pytest.mark.parametrize(
    ("distance_m", "max_share"), [(3.0, 0.0), (0.0005, 0.0), (1e6, 0.0), (10.0, 1.0), (10.0, -0.1)]
)
def test_distances_that_are_not_measured_and_shares_of_all_are_refused(distance_m: float, max_share: float) -> None:
    with pytest.raises(ValidationError):
        SpacingParams(distance_m=distance_m, max_share=max_share)


def test_other_measurements_are_an_error() -> None:
    with pytest.raises(TypeError):
        RULE.judge(SpacingParams(distance_m=10.0, max_share=0.0), {MeasureId(ID): 3}, CIRCUMSTANCES)
