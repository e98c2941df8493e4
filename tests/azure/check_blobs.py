"""The channel to Azure against its emulator: puts once, reads back, and takes up what a death left."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from azure.azurite import ACCOUNT, Azurite, azurite
from gating.files import COARSE
from gating.files import stage as dataset
from integration.fixtures_s3 import Trusting, clearance_for, nonce_of, stage

from geogate.destinations.channel import Channel, ChannelSettings, channel_for
from geogate.destinations.errors import (
    ChangedError,
    ForbiddenError,
    GoneError,
    MisconfiguredError,
    OccupiedError,
    StrangerError,
    UnavailableError,
)
from geogate.destinations.stored import Place as Lying
from geogate.destinations.stored import Stored, place_at
from geogate.gate.audit_findings import Kind
from geogate.gate.reconcile import reconcile
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State
from geogate.model.parties import Place, Posture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gating.gate import Gate

SEVERAL = {
    "a.gpkg": b"roads",
    "b.csv": b"",
    "sub/c.parquet": b"0123456789abcdef" * (2 << 16),
    "Stra\u00dfe (1).csv": b"x",
}
LARGE = {"a.csv": b"first", "b.parquet": b"0123456789abcdef" * (3 << 20), "c.csv": b"last"}
"""With a file of 48 MiB, which takes a while."""


SAVED_S = 8.0
"""The emulator writes down every five seconds which containers there are."""


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    with azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture
def server(emulator: Azurite, monkeypatch: pytest.MonkeyPatch) -> Azurite:
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    return emulator


class Box:
    """A container of the recipient's, and a channel to a prefix in it."""

    def __init__(self, server: Azurite, name: str, staging: Path) -> None:
        self.server, self.name, self.staging = server, name, staging
        self.uri = f"az://{ACCOUNT}/{name}/in/"
        self.registered: Place | None = Place(uri=self.uri, owner="", country="NO", region="norwayeast")
        self.settings = ChannelSettings(broker=Trusting(nonce_of(self.uri)), patience_s=10)

    @property
    def channel(self) -> Channel:
        return channel_for(self.uri, settings=self.settings, registered=self.registered)

    @property
    def lying(self) -> Lying:
        return place_at(self.uri, settings=self.settings, registered=self.registered)

    def put(self, contents: dict[str, bytes], **changes: Any) -> None:
        staged = stage(self.staging, contents)
        self.channel.put(staged, clearance=clearance_for(staged, destination=self.uri, **changes))

    def delivered(self, contents: dict[str, bytes], **changes: Any) -> list[bool]:
        clearance = clearance_for(stage(self.staging, contents), destination=self.uri, **changes)
        return [each is not None for each in self.channel.delivered(clearance=clearance)]

    def sizes(self) -> dict[str, int]:
        return {each.name: each.size for each in self.lying.stored()}


@pytest.fixture
def box(server: Azurite, tmp_path: Path, request: pytest.FixtureRequest) -> Box:
    name = f"box{nonce_of(request.node.name)[:12]}"
    server.make(name)
    return Box(server, name, tmp_path / "to-send")


def sizes_of(contents: dict[str, bytes]) -> dict[str, int]:
    return {name: len(body) for name, body in contents.items()}


def test_all_files_arrive_once_and_the_same_sending_again_writes_nothing(box: Box) -> None:
    box.put(SEVERAL)
    assert box.sizes() == sizes_of(SEVERAL)
    marks = {each.name: each.mark for each in box.lying.stored()}
    box.put(SEVERAL)
    assert {each.name: each.mark for each in box.lying.stored()} == marks
    assert box.delivered(SEVERAL) == [True] * len(SEVERAL)


def test_the_registration_says_where_it_is_and_nobody_that_it_is_closed(box: Box) -> None:
    found = box.channel.posture()
    assert (found.region, found.country, found.attested) == ("norwayeast", "NO", ("country", "region"))
    assert dict(found.traits)["open to others"] is None
    box.registered = None
    assert box.channel.posture() == Posture(region=None, country=None)
    with pytest.raises(RefusedError, match="not registered"):
        box.put(SEVERAL)


def test_a_container_that_anybody_may_list_is_open(box: Box) -> None:
    box.server.make(f"{box.name}-open", public="container")
    opened = Box(box.server, f"{box.name}-open", box.staging)
    assert dict(opened.channel.posture().traits)["open to others"] == "list"


@pytest.mark.parametrize("body", [b"roads", b"other"])
def test_somebody_elses_object_is_not_ours_even_with_the_same_bytes(box: Box, body: bytes) -> None:
    box.server.put(box.name, "in/a.gpkg", body)
    with pytest.raises(OccupiedError):
        box.put(SEVERAL)
    assert box.sizes() == {"a.gpkg": 5}
    assert box.delivered(SEVERAL) == [False] * len(SEVERAL)


def test_the_object_of_another_clearance_is_not_ours(box: Box) -> None:
    box.put({"a.csv": b"x"})
    with pytest.raises(OccupiedError):
        box.put({"a.csv": b"x"}, nonce=nonce_of("another"))
    assert box.delivered({"a.csv": b"x"}, nonce=nonce_of("another")) == [False]


def test_other_bytes_than_were_cleared_are_not_sent(box: Box) -> None:
    staged = stage(box.staging, SEVERAL)
    clearance = clearance_for(staged, destination=box.uri)
    for content in (b"roadz", b"more than there was"):
        staged[0][1].write_bytes(content)
        with pytest.raises(ChangedError):
            box.channel.put(staged, clearance=clearance)
    assert box.sizes() == {}


def test_a_store_that_dies_in_the_middle_shows_nothing_and_a_retry_completes(box: Box) -> None:
    time.sleep(SAVED_S)

    def kill() -> None:
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            with suppress(OSError):
                if b".part" in box.server.blobs(box.name).encode():
                    break
        box.server.kill()

    killing = threading.Thread(target=kill)
    killing.start()
    try:
        with pytest.raises(UnavailableError):
            box.put(LARGE)
        killing.join()
        with pytest.raises(UnavailableError, match="does not answer"):
            box.put(LARGE)
    finally:
        killing.join()
        box.server.start()
    assert not set(box.sizes()) & set(LARGE)
    box.put(LARGE)
    assert box.sizes() == sizes_of(LARGE)


def test_credentials_that_expire_halfway_are_an_error_and_new_ones_complete_it(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", box.server.sas(box.name, seconds=3))
    with pytest.raises(ForbiddenError, match=r"whether they have expired"):
        _put_again_and_again(box)
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", box.server.sas(box.name, seconds=600))
    box.put(LARGE)
    assert box.sizes() == sizes_of(LARGE)


def _put_again_and_again(box: Box) -> None:
    """Send until the token ends, in the middle of whatever is asked then."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        box.put(LARGE)


def test_credentials_that_are_wrong_or_missing_are_said_to_be(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "d3Jvbmc=")
    for act in (box.channel.posture, lambda: box.put(SEVERAL), box.sizes):
        with pytest.raises(ForbiddenError, match="the store refuses") as error:
            act()
        assert "d3Jvbmc" not in str(error.value)
    for name in box.server.environment():
        monkeypatch.delenv(name)
    with pytest.raises(StrangerError, match="no credentials"):
        box.channel.posture()


def test_a_container_that_disappears_is_an_error(box: Box) -> None:
    box.put(SEVERAL)
    box.server.remove(box.name)
    for act in (box.channel.posture, lambda: box.put(SEVERAL), box.sizes):
        with pytest.raises(MisconfiguredError, match="knows no such place"):
            act()


def test_a_proxy_that_the_environment_names_does_not_get_the_bytes(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(MisconfiguredError, match=r"name 127\.0\.0\.1 in NO_PROXY"):
        box.put(SEVERAL)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    box.put(SEVERAL)


def test_nothing_is_written_without_leave_or_after_its_end(box: Box) -> None:
    for until, said in ((None, "the clearance is over"), (datetime(2020, 1, 1, tzinfo=UTC), "expired while sending")):
        box.settings = ChannelSettings(broker=Trusting(nonce_of(box.uri), writes_until=until))
        with pytest.raises(UnavailableError, match=said):
            box.put(SEVERAL)
    box.settings = ChannelSettings()
    with pytest.raises(RefusedError, match="nobody has verified"):
        box.put(SEVERAL)
    assert box.sizes() == {}


def test_what_is_read_back_is_what_lies_there(box: Box, tmp_path: Path) -> None:
    box.put(SEVERAL)
    (found,) = [each for each in box.lying.stored() if each.name == "sub/c.parquet"]
    box.lying.fetch(found, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == SEVERAL["sub/c.parquet"]
    box.server.remove(box.name, "in/sub/c.parquet")
    gone = Stored(name=found.name, size=found.size, version="", mark="")
    with pytest.raises(GoneError):
        box.lying.digest(gone)
    with pytest.raises(GoneError):
        box.lying.fetch(gone, tmp_path / "none")


def test_a_gate_sends_there_and_its_audit_finds_what_was_changed(gate: Gate, box: Box) -> None:
    gate.policies.write_recipients({"uri": box.uri, "country": "DE", "region": "eu-germany"})
    nonce = gate.clear(dataset("CSV", gate.staged, COARSE), destination=box.uri)
    gate.send(nonce)
    assert gate.states() == [State.SENT]
    assert not reconcile(house=gate.house()).findings
    box.server.put(box.name, "in/data.csv", b"changed")
    box.server.put(box.name, "in/by hand.csv", b"x")
    kinds = sorted((each.kind, each.about.rpartition("/")[2]) for each in reconcile(house=gate.house()).findings)
    assert kinds == [(Kind.ALTERED, "data.csv"), (Kind.UNCLEARED, "by hand.csv")]
