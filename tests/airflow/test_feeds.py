"""A feed in Airflow: it waits for batches without a worker, and a denial fails the task and those after it."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING

import pytest
from dag_runs.gate_house import COARSE, FINE, PARTNER, airports

from geogate.gate.feeds import resume
from geogate.model.feed import Choice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dag_runs.gate_house import GateHouse
    from dag_runs.runs import DagRuns

FEED = f"""
title: Airports
owner: olga
source: file:finished/
batches: fleet-{{number}}.parquet
finished: checksum
policy: baseline
recipient: {PARTNER}
destination: file:outbox/{PARTNER}/
batch: {{rows: 1000, megabytes: 10}}
"""


@pytest.fixture
def source(house: GateHouse) -> Path:
    folder = house.root / "policies" / "feeds"
    folder.mkdir()
    (folder / "fleet.yaml").write_text(FEED)
    finished = house.root / "finished"
    finished.mkdir()
    return finished


def put(source: Path, number: int, country: str, *, decimals: int = COARSE) -> None:
    path = source / f"fleet-{number}.parquet"
    airports(country, decimals).to_parquet(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n")


def test_a_feed_waits_for_batches_that_come_later(
    house: GateHouse, runs: Callable[[str], DagRuns], source: Path
) -> None:
    put(source, 1, "NO")

    def later() -> None:
        while len(house.delivered()) < 1:
            time.sleep(0.1)
        put(source, 2, "SE")
        while len(house.delivered()) < 2:
            time.sleep(0.1)
        put(source, 3, "FI")

    thread = threading.Thread(target=later, daemon=True)
    thread.start()
    ended = runs("one_feed").run()
    thread.join(60)

    assert ended.state == "success"
    assert ended.xcoms["feed", -1] == {"batches": 3}
    assert list(house.delivered()) == [f"{PARTNER}/fleet-{number}.parquet" for number in (1, 2, 3)]


def test_a_denial_fails_the_task_at_once_and_every_run_after_it_until_the_feed_is_resumed(
    house: GateHouse, runs: Callable[[str], DagRuns], source: Path
) -> None:
    put(source, 1, "NO")
    put(source, 2, "SE", decimals=FINE)
    for number, country in ((3, "FI"), (4, "DK")):
        put(source, number, country)

    ended = runs("one_feed").run()

    assert (ended.state, ended.tasks["feed", -1].tries) == ("failed", 1)
    assert ended.message("feed").startswith("feed fleet is stopped at batch 2, request ")
    assert type(ended.errors["feed", -1][-1]).__name__ == "DeniedError"
    again = runs("one_feed").run()
    assert (again.state, again.tasks["feed", -1].tries) == ("failed", 1)
    assert "feed fleet is stopped at batch 2: the verdict denies" in again.message("feed")
    assert list(house.delivered()) == [f"{PARTNER}/fleet-1.parquet"]

    resume("fleet", Choice.DROP, number=2, reason="a mistake", house=house.as_actor("stella"))
    (source / "fleet-4.parquet").unlink()
    (source / "fleet-4.parquet.sha256").unlink()
    assert runs("feed_example").dag.task_dict["feed"].idle is not None
    after = runs("rest_of_a_feed").run()
    assert after.xcoms["feed", -1] == {"batches": 1}
    assert list(house.delivered()) == [f"{PARTNER}/fleet-{number}.parquet" for number in (1, 3)]
