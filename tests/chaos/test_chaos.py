"""A small run of ``make chaos``, and proofs that its check sees what must not be."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from chaos.check import Evidence, Request, Stored, check
from chaos.field import PREFIX, opened
from chaos.moments import PHASES, Act
from chaos.plan import Fate
from chaos.run import Order, run, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.check import Found
    from chaos.field import Field
    from chaos.run import Ran

RELEASES, KILLS = 8, 6

AT = "s3://egress/a.csv"
SENT = Request(id="1", dataset="a", state="sent", cleared={AT: "d1"}, received={AT: "d1"})
DENIED = Request(id="2", dataset="b", state="denied", cleared={}, received={})
RIGHT = Evidence(
    fates={"a": Fate.CLEARED, "b": Fate.DENIED},
    stored=(Stored(uri=AT, version="v1", sha256="d1"),),
    uploads=(),
    requests=(SENT, DENIED),
)


def other(**changes: Any) -> Found:
    return check(replace(RIGHT, **changes))


def test_what_is_there_exactly_once_is_right() -> None:
    assert check(RIGHT).nothing


def test_a_second_version_is_sent_twice() -> None:
    found = other(stored=(*RIGHT.stored, Stored(uri=AT, version="v2", sha256="d1")))
    assert found.twice
    assert not found.lost
    assert not found.nothing


def test_a_second_receipt_and_the_same_bytes_elsewhere_are_sent_twice() -> None:
    assert other(requests=(SENT, replace(SENT, id="3"), DENIED)).twice
    assert other(stored=(*RIGHT.stored, Stored(uri=f"{AT}2", version="v1", sha256="d1"))).twice


@pytest.mark.parametrize(
    "changes",
    [
        {"stored": ()},
        {"stored": (Stored(uri=AT, version="v1", sha256="d2"),)},
        {"requests": (replace(SENT, state="cleared", received={}), DENIED)},
        {"requests": (replace(SENT, received={}), DENIED)},
        {"requests": (DENIED,)},
        {"fates": {**RIGHT.fates, "c": Fate.APPROVED}},
    ],
    ids=["no object", "other bytes", "not sent", "no receipt", "no request", "never submitted"],
)
def test_what_is_not_there_as_it_was_cleared_is_lost(changes: dict[str, Any]) -> None:
    assert other(**changes).lost


@pytest.mark.parametrize(
    "changes",
    [
        {"stored": (*RIGHT.stored, Stored(uri="s3://egress/b.csv", version="v1", sha256="d9"))},
        {"stored": (*RIGHT.stored, Stored(uri=AT, version="v2", sha256=""))},
        {"requests": (SENT, replace(DENIED, cleared={"s3://egress/b.csv": "d9"}))},
        {"requests": (replace(SENT, dataset="of nobody"), DENIED)},
    ],
    ids=["another object", "a mark of deletion", "cleared what must stay", "of no plan"],
)
def test_what_no_clearance_names_is_uncleared(changes: dict[str, Any]) -> None:
    assert other(**changes).uncleared


@pytest.mark.parametrize(
    "changes",
    [
        {"uploads": ("a.csv",)},
        {"requests": (SENT, replace(DENIED, state="held"))},
        {"requests": (SENT, DENIED, replace(DENIED, id="3", state="sending"))},
        {"requests": (SENT, DENIED, replace(DENIED, id="3", state="draft"))},
        {"damage": ("the ledger is damaged: entry 3",)},
        {"left": ("process 12 still runs",)},
    ],
    ids=["an upload", "held, not denied", "sending for ever", "a draft for ever", "damage", "a process"],
)
def test_what_is_left_is_told(changes: dict[str, Any]) -> None:
    found = other(**changes)
    assert found.other
    assert not found.nothing


@pytest.fixture(scope="module")
def field() -> Iterator[Field]:
    folder = Path(tempfile.mkdtemp(prefix="geogate-chaos-"))
    try:
        with opened(folder) as made:
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def ran(field: Field) -> Ran:
    return run(Order(releases=RELEASES, kills=KILLS, seed=3, minutes=5), field)


def test_under_kills_each_release_comes_there_exactly_once_and_nothing_else_does(ran: Ran) -> None:
    assert [*ran.found.lines()] == []
    assert ran.outcome.in_time
    assert summary(ran) == f"{RELEASES} releases, {KILLS} kills: sent twice 0, lost 0, uncleared 0"
    assert {each.split()[0] for each in ran.outcome.kills} == {"process", "store", "database"}


def test_what_is_planted_in_the_bucket_afterwards_is_found(field: Field, ran: Ran) -> None:
    root, bucket = field.root(), field.perimeter.egress
    keys = sorted(each["Key"] for each in root.list_objects_v2(Bucket=bucket)["Contents"])
    again, gone = keys[0], keys[-1]
    body = root.get_object(Bucket=bucket, Key=again)["Body"].read()
    root.put_object(Bucket=bucket, Key=again, Body=body)
    version = root.head_object(Bucket=bucket, Key=gone)["VersionId"]
    root.delete_object(Bucket=bucket, Key=gone, VersionId=version)
    root.put_object(Bucket=bucket, Key=f"{PREFIX}held-00001-0.geojson", Body=b"held")
    root.create_multipart_upload(Bucket=bucket, Key=f"{PREFIX}begun.geojson")
    found = check(field.evidence(ran.plan, before=ran.before | {os.getpid()}))
    assert any(again in line for line in found.twice)
    assert any(gone in line for line in found.lost)
    assert any("held-00001" in line for line in found.uncleared)
    assert any("begun.geojson" in line for line in found.other)
    assert any(line.startswith("the audit: ") for line in found.other)


def test_every_act_that_is_struck_has_phases_of_its_own() -> None:
    assert {Act.SUBMIT, Act.APPROVE, Act.SEND} == set(PHASES)
    assert all(len(set(phases)) == len(phases) for phases in PHASES.values())
