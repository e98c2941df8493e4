"""A restored gate is opened by words that somebody signed whose key is trusted, and by no others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from backup.test_backup import data
from gating.gate import at
from securesystemslib.dsse import Envelope

from geogate.gate.keyfile import SigningKey
from geogate.gate.keys import signing_key
from geogate.gate.keys_change import revoke
from geogate.gate.reopened import PAYLOAD_TYPE
from geogate.ledger.ledger import Ledger
from geogate.ledger.shut import REOPENED, RESTORED, ShutError
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from backup.lasting import Lasting

NO_KEY = "no key that is trusted here signed that it was reopened"


def restored(lasting: Lasting) -> dict[str, Any]:
    """Lose a gate and restore it; give what its ledger says of that."""
    lasting.back_up()
    lasting.destroy()
    lasting.restore()
    with Ledger.open(lasting.gate.house().settings.ledger_url, even_shut=True) as ledger:
        said: dict[str, Any] = json.loads(ledger.notes(kinds=(RESTORED,))[-1].body)
    return said


def words(said: dict[str, Any], key: SigningKey) -> dict[str, str]:
    """Sign that it was reopened."""
    reopening = {name: said[name] for name in ("size", "root")} | {"lost": []}
    envelope = Envelope(canonical_json(reopening).encode(), PAYLOAD_TYPE, {})
    envelope.sign(key.signer)
    return {"envelope": canonical_json(envelope.to_dict())}


def append(lasting: Lasting, body: object) -> None:
    """Write that it was reopened, as somebody who has the ledger's database."""
    house = lasting.gate.house()
    with (
        Ledger.open(house.settings.ledger_url, even_shut=True) as ledger,
        ledger.transaction(house.actor, at=house.clock()) as tx,
    ):
        tx.note(REOPENED, body)


@pytest.mark.parametrize("body", [{}, {"envelope": "{}"}, {"envelope": 1}, []])
def test_a_word_that_nobody_signed_opens_nothing(on_sqlite: Lasting, body: object) -> None:
    gate = on_sqlite.gate
    nonce = gate.clear(data(on_sqlite, "one"))
    restored(on_sqlite)
    append(on_sqlite, body)
    with pytest.raises(ShutError, match=NO_KEY):
        gate.send(nonce)
    assert not gate.delivered()


def test_a_word_that_a_stranger_signed_opens_nothing_and_the_true_one_does(lasting: Lasting) -> None:
    gate = lasting.gate
    said = restored(lasting)
    append(lasting, words(said, SigningKey.generate()))
    with pytest.raises(ShutError, match=NO_KEY):
        gate.states()
    assert not lasting.reopen().opened
    assert lasting.reopen("nothing was sent").opened
    append(lasting, {"envelope": "afterwards"})
    gate.send(gate.clear(data(lasting, "one")))


def test_the_words_of_an_earlier_restore_open_no_later_one(on_sqlite: Lasting) -> None:
    gate = on_sqlite.gate
    restored(on_sqlite)
    on_sqlite.reopen("nothing was sent")
    with gate.ledger() as ledger:
        earlier = json.loads(ledger.notes(kinds=(REOPENED,))[-1].body)
    restored(on_sqlite)
    append(on_sqlite, earlier)
    with pytest.raises(ShutError, match=NO_KEY):
        gate.states()


def test_a_key_that_was_revoked_before_opens_nothing_and_one_that_is_revoked_later_has_opened(
    on_sqlite: Lasting,
) -> None:
    gate = on_sqlite.gate
    gate.now = at("2026-06-15T12:00:00")
    old = signing_key(gate.house().settings)
    revoke(old.public.id, reason="stolen", house=gate.house("adam"))
    gate.now = at("2026-06-16T12:00:00")
    append(on_sqlite, words(restored(on_sqlite), old))
    with pytest.raises(ShutError, match=NO_KEY):
        gate.states()

    on_sqlite.reopen("nothing was sent")
    present = signing_key(gate.house().settings)
    gate.now = at("2026-06-17T12:00:00")
    revoke(present.public.id, reason="stolen later", house=gate.house("adam"))
    assert gate.states() == []


def test_a_machine_that_knows_no_key_keeps_the_gate_shut(on_sqlite: Lasting) -> None:
    gate = on_sqlite.gate
    restored(on_sqlite)
    on_sqlite.reopen("nothing was sent")
    assert gate.states() == []
    for key in (gate.home / "keys").iterdir():
        key.unlink()
    with pytest.raises(ShutError, match="copy keys/"):
        gate.states()
