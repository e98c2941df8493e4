"""Policies, circumstances and layers for tests of the rules and the suites; small, real, and without files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.measure import LayerFacts, Measure
from geogate.model.dataset import Encoding, Format
from geogate.model.finding import LegalBasis, Severity
from geogate.model.names import LayerName, PolicyName, RecipientId, RuleId, Sha256, ZoneListName
from geogate.model.parties import Circumstances, Contract, Owner, Place, Posture, Recipient
from geogate.model.verdict import Basis, LayerSummary
from geogate.policy.decide import Case
from geogate.policy.policy import Policy, PolicyRule
from geogate.rules.registry import registered
from geogate.zones.zone import Zone, ZoneList

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import BaseModel

TODAY = date(2026, 11, 22)
DIGEST = Sha256("d" * 64)

BASIS = LegalBasis(section="art. 1", source="the act", as_of=date(2026, 1, 1))

RECIPIENT = Recipient(
    id=RecipientId("partner"),
    name="Partner",
    country="DE",
    owners=(Owner(country="DE", share=0.6), Owner(country="FR", share=0.4)),
    contract=Contract(reference="C-1", ends=date(2027, 12, 31)),
    destinations=(
        Place(uri="s3://egress/partner/", owner="123456789012"),
        Place(uri="file:///srv/outbox/partner/", owner=""),
    ),
)

CIRCUMSTANCES = Circumstances(
    recipient=RECIPIENT,
    destination="s3://egress/partner/2026/",
    posture=Posture(region="eu-central-1", country="DE"),
    purpose="test",
    today=TODAY,
    subject_size=1,
)


def policy_rule(
    rule_id: str, params: BaseModel, *, expectation: str, severity: Severity = Severity.CRITICAL
) -> PolicyRule:
    """Use a rule in a policy."""
    return PolicyRule(
        id=RuleId(rule_id),
        expectation=expectation,
        params=params,
        severity=severity,
        legal_basis=(BASIS,),
        remedy="do as the policy says",
        notes="",
    )


def registered_rule(expectation: str, rule_id: str = "the-rule", **kwargs: Any) -> PolicyRule:
    """Use a registered rule in a policy, with its parameters as a file would have them."""
    params = registered()[expectation].params.model_validate_json(json.dumps(kwargs))
    return policy_rule(rule_id, params, expectation=expectation)


def policy_of(*rules: PolicyRule) -> Policy:
    """Make a policy of some rules."""
    return Policy(
        name=PolicyName("a-policy"),
        title="A policy",
        jurisdiction=("any",),
        as_of=date(2026, 1, 1),
        version="1",
        description="For tests.",
        encoding=Encoding.CANONICAL,
        shapefile_as=Format.GEOPACKAGE,
        reviewers=2,
        review_days=14,
        clearance_hours=24,
        rules=rules,
        digest=DIGEST,
    )


def case_of(policy: Policy) -> Case:
    """Say what a verdict under a policy is about."""
    basis = Basis(
        policy=policy.name,
        policy_digest=policy.digest,
        recipients_digest=DIGEST,
        zones=(),
        versions=(("geogate", "0"),),
    )
    return Case(
        subject=DIGEST,
        subject_size=1,
        recipient=RECIPIENT.id,
        destination=CIRCUMSTANCES.destination,
        purpose="test",
        basis=basis,
        judged_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    )


def summary(name: str, rows: int = 1) -> LayerSummary:
    """Summarise a layer."""
    return LayerSummary(name=LayerName(name), rows=rows, crs="EPSG:4326")


def batch_of(
    geometries: Sequence[shapely.Geometry | None] | np.ndarray[Any, Any],
    *,
    crs: str = "EPSG:4326",
    columns: dict[str, list[Any]] | None = None,
) -> LayerBatch:
    """Make one batch of geometries."""
    wkb = shapely.to_wkb(np.asarray(geometries, dtype=object), output_dimension=4, flavor="iso")
    columns = {"name": ["x"] * len(wkb)} if columns is None else columns
    attributes = pa.record_batch(columns) if columns else pa.RecordBatch.from_struct_array(pa.array([{}] * len(wkb)))
    return LayerBatch(wkb=pa.array(wkb, pa.binary()), attributes=attributes, crs=pyproj.CRS.from_user_input(crs))


@dataclass
class CountingPass:
    """A pass over batches in memory that counts how often it was made."""

    batches: tuple[LayerBatch, ...]
    asked: list[list[str]] = field(default_factory=list)

    def __call__(self, measures: Sequence[Measure[Any]], /) -> LayerFacts:
        """Measure all batches."""
        self.asked.append([measure.id for measure in measures])
        values = {measure.id: measure.empty() for measure in measures}
        for batch in self.batches:
            values = {measure.id: values[measure.id] + measure.of(batch) for measure in measures}
        return LayerFacts(rows=sum(batch.rows for batch in self.batches), values=values)


def zone_list(zones: Iterable[Zone], *, name: str = "zones") -> ZoneList:
    """Make a list of zones."""
    return ZoneList(
        name=ZoneListName(name),
        title="Zones",
        source="test",
        licence="none",
        as_of=date(2026, 1, 1),
        valid_until=date(2027, 1, 1),
        digest=Sha256("e" * 64),
        zones=tuple(zones),
    )


def circumstances(**changes: Any) -> Circumstances:
    """Change the usual circumstances; keys of the recipient change the recipient."""
    own = {key: changes.pop(key) for key in list(changes) if hasattr(RECIPIENT, key)}
    return replace(CIRCUMSTANCES, recipient=replace(RECIPIENT, **own), **changes)
