"""Proofs from the ledger hold with the public key alone, and no changed one does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import COARSE, MIDDLE, stage
from integration.ledger_cases import GATE
from integration.test_ledger_tampering import disarm, tamper

from geogate.gate.heads import current_head
from geogate.gate.history import history
from geogate.gate.keyfile import SigningKey
from geogate.gate.keys import trusted_keys
from geogate.gate.proofs import check, document, prove, prove_growth
from geogate.ledger.failures import DamagedError
from geogate.ledger.tiles import TILE
from geogate.model.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from gating.command import Command
    from gating.gate import Gate


def proof_of(gate: Gate) -> tuple[str, Any]:
    gate.send(gate.clear(stage("CSV", gate.staged, COARSE)))
    request = gate.requests()[0].id
    return request, json.loads(document(prove(request, house=gate.house())))


def test_the_entries_of_a_request_are_proven_to_be_in_the_ledger(gate: Gate, geogate: Command) -> None:
    request, _ = proof_of(gate)
    assert geogate("ledger", "prove", request, "--output", "proof.json").code == 0
    key = gate.home / "keys" / "clearance.pub.pem"
    checked = geogate("ledger", "check-proof", "proof.json", "--key", key)
    assert checked.code == 0
    lines = checked.out.splitlines()
    assert lines[0].startswith(f"entry 1, open of {request} by rita at ")
    assert lines[-1].startswith("in the ledger of 6 entries that was signed at ")
    assert geogate("ledger", "prove", request, "--output", "proof.json").code == 2
    assert geogate("ledger", "prove", "3").code == 0
    assert geogate("ledger", "prove", "7").code == 2
    assert geogate("ledger", "prove", "nothing").code == 2
    assert geogate("ledger", "prove").code == 2


def test_that_the_ledger_only_grew_is_proven(gate: Gate, geogate: Command) -> None:
    proof_of(gate)
    assert geogate("ledger", "head", "--save", "before.json").code == 0
    proof_of(gate)
    assert geogate("ledger", "prove", "--since", "before.json", "--output", "growth.json").code == 0
    key = gate.home / "keys" / "clearance.pub.pem"
    said = geogate("ledger", "check-proof", "growth.json", "--key", key)
    assert said.code == 0
    assert "begins with that of 6 entries" in said.out
    proof = json.loads((gate.root / "growth.json").read_text())
    change: dict[str, Any]
    for change in ({"path": proof["path"][1:]}, {"path": []}, {"before": proof["after"], "after": proof["before"]}):
        with pytest.raises(RefusedError, match="does not begin with"):
            check(json.dumps(proof | change), keys=trusted_keys(gate.house().settings))


def test_a_head_of_another_ledger_is_not_grown_from(gate: Gate) -> None:
    from dataclasses import replace

    from geogate.gate.heads import sign_head
    from geogate.gate.keys import signing_key
    from geogate.model.names import Sha256

    proof_of(gate)
    head = current_head(house=gate.house()).head
    for wrong in (replace(head, root=Sha256("0" * 64)), replace(head, size=99), replace(head, size=0)):
        envelope = sign_head(wrong, signing_key(gate.house().settings)).envelope
        with pytest.raises(DamagedError, match="does not begin with what the head says"):
            prove_growth(envelope, house=gate.house())


def test_nothing_in_a_proof_can_be_changed(gate: Gate) -> None:
    _, proof = proof_of(gate)
    keys = trusted_keys(gate.house().settings)
    assert check(json.dumps(proof), keys=keys)
    first = proof["entries"][0]
    for name, value in (("actor", "mallory"), ("body", "{}"), ("seq", 2), ("prev", "1" * 64), ("hash", "1" * 64)):
        changed = first | {"entry": first["entry"] | {name: value}}
        with pytest.raises(RefusedError):
            check(json.dumps(proof | {"entries": [changed]}), keys=keys)
    for change in (
        {"entry": proof["entries"][1]["entry"]},
        {"entry": None},
        {"path": first["path"][:-1]},
        {"path": [*first["path"], "0" * 64]},
        {"path": ["0" * 64, *first["path"][1:]]},
        {"path": ["x"]},
    ):
        with pytest.raises(RefusedError):
            check(json.dumps(proof | {"entries": [first | change]}), keys=keys)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"type":1}', '{"type":"geogate inclusion proof 1"}', "[" * 9999])
def test_what_is_no_proof_proves_nothing(gate: Gate, text: str) -> None:
    with pytest.raises(RefusedError, match="this is no proof"):
        check(text, keys=trusted_keys(gate.house().settings))


def test_a_proof_without_entries_or_of_another_key_proves_nothing(gate: Gate) -> None:
    _, proof = proof_of(gate)
    with pytest.raises(RefusedError, match="about no entry"):
        check(json.dumps(proof | {"entries": []}), keys=trusted_keys(gate.house().settings))
    with pytest.raises(RefusedError, match="unknown key"):
        check(json.dumps(proof), keys=[SigningKey.generate().public])


def test_votes_are_not_proven_while_the_review_lasts(gate: Gate) -> None:
    request = gate.hold(stage("CSV", gate.staged, MIDDLE))
    gate.approve(request, "anna")
    proof = prove(request, house=gate.house())
    assert [each.entry.kind for each in proof.entries] == ["open", "seal", "screen", "move"]
    assert check(document(proof), keys=trusted_keys(gate.house().settings))
    with gate.ledger() as ledger:
        (vote,) = [entry for entry in ledger.entries() if entry.kind == "vote"]
    assert vote.hash not in document(proof)
    with pytest.raises(RefusedError, match="a vote is shown when the review is over"):
        prove(str(vote.seq), house=gate.house())
    assert vote.hash not in str(history(house=gate.house()))
    gate.approve(request, "bob")
    assert document(prove(request, house=gate.house())).count("looked at it") == 2


def test_a_number_that_is_no_entry_has_no_proof(gate: Gate) -> None:
    for what in ("0", "1", "nothing"):
        with pytest.raises(UsageError, match="no entry of this number or request"):
            prove(what, house=gate.house())


def filled(gate: Gate) -> str:
    """A ledger of more than two tiles, of which a head was signed, with a request in the first one."""
    request, _ = proof_of(gate)
    with gate.ledger() as ledger, ledger.transaction(GATE, at=gate.house().clock()) as steps:
        for number in range(2 * TILE):
            steps.note("tick", number)
    current_head(house=gate.house())
    return request


def proven(gate: Gate, what: str) -> str:
    proof = document(prove(what, house=gate.house()))
    return check(proof, keys=trusted_keys(gate.house().settings))[-1]


@pytest.mark.parametrize("damage", ["gone", "cut", "longer", "edited", "swapped", "not whole"])
def test_what_is_kept_of_the_tree_is_not_believed_but_made_anew(gate: Gate, damage: str) -> None:
    request = filled(gate)
    kept = gate.home / "heads" / "tiles"
    tiles = kept.read_bytes()
    assert len(tiles) == 2 * 32
    wrong = {
        "cut": tiles[:32],
        "longer": tiles + tiles[:32],
        "edited": bytes([tiles[0] ^ 1]) + tiles[1:],
        "swapped": tiles[32:] + tiles[:32],
        "not whole": tiles[:45],
    }
    if damage == "gone":
        kept.unlink()
    else:
        kept.write_bytes(wrong[damage])
    assert proven(gate, request).startswith("in the ledger of 518 entries")
    assert kept.read_bytes() == (wrong["longer"] if damage == "longer" else tiles)


def test_growth_is_proven_over_tiles(gate: Gate) -> None:
    request, _ = proof_of(gate)
    before = current_head(house=gate.house())
    filled(gate)
    proof = document(prove_growth(before.envelope, house=gate.house()))
    assert len(check(proof, keys=trusted_keys(gate.house().settings))) == 2
    assert proven(gate, request).startswith("in the ledger of 524 entries")


@pytest.mark.parametrize("kept", [True, False])
def test_an_entry_whose_tile_was_edited_is_not_proven(gate: Gate, kept: bool) -> None:  # noqa: FBT001
    request = filled(gate)
    if not kept:
        (gate.home / "heads" / "tiles").unlink()
    with gate.ledger() as ledger:
        disarm(ledger)
        tamper(ledger, "UPDATE entries SET hash = replace(hash, 'a', 'b') WHERE seq = 200")
    with pytest.raises(DamagedError, match="not those that were signed"):
        prove(request, house=gate.house())
