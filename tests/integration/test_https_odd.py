"""Servers behind HTTPS that misbehave: each ends in a clear error, a safe state, and a retry that completes."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest
from integration.fixtures_s3 import Trusting, clearance_for, nonce_of, stage
from serving.authority import Authority, Identity
from serving.odd import Odd, Request, odd_server

from geogate.destinations import https_client
from geogate.destinations.channel import Channel, ChannelSettings, channel_for
from geogate.destinations.errors import (
    CorruptedError,
    ForbiddenError,
    MisconfiguredError,
    OccupiedError,
    PermanentError,
    UnavailableError,
)
from geogate.destinations.https_client import Client, RedirectedError, TlsError
from geogate.destinations.https_conditions import ReplacedError
from geogate.model.parties import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geogate.model.dataset import FileDigest
    from geogate.model.release import Delivery

    Staged = list[tuple[FileDigest, Path]]

CONTENTS = {"a.csv": b"roads" * 1000, "b.csv": b"cells" * 2000}
TOKEN = "a-token-of-the-test"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(folder=tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def identity(authority: Authority) -> Identity:
    return authority.issue("server")


@pytest.fixture
def odd(identity: Identity) -> Iterator[Odd]:
    with odd_server(identity) as server:
        yield server


@pytest.fixture
def staged(tmp_path: Path) -> Staged:
    return stage(tmp_path / "staged", CONTENTS)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    return file


@pytest.fixture
def folder(tmp_path: Path, authority: Authority, token: Path) -> Path:
    """Make a folder for what the operator sets."""
    assert authority.file
    assert token
    return tmp_path


def channel_to(odd: Odd, folder: Path, authority: Authority, **keys: object) -> Channel:
    file = folder / "https.yaml"
    set_up = {"bearer_token_file": folder / "token", "ca_file": authority.file} | keys
    lines = "".join(f"    {key}: {value}\n" for key, value in set_up.items() if value)
    file.write_text(f"servers:\n  - host: localhost:{odd.port}\n{lines}")
    file.chmod(0o600)
    settings = ChannelSettings(https_file=file, broker=Trusting(nonce_of(odd.uri)))
    return channel_for(odd.uri, settings=settings, registered=Place(uri=odd.uri, owner="", country="DE"))


def put(channel: Channel, odd: Odd, staged: Staged) -> tuple[Delivery, ...]:
    return channel.put(staged, clearance=clearance_for(staged, destination=odd.uri))


@pytest.fixture
def channel(odd: Odd, folder: Path, authority: Authority) -> Channel:
    return channel_to(odd, folder, authority)


def holding(odd: Odd) -> dict[str, bytes]:
    return {path.removeprefix("/in/"): content for path, content in odd.files.items()}


def once(trick: Trick) -> Trick:
    """Play a trick the first time only that it takes."""
    done: list[bool] = []

    def played(request: Request) -> bool:
        if done or not trick(request):
            return False
        done.append(True)
        return True

    return played


def to_put(request: Request) -> bool:
    """Whether a file is put, not the one with nothing in it."""
    return request.command == "PUT" and "If-None-Match" in request.headers


if TYPE_CHECKING:
    from serving.odd import Trick


def test_each_file_is_put_once_with_its_digest_and_a_condition(odd: Odd, channel: Channel, staged: Staged) -> None:
    put(channel, odd, staged)
    assert holding(odd) == CONTENTS
    assert odd.methods() == ["GET", "GET", "PUT", "PUT", "GET", "PUT", "GET"]
    for _, path, headers in odd.asked:
        assert headers["Authorization"] == f"Bearer {TOKEN}"
        assert path.startswith("/in/")
    first = odd.asked[3][2]
    assert first["If-None-Match"] == "*"
    assert first["Content-Digest"].startswith("sha-256=:")
    assert first["Content-Length"] == "5000"


def test_a_server_that_heeds_no_conditions_gets_nothing(odd: Odd, channel: Channel, staged: Staged) -> None:
    odd.heeds = False
    with pytest.raises(MisconfiguredError, match="heeds no conditions") as caught:
        put(channel, odd, staged)
    (name,) = holding(odd)
    assert name in str(caught.value)
    assert holding(odd)[name] == b""


def test_a_server_that_replaced_something_though_it_was_told_to_create_is_noticed(
    odd: Odd, channel: Channel, staged: Staged
) -> None:
    def replaces(request: Request) -> bool:
        if not to_put(request):
            return False
        odd.files[request.path] = request.content()
        request.answer(204)
        return True

    odd.tricks.append(replaces)
    with pytest.raises(ReplacedError, match=r"'a\.csv'.*may have replaced.*; 1 of 2 files may lie there"):
        put(channel, odd, staged)
    assert list(holding(odd)) == ["a.csv"]


@pytest.mark.parametrize("points_at", [(301, "GET"), (302, "PUT"), (303, "PUT"), (307, "PUT"), (308, "PUT")])
def test_no_redirect_is_followed_and_only_its_host_is_named(
    points_at: tuple[int, str], odd: Odd, channel: Channel, staged: Staged, identity: Identity
) -> None:
    status, when = points_at
    with odd_server(identity) as elsewhere:

        def points(request: Request) -> bool:
            if request.command == when:
                request.content()
                request.answer(status, Location=f"{elsewhere.uri}secret-path?token=1")
                return True
            return False

        odd.tricks.append(points)
        with pytest.raises(RedirectedError, match="points to 'localhost', and no redirect is followed") as caught:
            put(channel, odd, staged)
        assert "secret" not in str(caught.value)
        assert not elsewhere.asked
    assert not holding(odd)
    with pytest.raises(RedirectedError) if when == "GET" else pytest.raises(MisconfiguredError):
        put(channel, odd, staged)
    odd.tricks.clear()
    assert put(channel, odd, staged)


def test_a_redirect_at_judging_is_refused_too(odd: Odd, channel: Channel) -> None:
    odd.tricks.append(lambda request: request.answer(302, Location="https://login.example/"))
    with pytest.raises(RedirectedError, match=r"points to 'login\.example'"):
        channel.posture()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, PermanentError),
        (401, ForbiddenError),
        (403, ForbiddenError),
        (404, MisconfiguredError),
        (405, MisconfiguredError),
        (409, MisconfiguredError),
        (413, MisconfiguredError),
        (429, UnavailableError),
        (202, PermanentError),
        (500, UnavailableError),
        (503, UnavailableError),
        (507, UnavailableError),
    ],
)
def test_an_error_in_the_middle_leaves_what_arrived_and_a_retry_completes(
    status: int, error: type[Exception], odd: Odd, channel: Channel, staged: Staged
) -> None:
    def refuses(request: Request) -> bool:
        if to_put(request) and request.path.endswith("b.csv"):
            request.content()
            request.answer(status, b"https://user:secret@elsewhere/")
            return True
        return False

    odd.tricks.append(refuses)
    with pytest.raises(error) as caught:
        put(channel, odd, staged)
    assert "secret" not in str(caught.value)
    assert list(holding(odd)) == ["a.csv"]
    odd.tricks.clear()
    assert len(put(channel, odd, staged)) == 2
    assert holding(odd) == CONTENTS


def test_credentials_that_end_halfway_are_read_anew_and_a_retry_completes(
    odd: Odd, channel: Channel, staged: Staged, token: Path
) -> None:
    good = [TOKEN]

    def ends(request: Request) -> bool:
        if request.path.endswith("b.csv") and to_put(request) and good == [TOKEN]:
            good[0] = "renewed"
        if request.headers["Authorization"] != f"Bearer {good[0]}":
            request.content()
            request.answer(401)
            return True
        return False

    odd.tricks.append(ends)
    with pytest.raises(ForbiddenError, match=r"answers 401.*renew the credentials") as caught:
        put(channel, odd, staged)
    assert TOKEN not in str(caught.value)
    assert list(holding(odd)) == ["a.csv"]
    with pytest.raises(ForbiddenError, match="answers 401"):
        put(channel, odd, staged)
    token.write_text("renewed")
    assert len(put(channel, odd, staged)) == 2
    assert holding(odd) == CONTENTS


def test_a_connection_that_ends_in_the_middle_of_a_file_leaves_none_of_it(
    odd: Odd, channel: Channel, staged: Staged
) -> None:
    def cut(request: Request) -> bool:
        if to_put(request):
            request.rfile.read(100)
            request.cut()
            return True
        return False

    odd.tricks.append(once(cut))
    with pytest.raises(UnavailableError, match="broke off"):
        put(channel, odd, staged)
    assert not holding(odd)
    assert len(put(channel, odd, staged)) == 2
    assert holding(odd) == CONTENTS


def test_an_answer_that_was_lost_is_found_out_and_nothing_is_put_twice(
    odd: Odd, channel: Channel, staged: Staged
) -> None:
    def lost(request: Request) -> bool:
        if to_put(request):
            odd.files[request.path] = request.content()
            request.cut()
            return True
        return False

    odd.tricks.append(once(lost))
    with pytest.raises(UnavailableError):
        put(channel, odd, staged)
    assert len(put(channel, odd, staged)) == 2
    assert [path for method, path, headers in odd.asked if method == "PUT" and "If-None-Match" in headers] == [
        "/in/a.csv",
        "/in/b.csv",
    ]


def test_somebody_who_was_quicker_is_not_overwritten(odd: Odd, channel: Channel, staged: Staged) -> None:
    def quicker(request: Request) -> bool:
        if to_put(request):
            odd.files[request.path] = b"other"
        return False

    odd.tricks.append(once(quicker))
    with pytest.raises(OccupiedError):
        put(channel, odd, staged)
    assert holding(odd) == {"a.csv": b"other"}


def test_the_same_bytes_of_an_earlier_attempt_are_taken_for_it(odd: Odd, channel: Channel, staged: Staged) -> None:
    def quicker(request: Request) -> bool:
        if to_put(request):
            odd.files[request.path] = CONTENTS[request.path.removeprefix("/in/")]
        return False

    odd.tricks.append(quicker)
    assert len(put(channel, odd, staged)) == 2


@pytest.mark.parametrize("kept", [b"ROADS" * 1000, b"roads", b"", b"roads" * 1001])
def test_other_bytes_on_reading_back_are_an_error_and_no_receipt(
    kept: bytes, odd: Odd, channel: Channel, staged: Staged
) -> None:
    def changes(request: Request) -> bool:
        if to_put(request):
            request.content()
            odd.files[request.path] = kept
            request.answer(201)
            return True
        return False

    odd.tricks.append(changes)
    with pytest.raises(CorruptedError, match=r"other bytes than 'a\.csv' has"):
        put(channel, odd, staged)
    assert list(holding(odd)) == ["a.csv"]
    with pytest.raises(OccupiedError):
        put(channel, odd, staged)


def test_what_is_not_there_after_it_was_put_is_an_error_and_no_receipt(
    odd: Odd, channel: Channel, staged: Staged
) -> None:
    odd.tricks.append(once(lambda request: to_put(request) and bool(request.content()) and request.answer(201)))
    with pytest.raises(UnavailableError, match="is not there"):
        put(channel, odd, staged)
    assert len(put(channel, odd, staged)) == 2


def answer_in_pieces(request: Request, pieces: Iterator[bytes], *, announced: str) -> bool:
    request.send_response(200)
    name, value = announced.split(": ")
    request.send_header(name, value)
    request.end_headers()
    for piece in pieces:
        request.wfile.write(piece)
    request.cut()
    return True


def endless() -> Iterator[bytes]:
    while True:
        yield b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


def test_an_answer_without_an_end_is_not_read_to_it(odd: Odd, channel: Channel, staged: Staged) -> None:
    odd.tricks.append(
        lambda request: (
            request.command == "GET" and answer_in_pieces(request, endless(), announced="Transfer-Encoding: chunked")
        )
    )
    with pytest.raises(OccupiedError):
        put(channel, odd, staged)


def test_an_answer_that_breaks_off_is_no_proof(odd: Odd, channel: Channel, staged: Staged) -> None:
    odd.files["/in/a.csv"] = CONTENTS["a.csv"]
    odd.tricks.append(
        once(
            lambda request: (
                request.command == "GET"
                and answer_in_pieces(request, iter([b"roads"]), announced="Content-Length: 5000")
            )
        )
    )
    with pytest.raises(UnavailableError, match="broke off"):
        put(channel, odd, staged)
    assert len(put(channel, odd, staged)) == 2


@pytest.mark.parametrize("answer", [b"", b"\x00" * 100, b"HTTP/1.1 banana\r\n\r\n", b"SSH-2.0-OpenSSH\r\n"])
def test_an_answer_that_is_none_is_an_error(answer: bytes, odd: Odd, channel: Channel, staged: Staged) -> None:
    def nothing(request: Request) -> bool:
        request.wfile.write(answer)
        request.cut()
        return True

    odd.tricks.append(nothing)
    with pytest.raises(UnavailableError, match="broke off"):
        put(channel, odd, staged)
    with pytest.raises(UnavailableError):
        channel.posture()


def test_an_answer_in_a_coding_is_not_believed(odd: Odd, channel: Channel, staged: Staged) -> None:
    odd.tricks.append(
        lambda request: request.command == "GET" and request.answer(200, b"roads" * 1000, Content_Encoding="gzip")
    )
    with pytest.raises(PermanentError, match="coding that was not asked for"):
        put(channel, odd, staged)


def test_a_server_that_says_nothing_is_left_in_time(
    odd: Odd, channel: Channel, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(https_client, "QUIET_SECONDS", 0.3)

    def sleeps(request: Request) -> bool:
        time.sleep(1)
        return request.answer(503)

    odd.tricks.append(sleeps)
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="does not answer in time"):
        put(channel, odd, staged)
    assert time.monotonic() - began < 5


def test_a_server_that_trickles_its_answer_is_left_in_time(
    odd: Odd, channel: Channel, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(https_client, "EXCHANGE_SECONDS", 0.5)

    def trickles(request: Request) -> bool:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(50):
            request.wfile.write(f"X-{number}: 1\r\n".encode())
            time.sleep(0.05)
        return True

    odd.tricks.append(trickles)
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="does not answer in time"):
        put(channel, odd, staged)
    assert time.monotonic() - began < 2


def test_nobody_there_is_an_error_that_may_pass(odd: Odd, folder: Path, authority: Authority, staged: Staged) -> None:
    channel = channel_to(odd, folder, authority)
    odd.port = 9
    channel = channel_to(odd, folder, authority)
    with pytest.raises(UnavailableError, match="cannot be reached") as caught:
        put(channel, odd, staged)
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("names", "days"), [(("elsewhere.example",), 9), (("localhost",), -1)], ids=["another name", "expired"]
)
def test_a_certificate_of_another_name_or_day_is_not_trusted(
    names: tuple[str, ...], days: int, folder: Path, authority: Authority, staged: Staged
) -> None:
    with odd_server(authority.issue("wrong", names=names, days=days)) as odd:
        channel = channel_to(odd, folder, authority)
        with pytest.raises(ForbiddenError, match="certificate is not trusted"):
            put(channel, odd, staged)
        assert not odd.asked


def test_tls_before_1_2_is_not_spoken(identity: Identity, folder: Path, authority: Authority, staged: Staged) -> None:
    with odd_server(identity, newest=ssl.TLSVersion.TLSv1_1) as odd:
        channel = channel_to(odd, folder, authority)
        with pytest.raises(TlsError, match="no secure connection"):
            put(channel, odd, staged)
        assert not odd.asked
    with odd_server(identity, newest=ssl.TLSVersion.TLSv1_2) as odd:
        assert len(put(channel_to(odd, folder, authority), odd, staged)) == 2


def test_a_client_certificate_lets_in_and_nobody_gets_in_without(
    identity: Identity, folder: Path, authority: Authority, staged: Staged
) -> None:
    ours = authority.issue("ours")
    keys = {"client_certificate_file": ours.certificate, "client_key_file": ours.key, "bearer_token_file": ""}
    with odd_server(identity, clients=str(authority.file)) as odd:
        channel = channel_to(odd, folder, authority, **keys)
        assert dict(channel.posture().traits)["open to others"] == "none"
        assert len(put(channel, odd, staged)) == 2
        assert not any("Authorization" in headers for _, _, headers in odd.asked)
        with pytest.raises(TlsError, match="client certificate"):
            put(channel_to(odd, folder, authority), odd, staged)
        ours.key.chmod(0o644)
        channel = channel_to(odd, folder, authority, **keys)
        with pytest.raises(ForbiddenError, match="others may read a secret"):
            put(channel, odd, staged)


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664, 0o646])
def test_authorities_that_others_may_write_are_not_believed(
    mode: int, odd: Odd, folder: Path, authority: Authority, staged: Staged
) -> None:
    file = folder / "ca.pem"
    file.write_bytes(authority.file.read_bytes())
    file.chmod(mode)
    channel = channel_to(odd, folder, authority, ca_file=file)
    if not mode & 0o022:
        assert len(put(channel, odd, staged)) == 2
        return
    with pytest.raises(ForbiddenError, match=r"others may write a ca_file that GEOGATE_HTTPS names \(chmod go-w\)"):
        put(channel, odd, staged)
    assert not odd.asked


def test_a_connection_that_breaks_off_is_no_word_that_a_certificate_was_wanted(
    odd: Odd, folder: Path, authority: Authority
) -> None:
    ours = authority.issue("ours")
    channel = channel_to(odd, folder, authority, client_certificate_file=ours.certificate, client_key_file=ours.key)

    def breaks_off(request: Request) -> bool:
        if "Authorization" in request.headers:
            return False
        request.cut()
        return True

    odd.tricks.append(breaks_off)
    assert dict(channel.posture().traits)["open to others"] is None
    odd.tricks.clear()
    assert dict(channel.posture().traits)["open to others"] == "read"


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_word_of_a_server_that_wants_a_certificate_is_heard_each_time(
    newest: ssl.TLSVersion, identity: Identity, folder: Path, authority: Authority
) -> None:
    ours = authority.issue("ours")
    keys = {"client_certificate_file": ours.certificate, "client_key_file": ours.key, "bearer_token_file": ""}
    with odd_server(identity, clients=str(authority.file), newest=newest) as odd:
        channel = channel_to(odd, folder, authority, **keys)
        assert [dict(channel.posture().traits)["open to others"] for _ in range(10)] == ["none"] * 10


def test_a_failing_connection_is_no_word_that_nobody_gets_in(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Client.to

    def failing(*args: Any, anonymous: bool = False, **named: Any) -> Client:
        if anonymous:
            raise TlsError("no secure connection comes about")
        return real(*args, **named)

    monkeypatch.setattr(Client, "to", failing)
    with pytest.raises(TlsError):
        channel.posture()


@pytest.mark.parametrize(
    ("status", "told"), [(200, "read"), (404, "read"), (401, "none"), (403, None), (400, None), (405, None)]
)
def test_the_posture_says_what_somebody_without_credentials_is_told(
    status: int, told: str | None, odd: Odd, channel: Channel
) -> None:
    odd.tricks.append(lambda request: "Authorization" not in request.headers and request.answer(status))
    assert dict(channel.posture().traits)["open to others"] == told


@pytest.mark.parametrize("who", ["us", "others"])
def test_a_posture_that_cannot_be_asked_for_is_an_error(who: str, odd: Odd, channel: Channel) -> None:
    odd.tricks.append(lambda request: ("Authorization" in request.headers) == (who == "us") and request.answer(503))
    with pytest.raises(UnavailableError, match="asking what it is like: the server answers 503"):
        channel.posture()


def test_the_environment_names_no_proxy_and_no_credentials(
    odd: Odd, channel: Channel, staged: Staged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine localhost login other password other\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    assert len(put(channel, odd, staged)) == 2
    assert {headers["Authorization"] for _, _, headers in odd.asked} == {f"Bearer {TOKEN}"}
    assert not (tmp_path / "keys").exists()
