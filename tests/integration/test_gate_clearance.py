"""Clearances: used once, in time, as they were signed, by the gate that signed them; and verified offline."""

from __future__ import annotations

import base64
import json
import shutil
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gating.files import stage
from gating.gate import Gate, at, sha256

from geogate.gate.keyfile import SigningKey
from geogate.gate.send import send
from geogate.gate.signing import sign
from geogate.gate.verify import verify_files
from geogate.model.errors import GeogateError, InputError, RefusedError, ServiceError, UsageError
from geogate.model.lifecycle import State
from geogate.model.names import Nonce, RecipientId, Sha256

if TYPE_CHECKING:
    from collections.abc import Callable

    from geogate.model.names import RequestId
    from geogate.model.release import Clearance, Receipt

NOW = at("2026-11-22T12:00:00")
TICK = timedelta(microseconds=1)
LIFE = timedelta(hours=24)


@pytest.fixture
def cleared(gate: Gate) -> Nonce:
    gate.now = NOW
    return gate.clear(stage("CSV", gate.staged))


def test_a_clearance_works_once(gate: Gate, cleared: Nonce) -> None:
    gate.send(cleared)
    with pytest.raises(RefusedError, match="used before"):
        gate.send(cleared)
    shutil.rmtree(gate.outbox)
    gate.outbox.mkdir()
    with pytest.raises(RefusedError, match="used before"):
        gate.send(cleared)
    assert not gate.delivered()
    assert gate.kinds().count("receive") == 1


def test_two_sendings_at_the_same_time_deliver_once(gate: Gate, cleared: Nonce) -> None:
    ended: list[Receipt | GeogateError] = []
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        try:
            ended.append(gate.send(cleared))
        except GeogateError as error:
            ended.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    errors = [each for each in ended if isinstance(each, GeogateError)]
    assert len(ended) - len(errors) == 1
    assert all(isinstance(each, RefusedError | ServiceError) for each in errors)
    assert [kind for kind in gate.kinds() if kind in {"claim", "receive"}] == ["claim", "receive"]
    gate.require_whole_ledger()


def test_a_clearance_is_valid_until_just_before_it_expires(gate: Gate, cleared: Nonce) -> None:
    gate.now = NOW + LIFE - TICK
    gate.send(cleared)
    assert gate.states() == [State.SENT]


def test_a_clearance_is_worthless_from_the_instant_it_expires(gate: Gate, cleared: Nonce) -> None:
    gate.now = NOW + LIFE
    with pytest.raises(RefusedError, match="has expired"):
        gate.send(cleared)
    assert not gate.delivered()
    assert gate.states() == [State.EXPIRED]
    gate.now = NOW
    with pytest.raises(RefusedError):
        gate.send(cleared)
    with pytest.raises(RefusedError, match="clock of this machine is behind"):
        gate.submit(gate.staged / "data.csv")
    gate.now = NOW + LIFE
    again = gate.submit(gate.staged / "data.csv")
    assert (again.state, again.repeated) == (State.CLEARED, False)


def test_a_clearance_is_worthless_before_it_was_issued(gate: Gate, cleared: Nonce) -> None:
    gate.now = NOW - TICK
    with pytest.raises(RefusedError, match="not valid yet"):
        gate.send(cleared)
    assert gate.states() == [State.CLEARED]


def test_a_nonce_that_the_ledger_does_not_know_is_refused(gate: Gate) -> None:
    with pytest.raises(UsageError, match="no clearance"):
        gate.send(Nonce("0" * 32))


def edited(envelope: str, edit: Callable[[dict[str, object]], None]) -> str:
    """Change the statement and leave the signature as it was."""
    document = json.loads(envelope)
    statement = json.loads(base64.b64decode(document["payload"]))
    edit(statement["predicate"])
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    document["payload"] = base64.b64encode(text.encode()).decode()
    return json.dumps(document)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("destination", "file:///tmp/elsewhere/"),
        ("recipient", "somebody"),
        ("expires_at", "2999-01-01T00:00:00+00:00"),
        ("nonce", "0" * 32),
        ("artefact", "0" * 64),
    ],
)
def test_an_edited_clearance_is_refused(gate: Gate, cleared: Nonce, key: str, value: str) -> None:
    _, envelope = gate.clearance(cleared)
    with pytest.raises(RefusedError, match="one of the two was changed"):
        send(edited(envelope, lambda predicate: predicate.update({key: value})), house=gate.house())
    assert not gate.delivered()
    assert gate.states() == [State.CLEARED]


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "not json", "\0", "{" * 100_000])
def test_what_is_no_clearance_is_refused(gate: Gate, text: str) -> None:
    with pytest.raises(RefusedError):
        send(text, house=gate.house())


def forged(gate: Gate, nonce: Nonce, change: Callable[[Clearance], Clearance]) -> str:
    """Sign another clearance with the gate's own key, as somebody who has it could."""
    key = SigningKey.load(gate.house().settings.signing_key)
    return sign(change(gate.clearance(nonce)[0]), key)


def test_a_clearance_that_the_ledger_does_not_keep_is_refused_though_its_signature_is_good(
    gate: Gate, cleared: Nonce
) -> None:
    envelope = forged(gate, cleared, lambda c: replace(c, nonce=Nonce("f" * 32)))
    with pytest.raises(UsageError, match="no clearance with this nonce"):
        send(envelope, house=gate.house())
    envelope = forged(gate, cleared, lambda c: replace(c, recipient=RecipientId("somebody")))
    with pytest.raises(RefusedError, match="not the one that the ledger keeps"):
        send(envelope, house=gate.house())
    envelope = forged(gate, cleared, lambda c: replace(c, policy_digest=Sha256("0" * 64)))
    with pytest.raises(RefusedError, match="not the one that the ledger keeps"):
        send(envelope, house=gate.house())
    assert gate.states() == [State.CLEARED]


def test_a_clearance_that_another_key_signed_is_refused(gate: Gate, cleared: Nonce) -> None:
    envelope = sign(gate.clearance(cleared)[0], SigningKey.generate())
    with pytest.raises(RefusedError, match="unknown key"):
        send(envelope, house=gate.house())


def test_a_clearance_from_another_gate_is_refused(gate: Gate, cleared: Nonce, gate_template: Path) -> None:
    other = Gate(root=shutil.copytree(gate_template, gate.root.parent / "other"), now=NOW)
    _, envelope = gate.clearance(cleared)
    # The copy has the same key, so that only the ledgers differ.
    with pytest.raises(UsageError, match="no clearance with this nonce"):
        send(envelope, house=other.house())


def claim(gate: Gate, nonce: Nonce) -> RequestId:
    """Claim a clearance as a sending does that dies right after."""
    with gate.ledger() as ledger, ledger.transaction(gate.house().actor, at=gate.house().clock()) as tx:
        tx.claim(nonce)
    return gate.clearance(nonce)[0].request


def test_a_sending_that_was_claimed_in_time_is_finished_until_the_clearance_expires(gate: Gate, cleared: Nonce) -> None:
    claim(gate, cleared)
    gate.now = NOW + LIFE - TICK
    gate.send(cleared)
    assert gate.states() == [State.SENT]
    assert gate.delivered()


def test_a_sending_that_died_before_it_delivered_is_over_when_the_clearance_expires(gate: Gate, cleared: Nonce) -> None:
    claim(gate, cleared)
    gate.now = NOW + LIFE
    with pytest.raises(RefusedError, match="0 of 1 files were delivered"):
        gate.send(cleared)
    assert gate.states() == [State.FAILED]
    assert not gate.delivered()


def test_a_sending_that_died_after_it_delivered_gets_its_receipt_though_the_clearance_expired(
    gate: Gate, cleared: Nonce
) -> None:
    claim(gate, cleared)
    clearance, _ = gate.clearance(cleared)
    source = gate.home / "staging" / "objects" / clearance.artefact[:2] / clearance.artefact
    shutil.copy(source, gate.outbox / "data.csv")
    gate.now = NOW + LIFE
    assert gate.send(cleared).sent_at == gate.now
    assert gate.states() == [State.SENT]


def test_the_settlement_of_several_files_counts_those_that_arrived(gate: Gate) -> None:
    gate.now = NOW
    files = [stage("CSV", gate.staged, stem="a"), stage("CSV", gate.staged, stem="b")]
    nonce = gate.clear(*files)
    claim(gate, nonce)
    clearance, _ = gate.clearance(nonce)
    digest = clearance.files[0].sha256
    shutil.copy(gate.home / "staging" / "objects" / digest[:2] / digest, gate.outbox / "a.csv")
    gate.now = NOW + LIFE
    with pytest.raises(RefusedError, match="1 of 2 files were delivered"):
        gate.send(nonce)
    assert gate.states() == [State.FAILED]
    assert sorted(gate.delivered()) == ["a.csv"]


@pytest.fixture
def papers(gate: Gate, cleared: Nonce) -> tuple[Path, Path, Path]:
    """A sent dataset with its clearance as a file, and the public key."""
    gate.send(cleared)
    paper = gate.root / "clearance.json"
    paper.write_text(gate.clearance(cleared)[1])
    return paper, gate.outbox / "data.csv", gate.house().settings.public_key


def test_a_clearance_and_its_file_are_verified_without_the_gate(
    gate: Gate, papers: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    paper, file, key = (Path(shutil.copy(path, tmp_path)) for path in papers)
    shutil.rmtree(gate.root)
    found = verify_files(paper, [file], key=key, at=NOW)
    assert found.artefact == sha256(file.read_bytes())


@pytest.mark.parametrize(
    ("when", "refusal"), [(NOW - TICK, "not valid yet"), (NOW + LIFE, "has expired"), (NOW + LIFE - TICK, "")]
)
def test_verification_knows_the_time(papers: tuple[Path, Path, Path], when: object, refusal: str) -> None:
    paper, file, key = papers
    if refusal:
        with pytest.raises(RefusedError, match=refusal):
            verify_files(paper, [file], key=key, at=when)  # type: ignore[arg-type]
        assert verify_files(paper, [file], key=key, at=None)
    else:
        assert verify_files(paper, [file], key=key, at=when)  # type: ignore[arg-type]


def test_verification_refuses_other_bytes_another_key_and_files_that_are_not_in_it(
    gate: Gate, papers: tuple[Path, Path, Path]
) -> None:
    paper, file, key = papers
    stranger = gate.root / "other.pem"
    stranger.write_text(SigningKey.generate().public.pem())
    with pytest.raises(RefusedError, match="unknown key"):
        verify_files(paper, [file], key=stranger, at=NOW)
    other = gate.root / "other.csv"
    shutil.copy(file, other)
    with pytest.raises(RefusedError, match=r"not one of the files|not clearly"):
        verify_files(paper, [other], key=key, at=NOW)
    file.chmod(0o600)
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(RefusedError, match="does not hold the bytes"):
        verify_files(paper, [file], key=key, at=NOW)
    paper.write_text(paper.read_text()[:-20])
    with pytest.raises(RefusedError, match="cannot be read"):
        verify_files(paper, [file], key=key, at=NOW)
    paper.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="cannot be read"):
        verify_files(paper, [file], key=key, at=NOW)
