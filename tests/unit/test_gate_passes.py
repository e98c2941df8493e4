"""Tools and endings of a pass: chosen by size and policy, and honest about kernels that are not there."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from judging import policy_of, registered_rule, zone_list
from shapely import Point

from geogate.gate.passes import MANY_ZONES, SLOW, WORTH_KERNELS, endings_of, tools_for
from geogate.kernels import state
from geogate.measures.tools import Tools
from geogate.model.finding import Severity
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.zones.zone import ZoneList


def zones(count: int) -> dict[str, ZoneList]:
    here = Point(8, 47).buffer(1)
    return {
        "zones": zone_list(Zone(id=f"z{number}", category="c", buffer_m=0.0, geometry=here) for number in range(count))
    }


def test_small_data_and_few_zones_are_measured_by_numpy_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    found = tools_for(WORTH_KERNELS - 1, zone_lists=zones(MANY_ZONES), indexes=tmp_path)
    assert found == Tools(kernels=False, indexes=tmp_path)
    assert tools_for(0, zone_lists={}, indexes=None) == Tools()
    assert caplog.messages == []


@pytest.mark.parametrize(("size", "count"), [(WORTH_KERNELS, 1), (0, MANY_ZONES + 1)])
def test_kernels_that_are_not_compiled_are_missed_in_the_log(
    size: int, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not tools_for(size, zone_lists=zones(count), indexes=None).kernels
    assert [(record.levelno, record.message) for record in caplog.records] == [(logging.WARNING, SLOW)]


@pytest.mark.parametrize(("size", "count"), [(WORTH_KERNELS, 1), (0, MANY_ZONES + 1)])
def test_kernels_that_are_compiled_are_used_where_it_pays(size: int, count: int) -> None:
    assert tools_for(size, zone_lists=zones(count), indexes=None).kernels is state.ready()


PRECISION = registered_rule("expect_coordinates_no_finer_than", "fine", step_m=1.0, operator=">")
ZONES = registered_rule("expect_no_position_in_restricted_zones", zone_list="zones", buffer_m=0.0, max_features=0)


def test_a_pass_ends_early_only_where_the_policy_allows_it() -> None:
    policy = policy_of(PRECISION, ZONES)
    assert endings_of(policy, zones(1)) == ()
    measures = [ending.measures for ending in endings_of(replace(policy, stop_early=True), zones(1))]
    assert [[name.split(":")[0] for name in names] for names in measures] == [["lattice"], ["zone-hits"]]


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.INFO])
def test_no_pass_ends_early_for_a_rule_that_does_not_deny(severity: Severity) -> None:
    policy = replace(policy_of(replace(PRECISION, severity=severity)), stop_early=True)
    assert endings_of(policy, {}) == ()
