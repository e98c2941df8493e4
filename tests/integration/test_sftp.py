"""The channel to SFTP against a real OpenSSH server: puts once, reads back, and takes up what a death left."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from integration.fixtures_s3 import nonce_of
from integration.fixtures_sftp import SEVERAL, Inbox
from serving.sshd import sessions_of

from geogate.destinations.channel import ChannelSettings, channel_for
from geogate.destinations.errors import (
    ChangedError,
    CorruptedError,
    ForbiddenError,
    MisconfiguredError,
    OccupiedError,
    PermanentError,
    UnavailableError,
    UnknownServerError,
)
from geogate.destinations.notes import note_of
from geogate.destinations.sftp_session import on_server
from geogate.destinations.stored_sftp import server_of
from geogate.model.errors import RefusedError
from geogate.model.parties import Posture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from geogate.destinations.sftp_files import Files

LARGE = {"a.csv": b"first", "b.parquet": b"0123456789abcdef" * (16 << 16), "c.csv": b"last"}
"""Two short files, and one of 16 MiB that takes a while."""

SHORT = {"a.csv": b"first", "b.parquet": b"0123456789abcdef" * 1000, "c.csv": b"last"}


def test_all_files_arrive_once_with_a_note_of_their_digests(inbox: Inbox) -> None:
    deliveries = inbox.put(SEVERAL)
    assert [each.uri.removeprefix(inbox.uri) for each in deliveries] == sorted(SEVERAL)
    assert inbox.server.delivered() == SEVERAL
    note = note_of(inbox.clearance(SEVERAL))
    assert inbox.server.stored()[note.name] == note.content
    assert all(each.sha256 in note.content.decode() for each in deliveries)


def test_the_same_sending_again_writes_nothing(inbox: Inbox) -> None:
    inbox.put(SEVERAL)
    before = {path: path.stat().st_mtime_ns for path in inbox.server.root.rglob("*")}
    inbox.put(SEVERAL)
    assert {path: path.stat().st_mtime_ns for path in inbox.server.root.rglob("*")} == before
    assert inbox.delivered(SEVERAL) == [True] * len(SEVERAL)


def test_two_files_with_the_same_bytes_are_two_files(inbox: Inbox) -> None:
    inbox.put({"a.csv": b"same", "b.csv": b"same"})
    assert inbox.server.delivered() == {"a.csv": b"same", "b.csv": b"same"}


def test_the_server_says_its_key_and_the_registration_its_country(inbox: Inbox) -> None:
    found = inbox.channel.posture()
    assert (found.region, found.country, found.attested) == ("server", "NO", ("country",))
    traits = dict(found.traits)
    assert str(traits["host key"]).startswith("SHA256:")
    assert traits["open to others"] == "read, enter"
    inbox.server.root.chmod(0o700)
    assert dict(inbox.channel.posture().traits)["open to others"] == "none"


def test_a_country_that_nobody_registered_is_not_known(inbox: Inbox) -> None:
    inbox.country = ""
    assert inbox.channel.posture().country is None
    assert inbox.channel.posture().attested == ()


def test_a_server_that_nobody_registered_is_not_even_called(inbox: Inbox) -> None:
    inbox.server.kill()
    channel = channel_for(inbox.uri, settings=inbox.settings, registered=None)
    assert channel.posture() == Posture(region=None, country=None)
    with pytest.raises(RefusedError, match="no host key is registered"):
        channel.put(inbox.staged(SEVERAL), clearance=inbox.clearance(SEVERAL))
    with pytest.raises(RefusedError, match="no host key is registered"):
        channel.delivered(clearance=inbox.clearance(SEVERAL))


# ---- the host key


def test_a_changed_host_key_ends_everything_until_it_is_registered(inbox: Inbox) -> None:
    inbox.host_keys = (inbox.server.host_key,)
    inbox.server.restart(host_key_file="host_ed25519_new")
    for act in (
        inbox.channel.posture,
        lambda: inbox.put(SEVERAL),
        lambda: inbox.delivered(SEVERAL),
        lambda: list(inbox.lying.stored()),
    ):
        with pytest.raises(UnknownServerError, match=r"another host key .* register the new one") as error:
            act()
        assert not error.value.retryable
    assert inbox.server.stored() == {}
    inbox.host_keys = (*inbox.host_keys, inbox.server.host_key)
    inbox.put(SEVERAL)
    assert inbox.server.delivered() == SEVERAL


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_server_is_known_by_whichever_of_its_keys_is_registered(inbox: Inbox, kind: str) -> None:
    first = inbox.server.host_key
    inbox.server.restart(host_key_file=f"host_{kind}", more=f"HostKey {inbox.server.folder}/host_ed25519")
    of_kind = dict(inbox.channel.posture().traits)["host key"]
    inbox.host_keys = (first,)
    assert of_kind != dict(inbox.channel.posture().traits)["host key"]


def test_a_server_without_a_key_of_a_registered_type_is_not_trusted(inbox: Inbox) -> None:
    inbox.host_keys = (inbox.server.host_key,)
    inbox.server.restart(host_key_file="host_rsa")
    with pytest.raises(UnknownServerError):
        inbox.put(SEVERAL)


def test_a_server_that_only_speaks_what_is_broken_is_not_spoken_to(inbox: Inbox) -> None:
    inbox.server.restart(more="Ciphers aes128-cbc")
    with pytest.raises(PermanentError, match="no host key or cipher that is safe"):
        inbox.put(SEVERAL)


def test_nothing_of_the_users_own_ssh_is_looked_at(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = inbox.server.host_key
    inbox.server.restart(host_key_file="host_ed25519_new")
    ssh = tmp_path / "home" / ".ssh"
    ssh.mkdir(parents=True)
    (ssh / "known_hosts").write_text(f"[127.0.0.1]:{inbox.server.port} {inbox.server.host_key}\n")
    (ssh / "config").write_text("Host *\n  StrictHostKeyChecking no\n  User root\n  Port 1\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "no-agent"))
    inbox.host_keys = (registered,)
    with pytest.raises(UnknownServerError):
        inbox.channel.posture()
    inbox.host_keys = ()
    inbox.put(SEVERAL)
    (inbox.server.keys / inbox.server.account).rename(ssh / "id_ed25519")
    with pytest.raises(ForbiddenError, match="there is no key of"):
        inbox.channel.posture()


# ---- credentials


def test_credentials_that_expire_halfway_are_an_error_and_new_ones_complete_it(inbox: Inbox) -> None:

    def expire() -> None:
        inbox.server.forget_the_gate()
        _end_sessions(inbox)

    killing = _when(inbox.server.root, "*.part", expire)
    with pytest.raises(UnavailableError):
        inbox.put(LARGE)
    killing.join()
    assert not set(inbox.server.delivered()) & set(LARGE)
    with pytest.raises(ForbiddenError, match=r"does not let the gate in .*expired"):
        inbox.put(LARGE)
    inbox.server.authorize()
    inbox.put(LARGE)
    assert inbox.server.delivered() == LARGE


def test_a_key_that_others_may_read_is_not_used(inbox: Inbox) -> None:
    (inbox.server.keys / inbox.server.account).chmod(0o640)
    with pytest.raises(ForbiddenError, match=r"open to others, or no file \(chmod 600"):
        inbox.channel.posture()


def test_what_is_no_private_key_is_said_to_be_none(inbox: Inbox) -> None:
    path = inbox.server.keys / inbox.server.account
    path.write_text("secret words")
    with pytest.raises(ForbiddenError, match="no private key without a passphrase") as error:
        inbox.channel.posture()
    assert "secret" not in str(error.value)
    path.unlink()
    path.mkdir()
    with pytest.raises(ForbiddenError, match="open to others"):
        inbox.channel.posture()


def test_a_password_is_only_tried_where_the_server_is_the_registered_one(inbox: Inbox) -> None:
    (inbox.server.keys / inbox.server.account).rename(inbox.server.keys / "elsewhere")
    password = inbox.server.keys / f"{inbox.server.account}.password"
    password.write_text("not-the-password\n")
    password.chmod(0o600)
    with pytest.raises(ForbiddenError, match="does not let the gate in") as error:
        inbox.channel.posture()
    assert "not-the-password" not in repr(error.value.__cause__)
    password.write_bytes(b"\xff\xfe")
    with pytest.raises(ForbiddenError, match="is no text"):
        inbox.channel.posture()


def test_without_a_folder_of_keys_there_is_nothing_to_try(inbox: Inbox) -> None:
    settings = replace(inbox.settings, sftp_keys=None)
    with pytest.raises(ForbiddenError, match="set GEOGATE_SFTP_KEYS"):
        channel_for(inbox.uri, settings=settings, registered=inbox.registered).posture()


# ---- what is in the way


@pytest.mark.parametrize("content", [b"roads", b"somebody else's"])
def test_somebody_elses_file_is_not_ours_even_with_the_same_bytes(inbox: Inbox, content: bytes) -> None:
    (inbox.server.root / "a.gpkg").write_bytes(content)
    with pytest.raises(OccupiedError, match="something else is already there"):
        inbox.put(SEVERAL)
    assert inbox.server.stored() == {"a.gpkg": content}
    assert inbox.delivered(SEVERAL) == [False] * len(SEVERAL)


def test_the_file_of_another_clearance_is_not_ours(inbox: Inbox) -> None:
    inbox.put({"a.csv": b"x"})
    with pytest.raises(OccupiedError):
        inbox.channel.put(
            inbox.staged({"a.csv": b"x"}), clearance=inbox.clearance({"a.csv": b"x"}, nonce=nonce_of("another"))
        )
    assert inbox.delivered({"a.csv": b"x"}, nonce=nonce_of("another")) == [False]


@pytest.mark.parametrize("name", ["a.gpkg", "sub"])
def test_links_in_the_way_are_not_followed(inbox: Inbox, name: str) -> None:
    elsewhere = inbox.server.folder / "elsewhere"
    elsewhere.mkdir()
    inbox.server.give(elsewhere)
    (inbox.server.root / name).symlink_to(elsewhere)
    with pytest.raises((OccupiedError, MisconfiguredError), match=r"already there|is a link"):
        inbox.put(SEVERAL)
    assert list(elsewhere.iterdir()) == []
    assert not inbox.server.delivered()


def test_a_folder_that_is_reached_through_a_link_is_not_the_registered_one(inbox: Inbox) -> None:
    (inbox.server.folder / "link").symlink_to(inbox.server.root)
    for path in (f"{inbox.server.folder}/link", f"{inbox.server.folder}/missing", f"{inbox.server.folder}/sshd_config"):
        inbox.path = path
        with pytest.raises(MisconfiguredError, match="no folder on its server"):
            inbox.put(SEVERAL)
    (inbox.server.folder / "above").symlink_to(inbox.server.folder)
    inbox.path = f"{inbox.server.folder}/above/inbox"
    with pytest.raises(MisconfiguredError, match="without symbolic links"):
        inbox.put(SEVERAL)
    assert inbox.server.stored() == {}


def test_the_root_of_a_server_that_shows_only_the_inbox_is_a_place(inbox: Inbox) -> None:
    inbox.server.restart(more="")
    inbox.path = "/tmp"  # a folder that every server has; nothing is put there
    assert inbox.channel.posture().region == "server"


def test_a_note_that_somebody_else_wrote_ends_it(inbox: Inbox) -> None:
    (inbox.server.root / note_of(inbox.clearance(SEVERAL)).name).write_bytes(b"{}")
    with pytest.raises(OccupiedError, match=r"\.geogate\."):
        inbox.put(SEVERAL)


def test_a_file_that_came_between_preparing_and_naming_is_not_overwritten(inbox: Inbox) -> None:
    inbox.put(SHORT)
    part = _rename_back(inbox, "a.csv")
    (inbox.server.root / "a.csv").write_bytes(SHORT["a.csv"])
    with pytest.raises(OccupiedError, match=r"a\.csv"):
        inbox.put(SHORT)
    assert part.read_bytes() == SHORT["a.csv"]
    assert inbox.delivered(SHORT) == [False, True, True]


def test_a_name_that_is_taken_is_not_given_again(inbox: Inbox) -> None:
    for name in ("ours", "theirs"):
        (inbox.server.root / name).write_text(name)
        inbox.server.give(inbox.server.root / name)
    server, path = server_of(inbox.uri, settings=inbox.settings, registered=inbox.registered)

    async def rename(there: Files) -> bool:
        return await there.renamed(f"{path}/ours", f"{path}/theirs")

    assert on_server(server, rename) is False
    assert inbox.server.stored() == {"ours": b"ours", "theirs": b"theirs"}


def test_what_the_server_holds_otherwise_than_it_was_sent_gets_no_name(inbox: Inbox) -> None:
    def damage() -> None:
        for path in inbox.server.root.glob("*.part"):
            with path.open("r+b") as file:
                file.write(b"damaged")

    damaging = _when(inbox.server.root, "*.part", damage)
    with pytest.raises(CorruptedError, match=r"holds other bytes than those of what was written as 'b\.parquet'"):
        inbox.put(LARGE)
    damaging.join()
    assert inbox.server.stored() == {}


# ---- deaths


def test_a_server_that_dies_in_the_middle_leaves_nothing_visible_and_a_retry_completes(inbox: Inbox) -> None:
    killing = _when(inbox.server.root, "*.part", inbox.server.kill)
    with pytest.raises(UnavailableError) as error:
        inbox.put(LARGE)
    killing.join()
    assert error.value.retryable
    assert not set(inbox.server.stored()) & set(LARGE)
    with pytest.raises(UnavailableError, match="does not answer"):
        inbox.put(LARGE)
    inbox.server.start()
    inbox.put(LARGE)
    assert inbox.server.delivered() == LARGE


def test_what_was_prepared_whole_is_not_sent_again(inbox: Inbox) -> None:
    inbox.put(SHORT)
    parts = [_rename_back(inbox, name) for name in ("a.csv", "b.parquet")]
    files = {path.stat().st_ino for path in parts}
    assert inbox.put(SHORT)
    assert inbox.server.delivered() == SHORT
    assert {(inbox.server.root / name).stat().st_ino for name in ("a.csv", "b.parquet")} == files


def test_a_prepared_file_that_was_damaged_meanwhile_is_written_anew(inbox: Inbox) -> None:
    inbox.put(SHORT)
    _rename_back(inbox, "b.parquet").write_bytes(b"damaged")
    inbox.put(SHORT)
    assert inbox.server.delivered() == SHORT


def test_a_server_that_died_between_the_two_steps_of_a_rename_has_delivered(inbox: Inbox) -> None:
    inbox.put(SHORT)
    part = inbox.server.root / _part_name(inbox, "a.csv")
    os.link(inbox.server.root / "a.csv", part)
    assert inbox.delivered(SHORT) == [True, True, True]
    os.link(inbox.server.root / "a.csv", part)
    inbox.put(SHORT)
    assert inbox.server.delivered() == SHORT


def test_looking_back_clears_away_what_was_begun(inbox: Inbox) -> None:
    inbox.put(SHORT)
    _rename_back(inbox, "a.csv")
    assert inbox.delivered(SHORT) == [False, True, True]
    assert set(inbox.server.delivered()) == {"b.parquet", "c.csv"}
    for name in ("b.parquet", "c.csv"):
        _rename_back(inbox, name)
    assert inbox.delivered(SHORT) == [False, False, False]
    assert inbox.server.stored() == {}


def test_a_delivered_file_that_was_changed_is_not_ours_any_more(inbox: Inbox) -> None:
    inbox.put(SEVERAL)
    (inbox.server.root / "a.gpkg").write_bytes(b"roadz")
    with pytest.raises(OccupiedError, match=r"a\.gpkg"):
        inbox.put(SEVERAL)


def test_a_disk_without_room_is_an_error_that_a_retry_gets_over(inbox: Inbox) -> None:
    inbox.server.limit_files(1 << 20)
    with pytest.raises(UnavailableError, match="whether its disk is full"):
        inbox.put(LARGE)
    assert inbox.server.stored() == {}
    inbox.server.limit_files(1 << 30)
    inbox.put(LARGE)
    assert inbox.server.delivered() == LARGE


def test_a_permission_that_was_taken_away_is_an_error_until_it_is_given_back(inbox: Inbox) -> None:
    inbox.server.root.chmod(0o555)
    with pytest.raises(ForbiddenError, match="let the gate's account write there"):
        inbox.put(SEVERAL)
    inbox.server.root.chmod(0o755)
    inbox.put(SEVERAL)
    assert inbox.server.delivered() == SEVERAL


def test_a_folder_that_disappears_in_the_middle_is_an_error_and_comes_back_whole(inbox: Inbox) -> None:
    away = inbox.server.folder / "away"
    moving = _when(inbox.server.root, "*.part", lambda: inbox.server.root.rename(away))
    with pytest.raises((MisconfiguredError, UnavailableError)):
        inbox.put(LARGE)
    moving.join()
    assert not {path.name for path in away.iterdir()} & set(LARGE)
    with pytest.raises(MisconfiguredError, match="no folder on its server"):
        inbox.put(LARGE)
    away.rename(inbox.server.root)
    inbox.put(LARGE)
    assert inbox.server.delivered() == LARGE


def test_a_server_that_falls_silent_is_not_awaited_for_ever(inbox: Inbox) -> None:
    inbox.patience_s = 1.0
    began = time.monotonic()
    stopping = _when(inbox.server.root, "*.part", lambda: _end_sessions(inbox, signal.SIGSTOP))
    with pytest.raises(UnavailableError):
        inbox.put(LARGE)
    stopping.join()
    assert time.monotonic() - began < 15
    _end_sessions(inbox)
    inbox.patience_s = 20
    inbox.put(LARGE)
    assert inbox.server.delivered() == LARGE


# ---- the clearance


def test_nothing_is_written_without_leave_or_after_its_end(inbox: Inbox) -> None:
    now = datetime.now(UTC)
    for until, said in ((None, "the clearance is over"), (now - timedelta(seconds=1), "expired while sending")):
        inbox.writes_until = until
        with pytest.raises(UnavailableError, match=said):
            inbox.put(SEVERAL)
    channel = channel_for(inbox.uri, settings=ChannelSettings(sftp_keys=inbox.server.keys), registered=inbox.registered)
    with pytest.raises(RefusedError, match="nobody has verified the clearance"):
        channel.put(inbox.staged(SEVERAL), clearance=inbox.clearance(SEVERAL))
    assert inbox.server.stored() == {}


def test_other_bytes_than_were_cleared_are_not_sent(inbox: Inbox) -> None:
    staged = inbox.staged(SEVERAL)
    clearance = inbox.clearance(SEVERAL)
    for content in (b"roadz", b"more than there was", b""):
        staged[0][1].write_bytes(content)
        with pytest.raises(ChangedError):
            inbox.channel.put(staged, clearance=clearance)
    assert inbox.server.stored() == {}


# ---- where it is called


def test_it_works_below_an_event_loop_that_runs(inbox: Inbox) -> None:
    async def within() -> None:
        inbox.put(SEVERAL)

    asyncio.run(within())
    assert inbox.server.delivered() == SEVERAL


def test_a_caller_that_is_interrupted_is_not_kept(inbox: Inbox) -> None:
    class InterruptedHereError(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise InterruptedHereError

    before = signal.signal(signal.SIGALRM, interrupt)
    stopping = _when(inbox.server.root, "*.part", lambda: _end_sessions(inbox, signal.SIGSTOP))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1.5)
        with pytest.raises(InterruptedHereError):
            inbox.put(LARGE)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        stopping.join()
        _end_sessions(inbox)
    assert not [each for each in threading.enumerate() if each.name == "geogate-sftp"]


def _part_name(inbox: Inbox, name: str) -> str:
    """Name the part of a file at the top of the inbox as a sending that is stopped shows it."""
    return f".{hashlib.sha256(name.encode()).hexdigest()[:16]}.{nonce_of(inbox.uri)}.part"


def _rename_back(inbox: Inbox, name: str) -> Path:
    """Undo the last step of a sending for one file, as if the server had died before it."""
    return (inbox.server.root / name).rename(inbox.server.root / _part_name(inbox, name))


def _when(folder: Path, pattern: str, act: Callable[[], object]) -> threading.Thread:
    """Act once there is something with enough bytes in a folder to be in the middle of being written."""

    def wait() -> None:
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            if any(path.stat().st_size > 1 << 20 for path in folder.glob(pattern) if path.exists()):
                act()
                return
            time.sleep(0.001)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def _end_sessions(inbox: Inbox, how: signal.Signals = signal.SIGKILL) -> None:
    """End the connections of a server, or let them hang."""
    assert inbox.server.process is not None
    for pid in sessions_of(inbox.server.process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, how)
