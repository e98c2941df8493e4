"""What lies in the source of a feed: whole batches in their order, and everything that is odd about them."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from gating.feed import Feeding, points
from gating.gate import at

from geogate.gate import feed_waiting
from geogate.gate.feed_follow import Until, run
from geogate.gate.feed_ledger import StoppedError
from geogate.gate.feed_run import Outcome, Runner
from geogate.gate.feeds import stop
from geogate.gate.place import place_of
from geogate.gate.policy_source import place_digest
from geogate.model.errors import InputError, PolicyError, RefusedError, ServiceError
from geogate.model.feed import Choice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gating.gate import Gate

    from geogate.model.feed import Feed

ROWS = "lon,lat\n8.1,47.1\n"


@pytest.fixture
def feeding(gate: Gate) -> Feeding:
    return Feeding(gate).declare()


def feed(feeding: Feeding) -> Feed:
    return place_of(feeding.gate.house()).feed("fleet")


def look(feeding: Feeding, number: int = 1) -> feed_waiting.Listing:
    return feed_waiting.look(feed(feeding), number, now=feeding.gate.house().clock())


def test_a_batch_is_whole_when_its_checksum_lies_beside_it(feeding: Feeding) -> None:
    path = feeding.put(1, ROWS, mark=False)
    assert look(feeding).waiting is None
    feeding.mark(path)
    waiting = look(feeding).waiting
    assert waiting is not None
    assert waiting.lying.size == len(ROWS)


def test_where_names_come_in_one_step_a_batch_is_whole_when_it_is_there(feeding: Feeding) -> None:
    feeding.declare(finished="atomic")
    feeding.put(1, ROWS, mark=False)
    waiting = look(feeding).waiting
    assert waiting is not None
    assert waiting.checksum is None
    # A checksum is none of its batches there.
    feeding.put(2, ROWS)
    with pytest.raises(InputError, match="1 files that are no batches"):
        look(feeding)


@pytest.mark.parametrize("name", [".fleet-2.csv.x1", "_temporary", "fleet-2.csv.part", "fleet-2.csv.tmp"])
def test_what_is_being_written_is_passed_over(feeding: Feeding, name: str) -> None:
    feeding.put(1, ROWS)
    (feeding.folder / name).write_text("lo")
    assert look(feeding).waiting is not None


@pytest.mark.parametrize("name", ["notes.txt", "fleet-1.parquet", "fleet-.csv", "other-1.csv", "fleet-0.csv"])
def test_a_file_that_is_no_batch_ends_it(feeding: Feeding, name: str) -> None:
    feeding.put(1, ROWS)
    (feeding.folder / name).write_text(ROWS)
    with pytest.raises(InputError, match="1 files that are no batches") as wrong:
        look(feeding)
    assert "fleet-{number}.csv" in wrong.value.hint


def folder(path: Path) -> None:
    path.mkdir()


def link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [folder, link, pipe])
def test_what_has_the_name_of_a_batch_and_is_no_file_is_no_batch(
    feeding: Feeding, make: Callable[[Path], None]
) -> None:
    make(feeding.folder / "fleet-1.csv")
    with pytest.raises(InputError, match="1 files that are no batches"):
        look(feeding)


def test_a_number_that_is_there_twice_ends_it(feeding: Feeding) -> None:
    feeding.put(1, ROWS)
    (feeding.folder / "fleet-001.csv").write_text(ROWS)
    with pytest.raises(InputError, match="batch 1 is there twice"):
        look(feeding)


def test_a_checksum_without_its_batch_ends_it(feeding: Feeding) -> None:
    feeding.put(1, ROWS).unlink()
    with pytest.raises(InputError, match="checksum of batch 1 is there without it"):
        look(feeding)


@pytest.mark.parametrize("text", ["", "abc", f"{'0' * 64}  fleet-2.csv\n", f"{'0' * 64}  fleet-1.csv\nmore\n"])
def test_a_checksum_that_is_not_that_of_the_batch_ends_it(feeding: Feeding, text: str) -> None:
    path = feeding.put(1, ROWS)
    path.with_name("fleet-1.csv.sha256").write_text(text)
    with pytest.raises(InputError, match="checksum of a batch cannot be read"):
        look(feeding)


def test_a_batch_that_was_written_in_part_is_not_judged_and_goes_when_it_is_whole(feeding: Feeding) -> None:
    whole = feeding.put(1, points(4)).read_text()
    (feeding.folder / "fleet-1.csv").write_text(whole[:-20])
    with pytest.raises(InputError, match="not what its checksum says"):
        feeding.run()
    assert not feeding.gate.requests()
    (feeding.folder / "fleet-1.csv").write_text(whole)
    assert feeding.run().sent == 1


def test_a_batch_that_changed_after_it_was_listed_is_not_judged(feeding: Feeding, tmp_path: Path) -> None:
    declared = feed(feeding.declare(finished="atomic"))
    path = feeding.put(1, ROWS, mark=False)
    waiting = look(feeding).waiting
    assert waiting is not None
    path.write_text(ROWS.replace("8.1", "9.1"))
    with (
        pytest.raises(InputError, match="changed after it was listed"),
        feed_waiting.copied(declared, waiting, scratch=tmp_path),
    ):
        pass
    path.unlink()
    with (
        pytest.raises(InputError, match="changed after it was listed"),
        feed_waiting.copied(declared, waiting, scratch=tmp_path),
    ):
        pass
    assert not list(tmp_path.glob("feed-*"))


def test_a_missing_number_ends_a_run_after_those_before_it_and_is_waited_for_with_patience(feeding: Feeding) -> None:
    feeding.put(1, points(4))
    feeding.put(3, points(4, start=10))
    with pytest.raises(InputError, match="batch 2 of feed fleet is missing, and batch 3 is there"):
        feeding.run()
    assert feeding.sent() == ["fleet-1.csv"]
    feeding.declare(patience_minutes=1)
    clock = iter(range(0, 10_000, 20))
    slept: list[float] = []
    runner = Runner(name="fleet", house=feeding.gate.house())
    with pytest.raises(InputError, match="batch 2 of feed fleet is missing"):
        run(runner, Until(follow=True), sleep=slept.append, monotonic=lambda: float(next(clock)))
    assert 2 <= len(slept) <= 4
    feeding.put(2, points(4, start=20))
    assert feeding.run().sent == 2


def test_a_batch_from_the_future_ends_it_and_an_old_one_stops_the_feed(feeding: Feeding) -> None:
    gate = feeding.gate
    feeding.declare(batch={"rows": 100, "megabytes": 1, "hours": 2})
    path = feeding.put(1, points(2))
    gate.now = at("2026-06-01T12:00:00")

    def age(minutes: float) -> None:
        assert gate.now is not None
        stamp = (gate.now - timedelta(minutes=minutes)).timestamp()
        os.utime(path, (stamp, stamp))

    age(-6)
    with pytest.raises(InputError, match="batch 1 is from the future"):
        look(feeding)
    age(-5)
    assert look(feeding).waiting is not None
    age(121)
    with pytest.raises(StoppedError, match="stopped at batch 1: it is older than 2 hours"):
        feeding.run()
    age(1)
    with pytest.raises(StoppedError, match="older than 2 hours"):
        feeding.anew()
    assert not gate.requests()
    feeding.resume(1)
    feeding.put(2, points(2))
    os.utime(feeding.folder / "fleet-2.csv", (gate.now.timestamp() - 7200, gate.now.timestamp() - 7200))
    assert feeding.run().sent == 1
    assert feeding.sent() == ["fleet-2.csv"]


def test_a_batch_with_too_many_bytes_stops_the_feed_unread(feeding: Feeding) -> None:
    feeding.declare(batch={"rows": 100, "megabytes": len(ROWS) / 1e6})
    feeding.put(1, ROWS)
    feeding.put(2, ROWS + "8.2,47.2\n")
    with pytest.raises(StoppedError, match="stopped at batch 2: it has 26 bytes, and at most 17 are allowed"):
        feeding.run()
    assert feeding.sent() == ["fleet-1.csv"]


def test_who_ran_a_feed_into_a_batch_that_was_not_even_judged_does_not_resume_it(feeding: Feeding) -> None:
    feeding.declare(batch={"rows": 100, "megabytes": 0.000001})
    feeding.put(1, ROWS)
    with pytest.raises(StoppedError):
        feeding.run()
    with pytest.raises(RefusedError, match="requested a batch"):
        feeding.resume(1, actor="RITA")
    assert feeding.resume(1).number == 2
    # Who stops one by hand ran nothing, and may let it go on.
    stop("fleet", reason="a rumour", house=feeding.gate.house("stella"))
    assert feeding.resume(2, Choice.GO_ON).number == 2


def test_a_source_that_disappears_is_a_service_that_is_down_and_comes_back(feeding: Feeding) -> None:
    feeding.put(1, points(2))
    away = feeding.folder.rename(feeding.folder.with_name("away"))
    with pytest.raises(ServiceError, match="source of the feed cannot be read"):
        feeding.run()
    away.rename(feeding.folder)
    assert feeding.run().sent == 1
    assert feeding.run().last.outcome is Outcome.NOTHING


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"batches": "fleet.csv"}, "has {number} once"),
        ({"batches": "{number}-{number}.csv"}, "has {number} once"),
        ({"batches": "v2{number}.csv"}, "no digit beside"),
        ({"batches": "../{number}.csv"}, "has letters, digits"),
        ({"batches": "fleet-{number}"}, "extension of its format"),
        ({"destination": "file:fleet-finished/out/"}, "lie in each other"),
        ({"owner": "\u200b"}, "owner"),
        ({"window": "P0M"}, "window"),
        ({"batch": {"rows": 0, "megabytes": 1}}, "rows"),
        ({"speed": "fast"}, "unknown key"),
        ({"declare": {"origins": ["Germany"]}}, "declare"),
    ],
)
def test_a_feed_that_is_declared_wrongly_is_refused(feeding: Feeding, changes: dict[str, object], why: str) -> None:
    feeding.declare(**changes)
    with pytest.raises(PolicyError) as wrong:
        feed(feeding)
    assert why in str(wrong.value)


def test_a_file_that_would_be_passed_over_among_the_feeds_is_refused(feeding: Feeding) -> None:
    (feeding.gate.policies.root / "feeds" / "Fleet.yml").write_text("")
    with pytest.raises(PolicyError, match=r"feeds/Fleet\.yml would be passed over"):
        place_of(feeding.gate.house()).feeds()


def test_a_feed_is_pinned_with_the_policies(feeding: Feeding) -> None:
    gate = feeding.gate
    before = place_digest(gate.policies.root)
    gate.settings["GEOGATE_POLICIES_DIGEST"] = before
    assert place_of(gate.house()).feed("fleet").limits.rows == 1000
    feeding.declare(batch={"rows": 1001, "megabytes": 10})
    assert place_digest(gate.policies.root) != before
    with pytest.raises(PolicyError, match="not those that GEOGATE_POLICIES_DIGEST pins"):
        feeding.run()
