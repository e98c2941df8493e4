"""Packs that the gate's own key signed, and that leave out, repeat or turn round what the ledger has."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from integration.test_evidence import key_of, sent
from securesystemslib.dsse import Envelope

from geogate.gate import evidence_check
from geogate.gate.evidence import write_pack
from geogate.gate.evidence_check import MANIFEST, EvidenceError, pack, unpack, verify
from geogate.gate.keyfile import SigningKey
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from gating.gate import Gate

Shown = list[dict[str, Any]]
Members = dict[str, bytes]


@pytest.fixture
def members(gate: Gate) -> Members:
    request, path = sent(gate), gate.root / "pack.zip"
    write_pack(request, path, house=gate.house("olga"))
    return unpack(path.read_bytes())


def resigned(members: Members, gate: Gate) -> bytes:
    """Sign a changed pack with the gate's own key, as somebody who stole it could."""
    payload = json.loads(Envelope.from_dict(json.loads(members[MANIFEST])).payload)
    digests = {name: hashlib.sha256(text).hexdigest() for name, text in members.items() if name != MANIFEST}
    envelope = Envelope(canonical_json(payload | {"members": digests}).encode(), evidence_check.MANIFEST_TYPE, {})
    envelope.sign(SigningKey.load(gate.home / "keys" / "clearance.pem").signer)
    return pack(members | {MANIFEST: canonical_json(envelope.to_dict()).encode()})


def without(kind: str) -> Callable[[Shown], Shown]:
    return lambda shown: [each for each in shown if each["entry"]["kind"] != kind]


def twice(shown: Shown) -> Shown:
    first = next(each for each in shown if each["entry"]["kind"] == "vote")
    return [first if each["entry"]["kind"] == "vote" else each for each in shown]


CHANGED: dict[str, tuple[Callable[[Shown], Shown], tuple[str, ...], str]] = {
    "without the votes": (without("vote"), (), "the votes in the pack do not approve it"),
    "one vote twice": (twice, (), "is there twice"),
    "without the verdict": (without("screen"), ("verdict.json", "measurements.json"), "none of the screen before it"),
    "without the clearance": (without("clear"), ("clearance.json",), "none of the clear before it"),
    "without the claim": (without("claim"), (), "none of the claim before it"),
    "the other way round": (lambda shown: shown[::-1], (), "not in its place"),
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_pack_that_leaves_out_or_repeats_entries_is_not_believed_though_it_is_signed(
    gate: Gate, members: Members, what: str
) -> None:
    change, gone, why = CHANGED[what]
    proof = json.loads(members["ledger.json"])
    proof["entries"] = change(proof["entries"])
    votes = [json.loads(e["entry"]["body"])["vote"] for e in proof["entries"] if e["entry"]["kind"] == "vote"]
    changed = members | {"ledger.json": canonical_json(proof).encode(), "votes.json": canonical_json(votes).encode()}
    policies = [name for name in members if name.startswith("policies/")] if "verdict.json" in gone else []
    for name in (*gone, *policies):
        del changed[name]

    with pytest.raises(EvidenceError, match=why):
        verify(resigned(changed, gate), [key_of(gate)])


@pytest.mark.parametrize("text", [b"[]", b"1", b'"x"', b'{"digest":"0"}'])
def test_measurements_that_are_not_those_of_the_verdict_are_not_believed(
    gate: Gate, members: Members, text: bytes
) -> None:
    with pytest.raises(EvidenceError, match=r"measurements\.json is not about"):
        verify(resigned(members | {"measurements.json": text}, gate), [key_of(gate)])


def test_limits_that_were_taken_out_are_missed(gate: Gate, members: Members) -> None:
    document = json.loads(members["measurements.json"])
    assert document["limits"]
    changed = canonical_json(document | {"limits": []}).encode()

    with pytest.raises(EvidenceError, match=r"measurements\.json is not about"):
        verify(resigned(members | {"measurements.json": changed}, gate), [key_of(gate)])


def test_what_was_not_changed_is_believed(gate: Gate, members: Members) -> None:
    assert verify(resigned(members, gate), [key_of(gate)])
