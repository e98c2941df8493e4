"""Ways past the broker: clearances that are edited, foreign, spent, expired, withdrawn, or for something else."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from attack.case import Case

from geogate.destinations.s3_session import session_policy
from geogate.gate.broker import Broker
from geogate.gate.keyfile import SigningKey
from geogate.gate.keys import signing_key
from geogate.gate.send import send
from geogate.gate.signing import sign
from geogate.model.dataset import content_digest
from geogate.model.names import Nonce, RecipientId, Sha256

if TYPE_CHECKING:
    from attack.field import Field

    from geogate.gate.house import House
    from geogate.model.release import Clearance


def _edited(field: Field, **changes: Any) -> Any:
    """Change what a signed clearance says, and leave its signature."""
    _, envelope = field.gate.clearance(field.unspent)
    document = json.loads(envelope)
    statement = json.loads(base64.b64decode(document["payload"]))
    statement["predicate"].update(changes)
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    document["payload"] = base64.b64encode(text.encode()).decode()
    return send(json.dumps(document), house=field.house)


def _signed(field: Field, **changes: Any) -> Any:
    """Sign another clearance with the gate's own key, which whoever stole it could."""
    kept, _ = field.gate.clearance(field.unspent)
    return send(sign(replace(kept, **changes), signing_key(field.house.settings)), house=field.house)


def _foreign(field: Field) -> Any:
    kept, _ = field.gate.clearance(field.unspent)
    return send(sign(kept, SigningKey.generate()), house=field.house)


def _other_bytes(field: Field) -> Any:
    """Change the staged bytes of what was cleared."""
    nonce = field.clear("altered")
    clearance, _ = field.gate.clearance(nonce)
    (file,) = clearance.files
    path = field.house.staging().open(file.sha256)
    path.chmod(0o600)
    path.write_bytes(b"x" * file.size)
    return field.gate.send(nonce)


def _other_digest(field: Field) -> Any:
    kept, _ = field.gate.clearance(field.unspent)
    files = tuple(replace(file, sha256=Sha256("0" * 64)) for file in kept.files)
    return _signed(field, files=files, artefact=content_digest(files))


def _late(field: Field) -> Any:
    gate, nonce = field.late
    return gate.send(nonce)


def _leave(field: Field, nonce: Nonce, name: str = "") -> Any:
    """Ask the broker for a session, without sending."""
    clearance, envelope = field.gate.clearance(nonce)
    with field.gate.ledger() as ledger:
        broker = Broker(envelope=envelope, ledger=ledger, house=field.house)
        return broker.leave(clearance.destination + (name or clearance.files[0].name))


def _leave_over(field: Field) -> Any:
    """Become the releaser for what a sending that died has claimed, after it has expired, and write."""
    clearance, envelope = field.gate.clearance(field.died)
    after: House = replace(field.house, clock=lambda: clearance.expires_at)
    with field.gate.ledger() as ledger:
        leave = Broker(envelope=envelope, ledger=ledger, house=after).leave(_uri(clearance))
    assert leave.writes_until is None
    key = _uri(clearance).removeprefix(f"s3://{field.egress}/")
    policy = session_policy("aws", field.egress, key, writes_until=leave.writes_until)
    s3 = field.become(Policy=policy).client("s3")
    return s3.put_object(Bucket=field.egress, Key=key, Body=b"1")


def _uri(clearance: Clearance) -> str:
    return clearance.destination + clearance.files[0].name


def _no_role(field: Field) -> Any:
    """Send with the credentials of the surroundings alone."""
    role = field.gate.settings.pop("GEOGATE_RELEASER_ROLE")
    try:
        return field.gate.send(field.clear("no-role"))
    finally:
        field.gate.settings["GEOGATE_RELEASER_ROLE"] = role


CLEARANCES = (
    Case(name="text that is no clearance", why="anything could be sent", act=lambda f: send("{}", house=f.house)),
    Case(
        name="clearance edited: another destination",
        why="data would go elsewhere",
        act=lambda f: _edited(f, destination=f"s3://{f.egress}/elsewhere/"),
    ),
    Case(
        name="clearance edited: another recipient",
        why="data would be somebody else's",
        act=lambda f: _edited(f, recipient="somebody"),
    ),
    Case(name="clearance edited: other bytes", why="other data would go", act=lambda f: _edited(f, artefact="0" * 64)),
    Case(
        name="clearance edited: a later end",
        why="it would never expire",
        act=lambda f: _edited(f, expires_at="2999-01-01T00:00:00+00:00"),
    ),
    Case(name="clearance signed with a foreign key", why="anybody can sign", act=_foreign),
    Case(
        name="clearance signed with the gate's key, unknown to the ledger: another destination",
        why="a stolen key alone must send nothing",
        act=lambda f: _signed(f, destination=f"s3://{f.egress}/elsewhere/"),
    ),
    Case(
        name="clearance signed with the gate's key, unknown to the ledger: another recipient",
        why="a stolen key alone must send nothing",
        act=lambda f: _signed(f, recipient=RecipientId("somebody")),
    ),
    Case(
        name="clearance signed with the gate's key, unknown to the ledger: other bytes",
        why="a stolen key alone must send nothing",
        act=_other_digest,
    ),
    Case(name="clearance used a second time", why="once is what was judged", act=lambda f: f.gate.send(f.spent)),
    Case(name="clearance that has expired", why="what was judged then may be wrong now", act=_late),
    Case(
        name="clearance that was withdrawn",
        why="people said that it must not leave after all",
        act=lambda f: f.gate.send(f.withdrawn),
    ),
    Case(name="staged bytes altered after the judgement", why="other data would go", act=_other_bytes),
    Case(
        name="broker asked for a session before the claim",
        why="two could send by one clearance",
        act=lambda f: _leave(f, f.unspent),
        control=lambda f: _leave(f, f.died),
    ),
    Case(
        name="broker asked for a session for another object",
        why="a clearance is for its files",
        act=lambda f: _leave(f, f.died, "another.csv"),
        control=lambda f: _leave(f, f.died),
    ),
    Case(
        name="broker asked for a session after sending",
        why="the clearance is spent",
        act=lambda f: _leave(f, f.spent),
        control=lambda f: _leave(f, f.died),
    ),
    Case(
        name="session that the broker gives after the expiry writes",
        why="it is for looking only",
        act=_leave_over,
    ),
    Case(name="gate without the releaser's role", why="its own credentials are not enough", act=_no_role),
)
