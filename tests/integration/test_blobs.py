"""The channel to Google Cloud Storage against a stub of ours: what is asked of the store, and what its answers do.

The same channel is tried on Azure's emulator by ``make azure``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import COARSE
from gating.files import stage as dataset
from integration.fixtures_s3 import Trusting, clearance_for, nonce_of, stage
from serving.gcs import TOKEN, Gcs, gcs

from geogate.destinations.blobs_store import opened
from geogate.destinations.channel import Channel, ChannelSettings, channel_for
from geogate.destinations.errors import (
    ChangedError,
    ForbiddenError,
    MisconfiguredError,
    OccupiedError,
    StrangerError,
    UnavailableError,
)
from geogate.destinations.stored import place_at
from geogate.gate.audit_findings import Kind
from geogate.gate.reconcile import reconcile
from geogate.model.errors import RefusedError
from geogate.model.parties import Place, Posture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gating.gate import Gate

URI = "gs://partner-box/in/"
SEVERAL = {
    "a.gpkg": b"roads",
    "b.csv": b"",
    "sub/c.parquet": b"0123456789abcdef" * (9 << 16),
    "Stra\u00dfe (1).csv": b"x",
}
REGISTERED = Place(uri=URI, owner="", country="FI", region="europe-north1")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gcs]:
    with gcs() as server:
        monkeypatch.setenv("GOOGLE_BASE_URL", f"http://127.0.0.1:{server.port}")
        monkeypatch.setenv("GOOGLE_BEARER_TOKEN", TOKEN)
        yield server


def channel(
    *, until: datetime | None = datetime(2030, 1, 2, tzinfo=UTC), registered: Place | None = REGISTERED
) -> Channel:
    settings = ChannelSettings(broker=Trusting(nonce_of(URI), writes_until=until), patience_s=5)
    return channel_for(URI, settings=settings, registered=registered)


def put(folder: Path, contents: dict[str, bytes], **changes: Any) -> None:
    staged = stage(folder, contents)
    channel().put(staged, clearance=clearance_for(staged, destination=URI, **changes))


def delivered(folder: Path, contents: dict[str, bytes], **changes: Any) -> list[bool]:
    clearance = clearance_for(stage(folder, contents), destination=URI, **changes)
    return [each is not None for each in channel().delivered(clearance=clearance)]


def bodies(store: Gcs) -> dict[str, bytes]:
    return {path.removeprefix("/partner-box/in/"): kept.body for path, kept in store.objects.items()}


def test_each_file_gets_its_name_by_a_copy_that_needs_the_name_to_be_free(store: Gcs, tmp_path: Path) -> None:
    put(tmp_path, SEVERAL)
    assert bodies(store) == SEVERAL
    copies = [headers for _, _, headers in store.asked if "x-goog-copy-source" in headers]
    assert len(copies) == len(SEVERAL)
    assert {each["x-goog-if-generation-match"] for each in copies} == {"0"}
    kinds = [(command, "%2Epart" in path) for command, path, _ in store.asked if command in {"PUT", "POST"}]
    assert kinds.index(("PUT", False)) > max(n for n, kind in enumerate(kinds) if kind[1])


def test_the_same_sending_again_writes_nothing(store: Gcs, tmp_path: Path) -> None:
    put(tmp_path, SEVERAL)
    asked = len(store.asked)
    put(tmp_path, SEVERAL)
    assert not {"PUT", "POST"} & {command for command, _, _ in store.asked[asked:]}
    assert delivered(tmp_path, SEVERAL) == [True] * len(SEVERAL)


def test_a_sending_that_died_between_two_names_is_taken_up(store: Gcs, tmp_path: Path) -> None:
    put(tmp_path, SEVERAL)
    missing = store.objects.pop("/partner-box/in/a.gpkg")
    store.objects[f"/partner-box/in/.0123456789abcdef.{nonce_of(URI)}.part"] = missing
    before = {path: kept.generation for path, kept in store.objects.items()}
    put(tmp_path, SEVERAL)
    assert bodies(store)["a.gpkg"] == b"roads"
    assert {path: store.objects[path].generation for path in before} == before


@pytest.mark.parametrize("body", [b"roads", b"other"])
def test_somebody_elses_object_is_not_ours_even_with_the_same_bytes(store: Gcs, tmp_path: Path, body: bytes) -> None:
    store.keep("/partner-box/in/a.gpkg", body, {})
    with pytest.raises(OccupiedError):
        put(tmp_path, SEVERAL)
    assert bodies(store) == {"a.gpkg": body}
    assert delivered(tmp_path, SEVERAL) == [False] * len(SEVERAL)


def test_the_object_of_another_clearance_is_not_ours(store: Gcs, tmp_path: Path) -> None:
    put(tmp_path, {"a.csv": b"x"})
    assert bodies(store) == {"a.csv": b"x"}
    with pytest.raises(OccupiedError):
        put(tmp_path, {"a.csv": b"x"}, nonce=nonce_of("another"))
    assert delivered(tmp_path, {"a.csv": b"x"}, nonce=nonce_of("another")) == [False]


def test_an_object_of_ours_with_other_bytes_is_not_ours_any_more(store: Gcs, tmp_path: Path) -> None:
    put(tmp_path, SEVERAL)
    store.objects["/partner-box/in/a.gpkg"].body = b"roadz"
    assert delivered(tmp_path, SEVERAL).count(False) == 1
    with pytest.raises(OccupiedError):
        put(tmp_path, SEVERAL)


def test_other_bytes_than_were_cleared_are_not_sent(store: Gcs, tmp_path: Path) -> None:
    staged = stage(tmp_path, SEVERAL)
    clearance = clearance_for(staged, destination=URI)
    for content in (b"roadz", b"more than there was"):
        staged[0][1].write_bytes(content)
        with pytest.raises(ChangedError):
            channel().put(staged, clearance=clearance)
    assert bodies(store) == {}


def test_nothing_is_written_without_leave_or_after_its_end(store: Gcs, tmp_path: Path) -> None:
    staged = stage(tmp_path, SEVERAL)
    clearance = clearance_for(staged, destination=URI)
    for until, said in ((None, "the clearance is over"), (datetime(2020, 1, 1, tzinfo=UTC), "expired while sending")):
        with pytest.raises(UnavailableError, match=said):
            channel(until=until).put(staged, clearance=clearance)
    with pytest.raises(RefusedError, match="nobody has verified"):
        channel_for(URI, settings=ChannelSettings(), registered=REGISTERED).put(staged, clearance=clearance)
    assert bodies(store) == {}


def test_a_bucket_that_nobody_registered_is_not_even_asked(store: Gcs, tmp_path: Path) -> None:
    staged = stage(tmp_path, SEVERAL)
    assert channel(registered=None).posture() == Posture(region=None, country=None)
    with pytest.raises(RefusedError, match="not registered"):
        channel(registered=None).put(staged, clearance=clearance_for(staged, destination=URI))
    assert store.asked == []


def test_the_registration_says_where_it_is_and_the_bucket_only_that_it_is_open(store: Gcs) -> None:
    found = channel().posture()
    assert (found.region, found.country, found.attested) == ("europe-north1", "FI", ("country", "region"))
    assert dict(found.traits)["open to others"] is None
    store.public = True
    assert dict(channel().posture().traits)["open to others"] == "list"


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (401, ForbiddenError, "the store refuses"),
        (403, ForbiddenError, "whether they have expired"),
        (404, MisconfiguredError, "no such place"),
        (503, UnavailableError, "answers 503"),
    ],
)
def test_what_a_store_refuses_is_said_without_its_words(
    store: Gcs, answer: int, kind: type[Exception], said: str
) -> None:
    store.refuses = answer
    with pytest.raises(kind, match=said) as error:
        channel().posture()
    assert TOKEN not in str(error.value)
    assert "AccessDenied" not in str(error.value)


def test_without_credentials_nobody_is_asked(store: Gcs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_BASE_URL")
    monkeypatch.delenv("GOOGLE_BEARER_TOKEN")
    with pytest.raises(StrangerError, match="no credentials"):
        channel().posture()
    assert store.asked == []


def test_a_proxy_that_the_environment_names_does_not_get_the_bytes(
    store: Gcs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(MisconfiguredError, match=r"name 127\.0\.0\.1 in NO_PROXY"):
        put(tmp_path, SEVERAL)
    assert store.asked == []
    monkeypatch.setenv("NO_PROXY", "localhost, 127.0.0.1")
    put(tmp_path, SEVERAL)
    assert bodies(store) == SEVERAL


def test_a_file_of_credentials_that_names_another_store_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "account.json"
    key.write_text(
        '{"gcs_base_url":"https://127.0.0.1:9","disable_oauth":true,"client_email":"",'
        '"private_key":"","private_key_id":""}'
    )
    monkeypatch.setenv("GOOGLE_BEARER_TOKEN", TOKEN)
    monkeypatch.setenv("SERVICE_ACCOUNT", str(key))
    blobs = opened("gs", "partner-box", patience_s=1)
    # What is set for the store itself goes before the file.
    assert dict(blobs.store.config)["base_url"] == "https://storage.googleapis.com"


def test_the_emulators_variables_lead_nowhere(store: Gcs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "Zm9v")
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:9/partner")
    monkeypatch.setenv("AZURE_STORAGE_USE_EMULATOR", "true")
    monkeypatch.setenv("AZURITE_BLOB_STORAGE_URL", f"http://127.0.0.1:{store.port}")
    with pytest.raises(UnavailableError):
        opened("az", "partner/box", patience_s=1).look("in/a.gpkg")
    assert store.asked == []


def test_what_lies_there_is_listed_and_read(store: Gcs, tmp_path: Path) -> None:
    put(tmp_path, SEVERAL)
    place = place_at(URI, settings=ChannelSettings(), registered=REGISTERED)
    listed = {each.name: each for each in place.stored()}
    assert {name: each.size for name, each in listed.items()} == {name: len(body) for name, body in SEVERAL.items()}
    place.fetch(listed["sub/c.parquet"], tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == SEVERAL["sub/c.parquet"]
    store.objects.clear()
    with pytest.raises(RefusedError, match="not there any more"):
        place.digest(listed["a.gpkg"])


def test_a_gate_sends_there_and_its_audit_finds_what_was_changed(gate: Gate, store: Gcs) -> None:
    gate.policies.write_recipients({"uri": URI, "country": "DE", "region": "eu-west3"})
    gate.send(gate.clear(dataset("CSV", gate.staged, COARSE), destination=URI))
    assert not reconcile(house=gate.house()).findings
    store.keep("/partner-box/in/data.csv", b"changed", {})
    store.keep("/partner-box/in/by hand.csv", b"x", {})
    kinds = sorted((each.kind, each.about.rpartition("/")[2]) for each in reconcile(house=gate.house()).findings)
    assert kinds == [(Kind.ALTERED, "data.csv"), (Kind.UNCLEARED, "by hand.csv")]
