"""Transfers with other tools than geogate's own, which take a clearance and spend it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from gating.files import stage

from geogate.gate.transfers import Part, permit, settle
from geogate.model.errors import InputError, RefusedError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

    from geogate.gate.transfers import Permit
    from geogate.model.names import Nonce

ME = "airflow:flights/run/transfer/-1"
NONE = "no open clearance for exactly these bytes at this place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A dataset that may go, and the part that a transfer would send."""

    gate: Gate
    nonce: Nonce
    part: Part

    def permit(self, *parts: Part, by: str = ME) -> Permit:
        return permit(parts or (self.part,), by=by, house=self.gate.house("airflow"))


@pytest.fixture
def cleared(gate: Gate) -> Cleared:
    nonce = gate.clear(stage("CSV", gate.staged))
    clearance, _ = gate.clearance(nonce)
    (file,) = clearance.files
    part = Part(uri=clearance.destination + file.name, file=gate.house().staging().open(file.sha256))
    return Cleared(gate=gate, nonce=nonce, part=part)


def test_a_transfer_takes_a_clearance_and_spends_it(cleared: Cleared) -> None:
    permitted = cleared.permit()
    assert cleared.gate.states() == [State.SENDING]

    receipt = settle(permitted, (cleared.part,), house=cleared.gate.house("airflow"))

    assert (receipt.nonce, [each.uri for each in receipt.deliveries]) == (cleared.nonce, [cleared.part.uri])
    assert cleared.gate.states() == [State.SENT]
    assert cleared.gate.kinds()[-3:] == ["claim", "transfer-taken", "receive"]
    cleared.gate.require_whole_ledger()
    with pytest.raises(RefusedError, match=NONE):
        cleared.permit()


@pytest.mark.parametrize("place", ["gs://bucket/", "az://account/container/", "sftp://us@host/in/", "https://host/in/"])
def test_other_tools_send_where_they_cannot_overwrite_only(cleared: Cleared, place: str) -> None:
    with pytest.raises(RefusedError, match="nobody knows that this transfer overwrites nothing there"):
        cleared.permit(replace(cleared.part, uri=f"{place}a.csv"))
    assert cleared.gate.states() == [State.CLEARED]


def test_a_clearance_is_for_its_own_bytes_at_its_own_place(cleared: Cleared, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(cleared.part.file.read_bytes() + b" ")
    elsewhere = cleared.part.uri.rpartition("/")[0] + "/elsewhere"

    for part in (replace(cleared.part, file=other), replace(cleared.part, uri=elsewhere)):
        with pytest.raises(RefusedError, match=NONE):
            cleared.permit(part)
    with pytest.raises(RefusedError, match=NONE):
        cleared.permit(cleared.part, replace(cleared.part, uri=elsewhere))
    assert cleared.gate.states() == [State.CLEARED]


def test_a_place_that_was_opened_after_it_was_judged_gets_nothing_from_other_tools(cleared: Cleared) -> None:
    outbox = cleared.gate.outbox
    before = outbox.stat().st_mode
    outbox.chmod(0o777)

    with pytest.raises(RefusedError, match="not as it was judged: open to others"):
        cleared.permit()
    assert cleared.gate.states() == [State.CLEARED]

    outbox.chmod(before)
    receipt = settle(cleared.permit(), (cleared.part,), house=cleared.gate.house("airflow"))
    assert receipt.posture is not None
    assert "open to others" in dict(receipt.posture.traits)


def test_only_the_transfer_that_claimed_a_clearance_goes_on_with_it(cleared: Cleared) -> None:
    first = cleared.permit()

    assert cleared.permit() == first
    with pytest.raises(RefusedError, match="claimed by another transfer"):
        cleared.permit(by=f"{ME}0")
    assert cleared.gate.kinds().count("claim") == 1


def test_what_geogate_itself_is_sending_is_nobody_elses(cleared: Cleared) -> None:
    house = cleared.gate.house()
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        tx.claim(cleared.nonce)

    with pytest.raises(RefusedError, match="claimed by another transfer"):
        cleared.permit()


def test_what_another_tool_is_sending_is_not_taken_up_by_geogate(cleared: Cleared) -> None:
    gate = cleared.gate
    permitted = cleared.permit()
    with pytest.raises(RefusedError, match="another tool has claimed the clearance, and may be sending still"):
        gate.send(cleared.nonce)
    assert (gate.states(), gate.delivered()) == ([State.SENDING], {})
    settle(permitted, (cleared.part,), house=gate.house("airflow"))
    assert gate.states() == [State.SENT]


def test_what_another_tool_began_and_did_not_end_is_settled_when_it_is_over(cleared: Cleared) -> None:
    gate = cleared.gate
    cleared.permit()
    gate.now = gate.clearance(cleared.nonce)[0].expires_at
    with pytest.raises(RefusedError, match="0 of 1 files were delivered"):
        gate.send(cleared.nonce)
    assert (gate.states(), gate.delivered()) == ([State.FAILED], {})


def test_a_clearance_that_is_over_permits_nothing_and_nothing_more(cleared: Cleared) -> None:
    gate = cleared.gate
    expires = gate.clearance(cleared.nonce)[0].expires_at
    gate.now = expires

    with pytest.raises(RefusedError, match="expired"):
        cleared.permit()
    gate.now = expires - timedelta(seconds=1)
    cleared.permit()
    gate.now = expires
    with pytest.raises(RefusedError, match="expired while sending"):
        cleared.permit()


def test_files_that_change_while_they_are_sent_fail_the_request(cleared: Cleared, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(cleared.part.file.read_bytes())
    part = replace(cleared.part, file=copy)
    permitted = cleared.permit(part)
    copy.write_bytes(b"something else")

    with pytest.raises(RefusedError, match="changed while another tool sent them"):
        settle(permitted, (part,), house=cleared.gate.house("airflow"))
    assert cleared.gate.states() == [State.FAILED]


def test_a_file_that_cannot_be_read_is_no_file(cleared: Cleared, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        cleared.permit(replace(cleared.part, file=tmp_path / "nothing"))


def test_a_clearance_that_was_edited_in_the_ledger_permits_nothing(cleared: Cleared) -> None:
    with sqlite3.connect(cleared.gate.ledger_file) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        document = connection.execute("SELECT document FROM clearances").fetchone()[0]
        edited = document.replace(str(datetime.now(UTC).year), "2999")
        connection.execute("UPDATE clearances SET document = ?", (edited,))

    with pytest.raises(RefusedError, match="not the one that the ledger keeps"):
        cleared.permit()
