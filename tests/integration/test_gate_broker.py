"""The broker gives leave for one object, once the clearance is claimed and while it is sent, and to write in time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from gating.files import stage
from gating.gate import Gate, at

from geogate.destinations.leave import Leave
from geogate.gate.broker import Broker
from geogate.gate.keyfile import SigningKey
from geogate.gate.keys import signing_key
from geogate.gate.signing import sign
from geogate.model.errors import RefusedError, UsageError
from geogate.model.lifecycle import State
from geogate.model.names import Nonce, RecipientId

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from geogate.ledger.ledger import Ledger
    from geogate.model.release import Clearance

NOW = at("2026-11-22T12:00:00")


@pytest.fixture
def cleared(gate: Gate) -> tuple[Clearance, str]:
    gate.now = NOW
    return gate.clearance(gate.clear(stage("CSV", gate.staged)))


@pytest.fixture
def ledger(gate: Gate) -> Iterator[Ledger]:
    with gate.ledger() as ledger:
        yield ledger


def claim(gate: Gate, nonce: Nonce) -> None:
    house = gate.house()
    with gate.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        tx.claim(nonce)


def asked(gate: Gate, ledger: Ledger, cleared: tuple[Clearance, str], *, name: str = "", when: datetime = NOW) -> Leave:
    clearance, envelope = cleared
    house = replace(gate.house(), clock=lambda: when)
    return Broker(envelope=envelope, ledger=ledger, house=house).leave(
        clearance.destination + (name or clearance.files[0].name)
    )


def test_nothing_is_allowed_before_the_claim(gate: Gate, ledger: Ledger, cleared: tuple[Clearance, str]) -> None:
    with pytest.raises(RefusedError, match="not claimed"):
        asked(gate, ledger, cleared)
    claim(gate, cleared[0].nonce)
    leave = asked(gate, ledger, cleared)
    assert leave == Leave(nonce=cleared[0].nonce, writes_until=cleared[0].expires_at)


def test_nothing_is_allowed_for_another_object(gate: Gate, ledger: Ledger, cleared: tuple[Clearance, str]) -> None:
    claim(gate, cleared[0].nonce)
    for name in ("another.csv", "data.csv/more", "../data.csv"):
        with pytest.raises(RefusedError, match="other objects"):
            asked(gate, ledger, cleared, name=name)


def test_nothing_is_allowed_after_it_was_sent(gate: Gate, ledger: Ledger, cleared: tuple[Clearance, str]) -> None:
    gate.send(cleared[0].nonce)
    with pytest.raises(RefusedError, match="it is spent"):
        asked(gate, ledger, cleared)


def test_nothing_is_allowed_after_it_failed(gate: Gate, ledger: Ledger, cleared: tuple[Clearance, str]) -> None:
    claim(gate, cleared[0].nonce)
    house = gate.house()
    with gate.ledger() as own, own.transaction(house.actor, at=house.clock()) as tx:
        tx.move(cleared[0].request, State.FAILED, reason="somebody stopped it")
    with pytest.raises(RefusedError, match="it is spent"):
        asked(gate, ledger, cleared)


def test_writing_is_over_from_the_instant_of_the_expiry(
    gate: Gate, ledger: Ledger, cleared: tuple[Clearance, str]
) -> None:
    claim(gate, cleared[0].nonce)
    end = cleared[0].expires_at
    assert asked(gate, ledger, cleared, when=end).writes_until is None
    assert asked(gate, ledger, cleared, when=NOW).writes_until == end


def test_a_foreign_signature_an_edited_copy_and_an_unknown_nonce_are_refused(
    gate: Gate, ledger: Ledger, cleared: tuple[Clearance, str]
) -> None:
    clearance, _ = cleared
    claim(gate, clearance.nonce)
    own = signing_key(gate.house().settings)
    with pytest.raises(RefusedError, match="unknown key"):
        asked(gate, ledger, (clearance, sign(clearance, SigningKey.generate())))
    for edited in (
        replace(clearance, recipient=RecipientId("somebody")),
        replace(clearance, expires_at=clearance.expires_at.replace(year=2999)),
    ):
        with pytest.raises(RefusedError, match="not the one that the ledger keeps"):
            asked(gate, ledger, (edited, sign(edited, own)))
    unknown = replace(clearance, nonce=Nonce("0" * 32))
    with pytest.raises(UsageError, match="no clearance"):
        asked(gate, ledger, (unknown, sign(unknown, own)))
