"""The pass on executors that are processes of their own: one is killed, and nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sparking.layers import measured_here, measures, points, registered
from sparking.openers import fine, killing_the_executor_once
from sparking.sessions import session_of_tests

from geogate.engines.spark import SparkDataset
from geogate.kernels import state
from geogate.measures.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    with session_of_tests("local-cluster[1,1,1024]") as begun:
        yield begun


def test_a_lost_executor_changes_nothing(session: Any, tmp_path: Path) -> None:
    sources = fine([points(tmp_path / "places.parquet", 800, seed=7)])
    dataset = SparkDataset(session=session, opener=killing_the_executor_once, on_rows=lambda _rows: None)

    found = [each(measures()) for each in registered(dataset, sources)]

    assert found == [measured_here(source, measures()) for source in sources]
    assert (tmp_path / "places.killed").exists()


def test_indexes_are_sent_to_executors(session: Any, tmp_path: Path) -> None:
    sources = fine([points(tmp_path / "places.parquet", 400, seed=9)])
    tools = Tools(kernels=state.ready(), indexes=tmp_path / "indexes")
    dataset = SparkDataset(session=session, opener=fine, on_rows=lambda _rows: None, tools=tools)

    found = [each(measures()) for each in registered(dataset, sources)]

    assert found == [measured_here(source, measures()) for source in sources]
