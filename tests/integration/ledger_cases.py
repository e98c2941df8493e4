"""Values for tests of the ledger: one release from draft to receipt, each part made to fit the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from geogate.model.dataset import Artefact, Dataset, Encoding, FileDigest
from geogate.model.finding import Count, Effect, Finding, LegalBasis
from geogate.model.lifecycle import State
from geogate.model.names import (
    Actor,
    LayerName,
    Nonce,
    PolicyName,
    RecipientId,
    RequestId,
    RuleId,
    Sha256,
    ZoneListName,
)
from geogate.model.release import Ballot, Choice, Clearance, Delivery, Receipt, ReleaseRequest, Vote
from geogate.model.verdict import Basis, Check, Decision, LayerSummary, Verdict

if TYPE_CHECKING:
    from geogate.ledger.ledger import Ledger

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GATE = Actor("gate@example")
REQUESTER = Actor("rita@example")
REVIEWERS = (Actor("vera@example"), Actor("viktor@example"))
DESTINATION = "s3://egress/acme/"
PURPOSE = "Flood model 2026, „Überschwemmung“"
MEASUREMENTS = '{"rows":3}'
ENVELOPE = '{"payload":"e30="}'
LIFETIME = timedelta(hours=1)


def sha(letter: str) -> Sha256:
    return Sha256(letter * 64)


def dataset(letter: str = "a") -> Dataset:
    return Dataset(name="airports", files=(FileDigest(name="airports.parquet", size=10, sha256=sha(letter)),))


def artefact(letter: str = "b") -> Artefact:
    files = (FileDigest(name="airports.parquet", size=12, sha256=sha(letter)),)
    return Artefact(files=files, encoding=Encoding.CANONICAL)


def draft(name: str = "r1", *, requester: Actor = REQUESTER) -> ReleaseRequest:
    return ReleaseRequest(
        id=RequestId(name),
        requester=requester,
        recipient=RecipientId("acme"),
        destination=DESTINATION,
        purpose=PURPOSE,
        policy=PolicyName("baseline"),
        assume_crs="",
        created_at=NOW,
        state=State.DRAFT,
    )


def _finding(effect: Effect) -> Finding:
    return Finding(
        rule=RuleId("coordinate-precision"),
        layer=LayerName("airports.parquet"),
        effect=effect,
        summary="positions are finer than allowed",
        remedy="round them",
        counts=(Count(what="features", value=3),),
        legal_basis=(LegalBasis(section="art. 1", source="Act", as_of=date(2026, 1, 1)),),
    )


def verdict(decision: Decision = Decision.CLEAR, *, subject: Artefact | Dataset | None = None) -> Verdict:
    about = subject or artefact()
    effects = {Decision.CLEAR: (), Decision.HOLD: (Effect.HOLD,), Decision.DENY: (Effect.DENY,)}[decision]
    rule, layer = RuleId("coordinate-precision"), LayerName("airports.parquet")
    return Verdict(
        subject=about.digest,
        subject_size=about.size,
        recipient=RecipientId("acme"),
        destination=DESTINATION,
        purpose=PURPOSE,
        basis=Basis(
            policy=PolicyName("baseline"),
            policy_digest=sha("c"),
            recipients_digest=sha("d"),
            zones=((ZoneListName("sites"), sha("e")),),
            versions=(("geogate", "0.1.0"),),
        ),
        judged_at=NOW,
        rules=(rule,),
        layers=(LayerSummary(name=layer, rows=3, crs="EPSG:4326"),),
        checks=(Check(rule=rule, layer=layer, satisfied=not effects, observed="finest step 11 m"),),
        findings=tuple(_finding(effect) for effect in effects),
    )


def ballot() -> Ballot:
    return Ballot(
        artefact=artefact().digest,
        destination=DESTINATION,
        recipient=RecipientId("acme"),
        policy_digest=sha("c"),
        zones=((ZoneListName("sites"), sha("e")),),
    )


def vote(
    reviewer: Actor,
    choice: Choice = Choice.APPROVE,
    *,
    name: str = "r1",
    at: datetime = NOW,
    about: Ballot | None = None,
) -> Vote:
    return Vote(
        request=RequestId(name), reviewer=reviewer, choice=choice, comment="seen", at=at, ballot=about or ballot()
    )


def nonce(number: int = 1) -> Nonce:
    return Nonce(f"{number:032x}")


def clearance(name: str = "r1", *, number: int = 1, at: datetime = NOW) -> Clearance:
    return Clearance(
        nonce=nonce(number),
        request=RequestId(name),
        files=artefact().files,
        artefact=artefact().digest,
        recipient=RecipientId("acme"),
        destination=DESTINATION,
        destination_owner="123456789012",
        policy=PolicyName("baseline"),
        policy_digest=sha("c"),
        recipients_digest=sha("d"),
        zones=((ZoneListName("sites"), sha("e")),),
        issued_at=at,
        expires_at=at + LIFETIME,
    )


def receipt(name: str = "r1", *, number: int = 1) -> Receipt:
    delivery = Delivery(uri=f"{DESTINATION}airports.parquet", sha256=sha("b"), size=12, version="v1")
    return Receipt(nonce=nonce(number), request=RequestId(name), deliveries=(delivery,), sent_at=NOW)


@dataclass(frozen=True)
class Path:
    """Takes one request along its life, each step in a transaction of its own."""

    ledger: Ledger
    name: str = "r1"
    number: int = 1

    def screened(self, decision: Decision = Decision.CLEAR) -> None:
        with self.ledger.transaction(GATE, at=NOW) as steps:
            steps.open_request(draft(self.name))
        with self.ledger.transaction(GATE, at=NOW) as steps:
            steps.seal(RequestId(self.name), dataset=dataset(), artefact=artefact())
        with self.ledger.transaction(GATE, at=NOW) as steps:
            steps.screen(RequestId(self.name), verdict=verdict(decision), measurements=MEASUREMENTS)

    def held(self) -> None:
        self.screened(Decision.HOLD)
        with self.ledger.transaction(GATE, at=NOW) as steps:
            steps.move(RequestId(self.name), State.HELD, reason="the verdict holds")

    def voted(self, *choices: Choice) -> None:
        for reviewer, choice in zip(REVIEWERS, choices, strict=True):
            with self.ledger.transaction(reviewer, at=NOW) as steps:
                steps.vote(vote(reviewer, choice, name=self.name))

    def refused(self) -> None:
        self.held()
        self.voted(Choice.APPROVE, Choice.REJECT)

    def sent_back(self) -> None:
        self.held()
        self.voted(Choice.RETURN, Choice.APPROVE)

    def approved(self) -> None:
        self.held()
        self.voted(Choice.APPROVE, Choice.APPROVE)
        with self.ledger.transaction(GATE, at=NOW) as steps:
            steps.move(RequestId(self.name), State.APPROVED, reason="two reviewers")

    def cleared(self) -> None:
        self.screened()
        self.clear()

    def clear(self) -> None:
        with self.ledger.transaction(GATE, at=NOW) as steps:
            steps.clear(RequestId(self.name), clearance=clearance(self.name, number=self.number), envelope=ENVELOPE)

    def sending(self) -> None:
        self.cleared()
        with self.ledger.transaction(GATE, at=NOW) as steps:
            steps.claim(nonce(self.number))

    def sent(self) -> None:
        self.sending()
        with self.ledger.transaction(GATE, at=NOW) as steps:
            steps.receive(receipt(self.name, number=self.number))
