"""Heads that were kept elsewhere find what the owner of the database changes, also with the chain made to fit again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from integration.fixtures_s3 import session_of
from integration.ledger_cases import GATE, NOW
from integration.ledger_cases import Path as Way
from integration.test_ledger_tampering import disarm, tamper
from sqlalchemy import insert, text

from geogate.destinations.anchors import put_once, read_all
from geogate.destinations.errors import MisconfiguredError
from geogate.gate.anchors import anchor, compare
from geogate.gate.heads import TreeHead, current_head, read_head, sign_head
from geogate.gate.home import initialise
from geogate.gate.keyfile import SigningKey
from geogate.gate.keys import trusted_keys
from geogate.ledger.audit import leaf_of
from geogate.ledger.chain import GENESIS, entry_hash
from geogate.ledger.failures import DamagedError
from geogate.ledger.merkle import EMPTY, root_of
from geogate.ledger.tables import ENTRIES
from geogate.model.errors import InputError, RefusedError, ServiceError, UsageError
from geogate.model.names import Sha256
from infra.ministack import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gating.command import Command
    from gating.gate import Gate

    from geogate.ledger.ledger import Ledger
    from geogate.model.release import Entry


@pytest.fixture(params=["sqlite", "postgresql"])
def house_gate(request: pytest.FixtureRequest, gate: Gate) -> Gate:
    """A gate with its ledger in each of the two databases, and a folder on other storage."""
    (gate.root / "elsewhere").mkdir()
    gate.settings["GEOGATE_LEDGER_ANCHOR"] = str(gate.root / "elsewhere")
    if request.param == "postgresql":
        make: Callable[[str], str] = request.getfixturevalue("new_database")
        gate.settings["GEOGATE_LEDGER"] = make("template_ledger")
    return gate


def notes(ledger: Ledger, *numbers: int) -> None:
    for number in numbers:
        with ledger.transaction(GATE, at=NOW) as steps:
            steps.note("tick", number)


def anchored(gate: Gate) -> None:
    """Three heads: over a release, over four notes more, and over all."""
    with gate.ledger() as ledger:
        Way(ledger).sent()
        anchor(house=gate.house())
        notes(ledger, 1, 2, 3, 4)
        anchor(house=gate.house())
        notes(ledger, 5)
        anchor(house=gate.house())


def problems(gate: Gate) -> list[str]:
    """Verify against the kept heads, and leave out that the triggers are gone."""
    found = compare(house=gate.house())
    assert found.heads == 3
    return [each.what for each in found.report.problems if not each.what.startswith("the trigger")]


def bare(gate: Gate) -> list[str]:
    """Verify as one could without kept heads."""
    with gate.ledger() as ledger:
        return [each.what for each in ledger.verify().problems if not each.what.startswith("the trigger")]


def rewrite(ledger: Ledger, entries: Sequence[Entry]) -> None:
    """Write all entries anew, as the database's owner can, with numbers and hashes made to fit."""
    disarm(ledger)
    prev = GENESIS
    with ledger._engine.begin() as connection:
        connection.execute(text("DELETE FROM entries"))
        for seq, entry in enumerate(entries, start=1):
            linked = replace(entry, seq=seq, prev=prev)
            whole = replace(linked, hash=entry_hash(linked))
            prev = whole.hash
            names = [column.name for column in ENTRIES.columns]
            connection.execute(insert(ENTRIES).values({name: getattr(whole, name) for name in names}))


def test_an_untouched_ledger_is_what_all_heads_say(house_gate: Gate) -> None:
    anchored(house_gate)
    assert problems(house_gate) == []


def test_an_edited_note_with_the_chain_made_to_fit_is_found_by_the_heads_alone(house_gate: Gate) -> None:
    anchored(house_gate)
    with house_gate.ledger() as ledger:
        entries = list(ledger.entries())
        entries[7] = replace(entries[7], body="99")
        rewrite(ledger, entries)
    assert bare(house_gate) == []
    first, second = problems(house_gate)
    assert first.startswith(
        "one of the entries 7 to 10 was edited, removed or put elsewhere: the tree differs from the"
    )
    assert second.startswith("one of the entries 7 to 11 was edited")


def test_a_removed_note_with_the_chain_made_to_fit_is_found_by_the_heads_alone(house_gate: Gate) -> None:
    anchored(house_gate)
    with house_gate.ledger() as ledger:
        entries = list(ledger.entries())
        rewrite(ledger, [*entries[:7], *entries[8:]])
    assert bare(house_gate) == []
    first, second = problems(house_gate)
    assert first.startswith("one of the entries 7 to 10 was edited, removed or put elsewhere")
    assert second.startswith("the entries 11 to 11 of the head that was signed at")


def test_reordered_notes_with_the_chain_made_to_fit_are_found_by_the_heads_alone(house_gate: Gate) -> None:
    anchored(house_gate)
    with house_gate.ledger() as ledger:
        entries = list(ledger.entries())
        entries[7], entries[8] = entries[8], entries[7]
        rewrite(ledger, entries)
    assert bare(house_gate) == []
    assert len(problems(house_gate)) == 2


def test_a_cut_off_end_is_found_by_the_heads_alone(house_gate: Gate) -> None:
    anchored(house_gate)
    with house_gate.ledger() as ledger:
        disarm(ledger)
        tamper(ledger, "DELETE FROM entries WHERE seq > 9")
    assert bare(house_gate) == []
    cut, further = problems(house_gate)
    assert cut.startswith("the entries 10 to 10 of the head that was signed at")
    assert cut.endswith("over 10 entries are gone: the end was cut off")
    assert further.startswith("the entries 10 to 11 of the head")


def test_a_cut_off_end_that_grew_again_is_found_by_the_heads_alone(house_gate: Gate) -> None:
    anchored(house_gate)
    with house_gate.ledger() as ledger:
        entries = list(ledger.entries())
        rewrite(ledger, [*entries[:10], replace(entries[10], body="6"), entries[9]])
    assert bare(house_gate) == []
    (only,) = problems(house_gate)
    assert only.startswith("one of the entries 11 to 11 was edited")


def test_a_ledger_written_wholly_anew_is_found_by_the_heads_alone(house_gate: Gate) -> None:
    anchored(house_gate)
    with house_gate.ledger() as ledger:
        entries = list(ledger.entries())
        rewrite(ledger, [replace(entries[0], at="2026-03-01T11:00:00.000000+00:00"), *entries[1:]])
        tamper(ledger, "UPDATE requests SET opened_at = '2026-03-01T11:00:00.000000+00:00'")
    assert bare(house_gate) == []
    assert [what.partition(" was ")[0] for what in problems(house_gate)] == [
        f"one of the entries 1 to {size}" for size in (6, 10, 11)
    ]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE entries SET body = '7' WHERE seq = 8", "was edited: it does not have the hash that it says"),
        ("DELETE FROM entries WHERE seq = 8", "entries 8 to 8 are missing"),
        ("DELETE FROM entries WHERE seq = 11", "over 11 entries are gone: the end was cut off"),
        ("UPDATE entries SET seq = 99 WHERE seq = 8", "entries 8 to 8 are missing"),
    ],
)
def test_a_change_without_new_hashes_is_found_too(house_gate: Gate, statement: str, words: str) -> None:
    anchored(house_gate)
    with house_gate.ledger() as ledger:
        disarm(ledger)
        tamper(ledger, statement)
    assert any(words in what for what in problems(house_gate))
    assert any("the tree differs" in what or "the end was cut off" in what for what in problems(house_gate))


def test_a_head_goes_on_from_the_last_one_and_is_the_tree_of_all_entries(house_gate: Gate) -> None:
    house = house_gate.house()
    assert current_head(house=house).head.root == EMPTY.hex()
    for round_ in range(5):
        with house_gate.ledger() as ledger:
            notes(ledger, *range(round_))
            hashes = ledger.hashes(last=ledger.head()[0])
            last = ledger.head()[1]
        head = current_head(house=house).head
        assert (head.size, head.root) == (len(hashes), root_of(map(leaf_of, hashes)).hex())
        assert head.last == last
    latest = house_gate.home / "heads" / "latest.json"
    before = current_head(house=house).head
    for broken in ("", "{}", latest.read_text()[:-3], latest.read_text().replace('"peaks":["', '"peaks":["00')):
        latest.write_text(broken)
        assert current_head(house=house).head.root == before.root


def test_no_head_is_signed_over_what_differs_from_the_last_one(house_gate: Gate) -> None:
    with house_gate.ledger() as ledger:
        notes(ledger, 1, 2, 3)
        current_head(house=house_gate.house())
        entries = list(ledger.entries())
        rewrite(ledger, [replace(entries[0], body="9"), *entries[1:]])
    with pytest.raises(DamagedError, match="no longer has entry 3 as it was signed"):
        current_head(house=house_gate.house())


def test_no_head_is_signed_over_entries_that_do_not_follow(house_gate: Gate) -> None:
    with house_gate.ledger() as ledger:
        notes(ledger, 1, 2, 3)
        disarm(ledger)
        tamper(ledger, "UPDATE entries SET body = '7' WHERE seq = 2")
    with pytest.raises(DamagedError, match="entry 2 does not follow"):
        current_head(house=house_gate.house())


def test_what_lies_among_the_heads_and_is_none_is_a_problem(gate: Gate) -> None:
    place = gate.root / "elsewhere"
    place.mkdir()
    (place / "empty").mkdir()
    gate.settings["GEOGATE_LEDGER_ANCHOR"] = str(place)
    with gate.ledger() as ledger:
        notes(ledger, 1)
    kept = anchor(house=gate.house())
    forged = sign_head(replace(kept.signed.head, size=0), SigningKey.generate())
    (place / "empty").rmdir()
    (place / "forged.json").write_text(forged.envelope)
    (place / "bytes.json").write_bytes(b"\xff")
    (place / "edited.json").write_text(kept.signed.envelope.replace('"payload":"', '"payload":"A'))
    said = [each.what for each in compare(house=gate.house()).report.problems]
    assert said == [
        "'bytes.json' among the kept heads is none: it cannot be read",
        "'edited.json' among the kept heads is none: the head's envelope cannot be read",
        "'forged.json' among the kept heads is none: the head was signed with an unknown key",
    ]


def test_an_earlier_head_in_the_place_of_a_later_one_is_a_problem(gate: Gate) -> None:
    place = gate.root / "elsewhere"
    place.mkdir()
    gate.settings["GEOGATE_LEDGER_ANCHOR"] = str(place)
    names = []
    for number in (1, 2):
        with gate.ledger() as ledger:
            notes(ledger, number)
        names.append(anchor(house=gate.house()).name)
    assert not compare(house=gate.house()).report.problems
    later = place / names[1]
    later.chmod(0o600)
    later.write_bytes((place / names[0]).read_bytes())
    (problem,) = compare(house=gate.house()).report.problems
    assert problem.what == f"'{names[1]}' holds another head than it says"


def test_heads_of_an_earlier_key_are_believed_when_it_is_named(gate: Gate) -> None:
    place = gate.root / "elsewhere"
    place.mkdir()
    with gate.ledger() as ledger:
        notes(ledger, 1)
    anchor(str(place), house=gate.house())
    earlier = trusted_keys(gate.house().settings)
    shutil.rmtree(gate.home / "keys")
    assert list(initialise(gate.house().settings))
    assert not compare([str(place)], house=gate.house()).report.whole
    assert compare([str(place)], keys=earlier, house=gate.house()).report.whole
    assert current_head(house=gate.house()).head.size == 1


def test_a_place_without_heads_is_refused(gate: Gate, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="no heads at that place"):
        compare([str(tmp_path / "gate" / "outbox")], house=gate.house())
    with pytest.raises(InputError, match="cannot be read"):
        compare([str(tmp_path / "nowhere")], house=gate.house())
    with pytest.raises(UsageError, match="no place for the head"):
        anchor(house=gate.house())
    with pytest.raises(ServiceError, match="cannot be kept at that place"):
        anchor(str(tmp_path / "nowhere"), house=gate.house())


def test_nothing_that_is_kept_is_ever_replaced(gate: Gate, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    assert anchor(str(place), house=gate.house()).fresh
    (before,) = read_all(str(place))
    assert not anchor(str(place), house=gate.house()).fresh
    assert list(read_all(str(place))) == [before]
    path = place / before.name
    path.unlink()
    path.write_text("mine")
    with pytest.raises(RefusedError, match="something else has the name of the head"):
        anchor(str(place), house=gate.house())
    one = tmp_path / "one.json"
    assert anchor(str(one), house=gate.house()).fresh
    assert compare([str(one)], house=gate.house()).heads == 1


@pytest.mark.parametrize("payload", ['{"size":1}', "[]", '{"at":"x","last":"","root":"","size":0}', "\xff"])
def test_a_signed_document_of_another_kind_is_no_head(gate: Gate, payload: str) -> None:
    from securesystemslib.dsse import Envelope

    from geogate.gate.heads import PAYLOAD_TYPE
    from geogate.gate.keys import signing_key

    envelope = Envelope(payload.encode("latin-1"), PAYLOAD_TYPE, {})
    envelope.sign(signing_key(gate.house().settings).signer)
    with pytest.raises(RefusedError, match="the signed document is not a head"):
        read_head(json.dumps(envelope.to_dict()), keys=trusted_keys(gate.house().settings))


def test_a_head_of_no_entries_holds_only_for_the_empty_tree(gate: Gate, tmp_path: Path) -> None:
    from geogate.gate.keys import signing_key

    key = signing_key(gate.house().settings)
    wrong = TreeHead(size=0, root=Sha256("1" * 64), last=GENESIS, at=datetime.now(UTC))
    for name, head in (("wrong", wrong), ("right", replace(wrong, root=Sha256(EMPTY.hex())))):
        (tmp_path / f"{name}.json").write_text(sign_head(head, key).envelope)
        whole = compare([str(tmp_path / f"{name}.json")], house=gate.house()).report.whole
        assert whole is (name == "right")


# A bucket that locks what is put into it.


@pytest.fixture
def locked(s3_server: object, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket with Object Lock in compliance mode, and credentials for it in the environment."""
    assert s3_server
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ROOT.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ROOT.secret)
    client = session_of(ROOT).client("s3")
    name = f"heads-{datetime.now(UTC):%H%M%S%f}"
    client.create_bucket(
        Bucket=name,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": client.meta.region_name},  # type: ignore[typeddict-item]
    )
    client.put_object_lock_configuration(
        Bucket=name,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
        },
    )
    return name


def test_heads_in_a_bucket_that_locks_cannot_be_removed_or_hidden(gate: Gate, locked: str) -> None:
    place = f"s3://{locked}/heads/"
    with gate.ledger() as ledger:
        notes(ledger, 1, 2)
        first = anchor(place, house=gate.house())
        assert first.fresh
        assert not anchor(place, house=gate.house()).fresh
        notes(ledger, 3)
        anchor(place, house=gate.house())
    assert compare([place], house=gate.house()).heads == 2
    client = session_of(ROOT).client("s3")
    key = f"heads/{first.name}"
    (version,) = client.list_object_versions(Bucket=locked, Prefix=key)["Versions"]
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        client.delete_object(Bucket=locked, Key=key, VersionId=version["VersionId"])
    client.delete_object(Bucket=locked, Key=key)  # hides it from who does not look at versions
    client.put_object(Bucket=locked, Key=key, Body=b"another")
    found = compare([place], house=gate.house())
    assert found.heads == 2
    assert [each.what for each in found.report.problems] == [
        f"'{first.name}' among the kept heads is none: the head's envelope cannot be read"
    ]
    with gate.ledger() as ledger:
        disarm(ledger)
        tamper(ledger, "DELETE FROM entries WHERE seq = 3")
    assert any("cut off" in each.what for each in compare([place], house=gate.house()).report.problems)


@pytest.mark.parametrize("mode", ["", "GOVERNANCE"])
def test_a_bucket_that_does_not_lock_gets_no_heads(gate: Gate, locked: str, mode: str) -> None:
    client = session_of(ROOT).client("s3")
    name = f"{locked}-open"
    client.create_bucket(
        Bucket=name,
        ObjectLockEnabledForBucket=bool(mode),
        CreateBucketConfiguration={"LocationConstraint": client.meta.region_name},  # type: ignore[typeddict-item]
    )
    if mode:
        client.put_object_lock_configuration(
            Bucket=name,
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
            },
        )
    with pytest.raises(MisconfiguredError, match="does not lock what is put into it"):
        anchor(f"s3://{name}/heads/", house=gate.house())
    assert "Contents" not in client.list_objects_v2(Bucket=name)


@pytest.mark.parametrize("place", ["s3://x", "s3://heads/no-slash", "s3://UPPER/x/", "s3:///x/"])
def test_a_place_in_no_bucket_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match="a place for heads"):
        put_once(place, "head.json", b"")
    with pytest.raises(UsageError, match="a place for heads"):
        list(read_all(place))


def test_the_commands_keep_heads_and_find_what_was_cut_off(gate: Gate, geogate: Command) -> None:
    (gate.root / "elsewhere").mkdir()
    with gate.ledger() as ledger:
        notes(ledger, 1, 2, 3)
    assert geogate("ledger", "head", "--save", "one.json").out.startswith("3 entries, root ")
    assert geogate("ledger", "head", "--save", "one.json").code == 2
    assert "the head of 3 entries kept as head-" in geogate("ledger", "anchor", "--to", "elsewhere").out
    assert "is kept already" in geogate("ledger", "anchor", "--to", "elsewhere").out
    verified = geogate("ledger", "verify", "--anchors", "elsewhere", "--anchors", "one.json")
    assert (verified.code, verified.out.splitlines()[1]) == (0, "compared with 2 kept heads")
    with gate.ledger() as ledger:
        disarm(ledger)
        tamper(ledger, "DELETE FROM entries WHERE seq = 3")
    ended = geogate("ledger", "verify", "--anchors", "elsewhere")
    assert ended.code == 11
    assert "the end was cut off" in ended.out
    assert geogate("ledger", "verify", "--anchors", "outbox").code == 11
    assert geogate("ledger", "anchor", "--to", "elsewhere").code == 5
