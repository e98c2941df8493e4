"""A new key signs, the old one is good until its end and no longer, and a revoked one at once no more."""

from __future__ import annotations

import json
import shutil
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from consoling.desk import console, held
from consoling.tokens import token_for
from gating.files import COARSE, stage

from geogate.console.people import bearer, rotate_token, tokens
from geogate.console.store import Store
from geogate.gate.anchors import anchor, compare
from geogate.gate.evidence import verify_pack, write_pack
from geogate.gate.exposure import pepper
from geogate.gate.keyfile import KeyFileError, PublicKey
from geogate.gate.keyring import read_ring, write_ring
from geogate.gate.keys import signing_key, trusted_keys
from geogate.gate.keys_change import keys, retire, revoke, rotate
from geogate.model.authority import Role
from geogate.model.errors import RefusedError, UsageError
from geogate.model.lifecycle import State
from geogate.model.names import RecipientId

if TYPE_CHECKING:
    from pathlib import Path

    from gating.command import Command
    from gating.gate import Gate

    from geogate.model.names import Nonce

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
OVERLAP = timedelta(hours=6)
ENDED = "is not trusted any more for what is sent"


@pytest.fixture
def house(gate: Gate) -> Gate:
    """A gate whose clock stands."""
    gate.now = START
    return gate


def cleared(gate: Gate, stem: str = "data") -> Nonce:
    return gate.clear(stage("CSV", gate.staged, (*COARSE, (float(len(stem)), 3.1)), stem=stem))


def own(gate: Gate) -> str:
    return signing_key(gate.house().settings).public.id


def states(gate: Gate) -> list[str]:
    return [row.state for row in keys(house=gate.house())]


@pytest.mark.parametrize(("after", "good"), [(OVERLAP - timedelta(seconds=1), True), (OVERLAP, False)])
def test_a_clearance_of_the_old_key_is_sent_until_the_overlap_is_over(
    house: Gate,
    after: timedelta,
    good: bool,  # noqa: FBT001 - a case of the test
) -> None:
    nonce, before = cleared(house), own(house)
    rotate(overlap=OVERLAP, house=house.house())
    assert own(house) != before
    house.now = START + after

    if good:
        house.send(nonce)
    else:
        with pytest.raises(RefusedError, match=ENDED):
            house.send(nonce)
    assert bool(house.delivered()) is good
    assert states(house) == ["verifies" if good else "ended", "signs"]


@pytest.mark.parametrize(("after", "good"), [(OVERLAP - timedelta(seconds=1), True), (OVERLAP, False)])
def test_a_key_that_ended_in_the_ring_alone_sends_nothing_more(
    house: Gate,
    after: timedelta,
    good: bool,  # noqa: FBT001 - a case of the test
) -> None:
    nonce, settings = cleared(house), house.house().settings
    ring = read_ring(settings)
    (key,) = ring.keys
    write_ring(ring.changed(replace(key, until=START + OVERLAP)), settings)
    house.now = START + after

    if good:
        house.send(nonce)
    else:
        with pytest.raises(RefusedError, match=ENDED):
            house.send(nonce)
    assert bool(house.delivered()) is good


def test_what_is_cleared_after_a_rotation_is_signed_by_the_new_key_and_sent(house: Gate) -> None:
    rotate(overlap=timedelta(), house=house.house())
    nonce = cleared(house)
    house.send(nonce)

    assert json.loads(house.clearance(nonce)[1])["signatures"][0]["keyid"] == own(house)
    assert house.kinds()[0] == "key-rotated"
    house.require_whole_ledger()


def test_a_revoked_key_sends_nothing_at_once_though_it_was_the_one_that_signs(house: Gate) -> None:
    nonce, old = cleared(house), own(house)
    row = revoke(old[:12], reason="it was in a backup", house=house.house())

    assert (row.state, states(house)) == ("revoked", ["revoked", "signs"])
    with pytest.raises(RefusedError, match="the key that signed the clearance was revoked"):
        house.send(nonce)
    assert house.states() == [State.CLEARED]
    assert old not in {key.id for key in trusted_keys(house.house().settings)}
    house.send(cleared(house, "again"))


def test_another_machine_hears_of_a_revocation_by_the_ledger_whatever_its_ring_says(house: Gate) -> None:
    nonce, old = cleared(house), own(house)
    kept = shutil.copytree(house.home / "keys", house.root / "elsewhere")
    revoke(old, reason="stolen", house=house.house())
    shutil.rmtree(house.home / "keys")
    shutil.copytree(kept, house.home / "keys")
    assert own(house) == old

    with pytest.raises(RefusedError, match="the key that signed the clearance was revoked"):
        house.send(nonce)
    assert house.delivered() == {}


@pytest.mark.parametrize("retired", [True, False])
def test_another_machine_hears_of_a_keys_end_by_the_ledger_whatever_its_ring_says(
    house: Gate,
    retired: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    nonces, old = [cleared(house, stem) for stem in ("first", "second")], own(house)
    kept = shutil.copytree(house.home / "keys", house.root / "elsewhere")
    rotate(overlap=OVERLAP, house=house.house())
    end = START + (timedelta(hours=1) if retired else OVERLAP)
    if retired:
        retire(old, at=end, house=house.house())
        assert house.kinds()[-1] == "key-retired"
    shutil.rmtree(house.home / "keys")
    shutil.copytree(kept, house.home / "keys")

    house.now = end - timedelta(seconds=1)
    house.send(nonces[0])
    house.now = end
    with pytest.raises(RefusedError, match=ENDED):
        house.send(nonces[1])
    assert len(house.delivered()) == 1


def test_a_sending_that_died_is_not_taken_up_with_a_revoked_key(house: Gate) -> None:
    nonce = cleared(house)
    with house.ledger() as ledger, ledger.transaction(house.house().actor, at=START) as tx:
        tx.claim(nonce)
    revoke(own(house), reason="stolen", house=house.house())

    with pytest.raises(RefusedError, match="revoked"):
        house.send(nonce)
    assert house.delivered() == {}


def test_evidence_of_old_releases_and_old_heads_stay_verified(house: Gate, tmp_path: Path) -> None:
    (house.root / "heads").mkdir()
    house.settings["GEOGATE_LEDGER_ANCHOR"] = str(house.root / "heads")
    house.send(nonce := cleared(house))
    request = house.clearance(nonce)[0].request
    old_public = tmp_path / "old.pem"
    shutil.copy(house.home / "keys" / "clearance.pub.pem", old_public)
    write_pack(request, tmp_path / "before.zip", house=house.house())
    anchor(house=house.house())
    rotate(overlap=timedelta(), house=house.house())
    house.now = START + timedelta(days=400)
    write_pack(request, tmp_path / "after.zip", house=house.house())
    anchor(house=house.house())

    assert verify_pack(tmp_path / "before.zip", [old_public])
    assert verify_pack(tmp_path / "after.zip", [old_public, house.home / "keys" / "clearance.pub.pem"])
    found = compare(house=house.house())
    assert (found.report.problems, found.heads) == ((), 2)
    revoke(keys(house=house.house())[0].id, reason="stolen", house=house.house())
    assert "signed with an unknown key" in compare(house=house.house()).report.problems[0].what
    known = [PublicKey.load(old_public)]
    assert compare(keys=known, house=house.house()).report.problems == ()


def test_totals_of_recipients_count_the_same_after_a_rotation(house: Gate) -> None:
    partner = RecipientId("partner")
    before = pepper(house.house().settings, partner)
    for _ in range(2):
        rotate(overlap=OVERLAP, house=house.house())

    assert pepper(house.house().settings, partner) == before
    assert pepper(house.house().settings, RecipientId("other")) != before


def test_a_key_ends_sooner_and_never_later_and_never_while_it_signs(house: Gate) -> None:
    nonce, old = cleared(house), own(house)
    with pytest.raises(RefusedError, match="the key that signs cannot be retired"):
        retire(old, at=START, house=house.house())
    rotate(overlap=OVERLAP, house=house.house())
    with pytest.raises(RefusedError, match="never made longer"):
        retire(old, at=START + OVERLAP + timedelta(seconds=1), house=house.house())
    retire(old, at=START + timedelta(hours=1), house=house.house())
    house.now = START + timedelta(hours=1)

    with pytest.raises(RefusedError, match=ENDED):
        house.send(nonce)
    rotate(overlap=OVERLAP, house=house.house())
    assert read_ring(house.house().settings).keys[0].until == START + timedelta(hours=1)


def test_who_is_no_administrator_changes_no_key(house: Gate) -> None:
    (house.policies.root / "roles.yaml").write_text("people:\n  - {name: adam, roles: [administrator]}\n")
    before = own(house)
    with pytest.raises(RefusedError, match="needs the role administrator"):
        rotate(overlap=OVERLAP, house=house.house())
    with pytest.raises(RefusedError, match="needs the role administrator"):
        revoke(before, reason="x", house=house.house())
    with pytest.raises(RefusedError, match="needs the role administrator"):
        retire(before, at=START, house=house.house())
    assert (own(house), house.kinds()) == (before, [])


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"keys": [{"id": "x"}], "pepper": ""}'])
def test_a_ring_that_cannot_be_read_trusts_nobody(house: Gate, text: str) -> None:
    nonce = cleared(house)
    (house.home / "keys" / "ring.json").write_text(text)

    with pytest.raises(KeyFileError, match="the ring of keys cannot be read"):
        house.send(nonce)
    assert house.delivered() == {}


def test_a_ring_that_names_a_key_by_the_id_of_another_trusts_nobody(house: Gate) -> None:
    nonce = cleared(house)
    rotate(overlap=OVERLAP, house=house.house())
    path = house.home / "keys" / "ring.json"
    said = json.loads(path.read_text())
    said["keys"][1]["pem"] = said["keys"][0]["pem"]
    path.write_text(json.dumps(said, sort_keys=True, separators=(",", ":")))

    with pytest.raises(KeyFileError):
        house.send(nonce)


def test_a_rotation_that_died_before_the_new_key_signed_harms_nothing(house: Gate) -> None:
    nonce, keys_folder = cleared(house), house.home / "keys"
    private, public = ((keys_folder / name).read_text() for name in ("clearance.pem", "clearance.pub.pem"))
    rotate(overlap=OVERLAP, house=house.house())
    for name, text in (("clearance.pem", private), ("clearance.pub.pem", public)):
        (keys_folder / name).write_text(text)
    house.send(nonce)
    rotate(overlap=OVERLAP, house=house.house())
    house.send(cleared(house, "again"))

    assert states(house).count("signs") == 1
    assert stat.S_IMODE((keys_folder / "clearance.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((keys_folder / "ring.json").stat().st_mode) == 0o600


def test_the_command_rotates_lists_and_revokes(gate: Gate, geogate: Command) -> None:
    old = own(gate)
    assert geogate("keys", "rotate", "--overlap-hours", "1").code == 0
    listed = geogate("keys", "list").out
    assert old[:16] in listed
    assert "verifies" in listed
    assert geogate("keys", "retire", old[:16], "--in-hours", "0").code == 0
    assert geogate("keys", "revoke", old[:16], "--reason", "lost").code == 0
    assert "revoked" in geogate("keys", "list").out
    assert geogate("keys", "revoke", "ffff", "--reason", "x").code == 2
    assert geogate("init").code == 0


def test_a_form_of_the_old_secret_is_taken_until_it_is_rotated_at_once(gate: Gate, geogate: Command) -> None:
    one, two = held(gate, "one"), held(gate, "two")
    with console(gate) as desk, desk.reviewer() as ada:
        first = ada.form(f"/releases/{one}", f"/releases/{one}/vote")
        assert geogate("console", "rotate-secret").code == 0
        taken = ada.send(first, choice="approve", comment="fine")
        second = ada.form(f"/releases/{two}", f"/releases/{two}/vote")
        assert geogate("console", "rotate-secret", "--at-once").code == 0
        refused = ada.send(second, choice="approve", comment="fine")
        third = ada.form(f"/releases/{two}", f"/releases/{two}/vote")
        again = ada.send(third, choice="approve", comment="fine")

    assert (taken.status_code, refused.status_code, again.status_code) == (200, 409, 200)


@pytest.mark.parametrize(("after", "good"), [(timedelta(minutes=59), True), (timedelta(hours=1), False)])
def test_an_old_token_is_good_until_the_overlap_is_over(
    house: Gate,
    after: timedelta,
    good: bool,  # noqa: FBT001 - a case of the test
) -> None:
    told = token_for(house, Role.AUDITOR)
    store = Store(house.home / "console.db")
    (old,) = tokens(store)
    new = rotate_token(store, old.id, lasts=timedelta(days=9), overlap=timedelta(hours=1), at=START)
    at = START + after

    assert (bearer(store, told, at=at) is not None) is good
    found = bearer(store, new, at=at)
    assert found is not None
    assert (found.identity.name, found.identity.scope) == ("token:pipeline", frozenset({Role.AUDITOR}))
    with pytest.raises(UsageError, match="no such token"):
        rotate_token(store, old.id, lasts=timedelta(days=9), overlap=timedelta(), at=START + timedelta(hours=1))
