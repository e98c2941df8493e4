"""Putting cleared files behind HTTPS: on a real Apache, once, complete, and never over anything else."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from integration.fixtures_s3 import Trusting, clearance_for, nonce_of, stage
from serving.apache import PASSWORD, USER, Apache, apache
from serving.authority import Authority

from geogate.destinations.channel import Channel, ChannelSettings, channel_for
from geogate.destinations.errors import (
    ChangedError,
    ForbiddenError,
    MisconfiguredError,
    OccupiedError,
    UnavailableError,
)
from geogate.model.errors import InputError, PolicyError, RefusedError, UsageError
from geogate.model.parties import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geogate.model.release import Delivery

CONTENTS = {"a.gpkg": b"roads" * 1000, "b.csv": b"", "ü c.parquet": b"cells" * 500_000}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(folder=tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def running(authority: Authority) -> Iterator[Apache]:
    with apache(authority.issue("server")) as server:
        yield server


@pytest.fixture
def server(running: Apache) -> Apache:
    running.empty()
    return running


def set_up(folder: Path, authority: Authority, port: int, **changes: str) -> Path:
    """Write the file of GEOGATE_HTTPS with a password; a change that is empty leaves a key out."""
    secret = folder / "password"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    keys = {
        "host": f"localhost:{port}",
        "user": USER,
        "password_file": str(secret),
        "ca_file": str(authority.file),
    } | changes
    lines = "".join(f"    {key}: {value}\n" for key, value in keys.items() if value)
    file = folder / "https.yaml"
    file.write_text("servers:\n  - " + lines.lstrip())
    file.chmod(0o600)
    return file


@pytest.fixture
def access(tmp_path: Path, authority: Authority, running: Apache) -> Path:
    return set_up(tmp_path, authority, running.port)


def channel_to(uri: str, access: Path | None, *, pins: tuple[str, ...] = (), **settings: Any) -> Channel:
    place = Place(uri=uri, owner="", country="DE", certificate_keys=pins)
    more = {"broker": Trusting(nonce_of(uri))} | settings
    return channel_for(uri, settings=ChannelSettings(https_file=access, **more), registered=place)


def put(uri: str, access: Path | None, staged: list[Any], **settings: Any) -> tuple[Delivery, ...]:
    return channel_to(uri, access, **settings).put(staged, clearance=clearance_for(staged, destination=uri))


def test_what_was_cleared_arrives_with_its_bytes_and_nothing_else_does(
    server: Apache, access: Path, tmp_path: Path
) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    broker = Trusting(nonce_of(server.uri))
    deliveries = put(server.uri, access, staged, broker=broker)
    assert server.holding() == CONTENTS
    assert [(each.uri, each.sha256, each.size, each.version) for each in deliveries] == [
        (server.uri + digest.name, digest.sha256, digest.size, "") for digest, _ in staged
    ]
    assert broker.asked == [server.uri + digest.name for digest, _ in staged]


def test_sending_again_finds_what_was_delivered_and_completes_the_rest(
    server: Apache, access: Path, tmp_path: Path
) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    channel = channel_to(server.uri, access)
    clearance = clearance_for(staged, destination=server.uri)
    assert channel.delivered(clearance=clearance) == (None, None, None)
    server.place("a.gpkg", CONTENTS["a.gpkg"])
    before = (server.folder / "a.gpkg").stat().st_mtime_ns
    assert [each is not None for each in channel.delivered(clearance=clearance)] == [True, False, False]
    first = channel.put(staged, clearance=clearance)
    assert channel.put(staged, clearance=clearance) == first == channel.delivered(clearance=clearance)
    assert (server.folder / "a.gpkg").stat().st_mtime_ns == before
    assert server.holding() == CONTENTS


@pytest.mark.parametrize("other", [b"other", b"ROADS" * 1000, b""], ids=["shorter", "same size", "empty"])
def test_something_else_is_never_overwritten_and_nothing_arrives_beside_it(
    other: bytes, server: Apache, access: Path, tmp_path: Path
) -> None:
    server.place("a.gpkg", other)
    staged = stage(tmp_path / "staged", CONTENTS)
    with pytest.raises(OccupiedError, match=r"something else is already there: 'a\.gpkg'; 0 of 3 files may lie there"):
        put(server.uri, access, staged)
    assert server.holding() == {"a.gpkg": other}
    delivered = channel_to(server.uri, access).delivered(clearance=clearance_for(staged, destination=server.uri))
    assert delivered == (None, None, None)


def test_a_staged_file_that_changed_is_refused_and_nothing_arrives(
    server: Apache, access: Path, tmp_path: Path
) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    staged[-1][1].write_bytes(b"CELLS" * 500_000)
    with pytest.raises(ChangedError, match="is not the one that was cleared"):
        put(server.uri, access, staged)
    staged[-1][1].unlink()
    with pytest.raises(InputError, match="cannot be read") as caught:
        put(server.uri, access, staged)
    assert str(tmp_path) not in str(caught.value)
    assert not server.holding()


def test_nobody_sends_without_a_clearance_that_was_claimed_and_still_holds(
    server: Apache, access: Path, tmp_path: Path
) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    with pytest.raises(RefusedError, match="nobody has verified the clearance"):
        put(server.uri, access, staged, broker=None)
    with pytest.raises(UnavailableError, match="the clearance is over, so that nothing may be written any more"):
        put(server.uri, access, staged, broker=Trusting(nonce_of(server.uri), writes_until=None))
    with pytest.raises(RefusedError, match="the files are not those"):
        channel_to(server.uri, access).put(staged[1:], clearance=clearance_for(staged, destination=server.uri))
    with pytest.raises(RefusedError, match="for another destination"):
        channel_to(server.uri, access).put(staged, clearance=clearance_for(staged, destination=server.uri + "x/"))
    assert not server.holding()


def test_an_unregistered_place_is_not_contacted(tmp_path: Path) -> None:
    uri = "https://localhost:1/in/"
    staged = stage(tmp_path / "staged", CONTENTS)
    channel = channel_for(uri, settings=ChannelSettings(broker=Trusting(nonce_of(uri))), registered=None)
    assert (channel.posture().country, channel.posture().region, channel.posture().traits) == (None, None, ())
    with pytest.raises(RefusedError, match="not registered any more"):
        channel.put(staged, clearance=clearance_for(staged, destination=uri))


def test_the_posture_says_who_answered_and_that_others_are_kept_out(
    server: Apache, access: Path, authority: Authority
) -> None:
    pin = authority.issue("another").pin
    found = channel_to(server.uri, access).posture()
    assert (found.country, found.region, found.attested) == ("DE", "server", ("country",))
    traits = dict(found.traits)
    key = traits.pop("certificate key")
    assert key not in {None, pin}
    assert traits == {
        "appears": "file by file",
        "connected to": f"127.0.0.1:{server.port}",
        "country": "DE",
        "network": "loopback",
        "open to others": "none",
        "pinned": "none",
        "region": "server",
        "TLS": "TLSv1.3",
    }
    assert dict(channel_to(server.uri, access, pins=(pin, str(key))).posture().traits)["pinned"] == "yes"


def test_a_server_with_another_key_than_the_registered_ones_gets_nothing(
    server: Apache, access: Path, authority: Authority, tmp_path: Path
) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    pin = authority.issue("another").pin
    with pytest.raises(ForbiddenError, match="another key than those that are registered"):
        put(server.uri, access, staged, pins=(pin,))
    with pytest.raises(ForbiddenError, match="another key"):
        channel_to(server.uri, access, pins=(pin,)).posture()
    assert not server.holding()


def test_a_server_that_no_known_authority_vouches_for_gets_nothing(
    server: Apache, tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the environment says of authorities counts for nothing.
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(authority.file))
    access = set_up(tmp_path, authority, server.port, ca_file="")
    with pytest.raises(ForbiddenError, match="certificate is not trusted") as caught:
        put(server.uri, access, stage(tmp_path / "staged", CONTENTS))
    assert not caught.value.retryable
    assert not server.holding()


def test_wrong_or_missing_credentials_are_refused_when_it_is_judged(
    server: Apache, tmp_path: Path, authority: Authority
) -> None:
    access = set_up(tmp_path, authority, server.port, user="", password_file="")
    with pytest.raises(ForbiddenError, match=r"the server answers 401.*renew the credentials"):
        channel_to(server.uri, access).posture()
    access = set_up(tmp_path, authority, server.port)
    (tmp_path / "password").write_text("wrong")
    with pytest.raises(ForbiddenError, match="the server answers 401"):
        put(server.uri, access, stage(tmp_path / "staged", CONTENTS))
    (tmp_path / "password").chmod(0o644)
    with pytest.raises(ForbiddenError, match="others may read a secret"):
        channel_to(server.uri, access).posture()


def test_a_folder_that_is_not_there_is_said_to_be_so(server: Apache, access: Path, tmp_path: Path) -> None:
    staged = stage(tmp_path / "staged", {"sub/a.csv": b"1"})
    with pytest.raises(MisconfiguredError, match=r"no folder for 'sub/a\.csv'"):
        put(server.uri, access, staged)


def test_secrets_are_in_no_log_and_no_error(
    server: Apache, access: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    put(server.uri, access, stage(tmp_path / "staged", CONTENTS))
    assert "httpcore" in {record.name.split(".")[0] for record in caplog.records}
    assert PASSWORD not in caplog.text
    assert "Basic" not in caplog.text


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("servers: []", "at least 1"),
        ("servers:\n  - host: Localhost", "not a host"),
        ("servers:\n  - host: localhost:443", "not a host"),
        ("servers:\n  - {host: localhost, user: me}", "go together"),
        ("servers:\n  - {host: localhost, client_key_file: /k}", "go together"),
        ("servers:\n  - {host: localhost, user: me, password_file: /p, bearer_token_file: /t}", "not both"),
        ("servers:\n  - {host: localhost, password: hidden}", "unknown key"),
        ("servers:\n  - {host: localhost}\n  - {host: localhost}", "stands twice"),
    ],
)
def test_a_file_of_servers_that_is_not_wholly_understood_is_refused(text: str, wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "https.yaml"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(PolicyError, match=wrong) as caught:
        channel_to("https://localhost/in/", file).posture()
    assert "hidden" not in str(caught.value)


def test_a_file_of_servers_that_others_may_write_or_that_is_missing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "https.yaml"
    with pytest.raises(UsageError, match="cannot be read"):
        channel_to("https://localhost/in/", file).posture()
    file.write_text("servers:\n  - host: localhost")
    file.chmod(0o666)
    with pytest.raises(UsageError, match="others may read or write"):
        channel_to("https://localhost/in/", file).posture()


def test_a_large_file_goes_in_bounded_memory(server: Apache, access: Path, tmp_path: Path) -> None:
    staged = stage(tmp_path / "staged", {"large.tif": bytes(range(256)) * (1 << 17)})  # 32 MiB
    tracemalloc.start()
    try:
        put(server.uri, access, staged)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20
    assert (server.folder / "large.tif").stat().st_size == 32 << 20
