"""Parsing policy files: a Great Expectations suite with its legal basis, refused with file, line and key unless whole.

Great Expectations never sees the file: it would drop what it does not know with a line in its log.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePath
from typing import TYPE_CHECKING

from geogate.model.finding import LegalBasis, Severity
from geogate.model.names import PolicyName, RuleId, Sha256
from geogate.policy.countries import COUNTRIES
from geogate.policy.obligations import Due, Obligation
from geogate.policy.policy import Policy, PolicyRule
from geogate.policy.read import nearest, read_model, read_part
from geogate.policy.scope import Scope
from geogate.policy.shape import PolicyShape, RuleStatus
from geogate.policy.yaml_text import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from geogate.policy.shape import ExpectationShape, ScopeShape
    from geogate.policy.yaml_text import Text

COLUMNS = "expect_columns_to_be_declared"
"""The rule that every policy has: without it a column could hold anything."""

COLUMNS_HINT = """add it, for example:
  - type: expect_columns_to_be_declared
    kwargs: {columns: [], undeclared: harmless}
    severity: warning
    meta:
      rule: columns
      legal_basis:
        - {section: GDPR art. 5(1)(c), source: https://eur-lex.europa.eu/eli/reg/2016/679/oj, as_of: 2026-11-01}
      remedy: leave such columns out, or declare what they hold"""


def parse_policy(data: bytes, *, file: str, rules: Mapping[str, type[BaseModel]]) -> Policy:
    """Parse the bytes of a policy file; ``rules`` are the parameter models of all rules by expectation type.

    Raises: PolicyError naming file, line and key.
    """
    text = read_yaml(data, file=file)
    shape = read_model(text, PolicyShape)
    if shape.name != PurePath(file).stem:
        text.refuse(("name",), "the policy and its file have different names", hint=f"name the file {shape.name}.yaml")
    _require_countries(text, shape)
    _require_columns(text, shape)
    return Policy(
        name=PolicyName(shape.name),
        title=shape.meta.title,
        jurisdiction=shape.meta.jurisdiction,
        as_of=shape.meta.as_of,
        version=shape.meta.version,
        description=shape.meta.description,
        encoding=shape.meta.encoding,
        shapefile_as=shape.meta.shapefile_as,
        reviewers=shape.meta.reviewers,
        review_days=shape.meta.review_days,
        clearance_hours=shape.meta.clearance_hours,
        stop_early=shape.meta.stop_early,
        kinds=shape.meta.kinds,
        isolation=shape.meta.isolation,
        scope=_scope(shape.meta.scope),
        min_confidence=shape.meta.min_confidence,
        obligations=_obligations(text, shape),
        waiver_days=shape.meta.waiver_days,
        rules=_rules(text, shape, rules),
        digest=Sha256(hashlib.sha256(data).hexdigest()),
    )


def _obligations(text: Text, shape: PolicyShape) -> tuple[Obligation, ...]:
    known = {each.meta.rule for each in shape.expectations}
    found: list[Obligation] = []
    for index, each in enumerate(shape.meta.obligations):
        path = ("meta", "obligations", index)
        if any(other.id == each.id for other in found):
            text.refuse((*path, "id"), "an obligation before this one has this id already")
        for place, rule in enumerate(each.rules or ()):
            if rule not in known:
                text.refuse((*path, "rules", place), f"there is no rule {rule!r}", hint=nearest(rule, known))
        basis = each.legal_basis
        found.append(
            Obligation(
                policy=PolicyName(shape.name),
                id=each.id,
                on=each.on,
                rules=tuple(map(RuleId, each.rules or ())),
                due=Due(days=each.due.days, yearly=each.due.yearly, keep_years=each.due.keep_years),
                what=each.what,
                legal_basis=f"{basis.section}, {basis.source}, as of {basis.as_of}",
            )
        )
    return tuple(found)


def _require_countries(text: Text, shape: PolicyShape) -> None:
    for index, country in enumerate(shape.meta.jurisdiction):
        if country not in COUNTRIES | {"EU", "any"}:
            text.refuse(("meta", "jurisdiction", index), f"there is no country {country!r}", hint="ISO 3166-1 alpha-2")


def _require_columns(text: Text, shape: PolicyShape) -> None:
    """Refuse a policy that lets columns leave of which nobody said what they may hold."""
    always = (each for each in shape.expectations if each.meta.status is RuleStatus.ENFORCED and not each.meta.when)
    judged = (each for each in always if each.type == COLUMNS)
    if not any(each.severity in {Severity.CRITICAL, Severity.WARNING} for each in judged):
        text.refuse(
            ("expectations",),
            f"no rule denies or holds by {COLUMNS}, which every policy needs",
            hint=COLUMNS_HINT,
        )


def _rules(text: Text, shape: PolicyShape, rules: Mapping[str, type[BaseModel]]) -> tuple[PolicyRule, ...]:
    found: list[PolicyRule] = []
    for index, expectation in enumerate(shape.expectations):
        rule = _rule(text, index, expectation, rules, shape)
        for earlier, other in enumerate(found):
            if other.id == rule.id:
                text.refuse(("expectations", index, "meta", "rule"), f"expectation {earlier} has this id already")
            if _asks(other) == _asks(rule):
                text.refuse(("expectations", index, "kwargs"), f"rule {other.id} asks for the same already")
        found.append(rule)
    return tuple(found)


def _asks(rule: PolicyRule) -> tuple[str, str, Scope | None]:
    """Say what a rule asks for, and of which releases."""
    return rule.expectation, rule.params_json, rule.when


def _require_sure(text: Text, shape: ExpectationShape, index: int, policy: PolicyShape) -> None:
    """Refuse a rule that decides although its source is less sure than the policy demands."""
    least, path = policy.meta.min_confidence, ("expectations", index, "meta")
    if least is None or shape.meta.status is RuleStatus.DISABLED:
        return
    if shape.meta.confidence is None:
        text.refuse(
            (*path, "confidence"), "the key is missing", hint="min_confidence is set, so each rule says its own"
        )
    if not shape.meta.confidence.at_least(least):
        why = f"{shape.meta.confidence} is less sure than min_confidence, {least}"
        text.refuse((*path, "confidence"), why, hint="add status: disabled, or find the primary source")


def _scope(shape: ScopeShape | None) -> Scope | None:
    """Turn what was read into the value that decides."""
    if shape is None:
        return None
    return Scope(**{name: getattr(shape, name) for name in shape.model_fields_set if getattr(shape, name) is not None})


def _rule(
    text: Text, index: int, shape: ExpectationShape, rules: Mapping[str, type[BaseModel]], policy: PolicyShape
) -> PolicyRule:
    path = ("expectations", index)
    _require_sure(text, shape, index, policy)
    if shape.type not in rules:
        text.refuse((*path, "type"), f"there is no rule {shape.type!r}", hint=nearest(shape.type, rules))
    raw = json.loads(text.json)["expectations"][index]["kwargs"]
    return PolicyRule(
        id=RuleId(shape.meta.rule),
        expectation=shape.type,
        params=read_part(text, rules[shape.type], raw, path=(*path, "kwargs")),
        severity=shape.severity,
        legal_basis=tuple(
            LegalBasis(section=basis.section, source=basis.source, as_of=basis.as_of)
            for basis in shape.meta.legal_basis
        ),
        remedy=shape.meta.remedy,
        notes=shape.notes,
        confidence=shape.meta.confidence,
        when=_scope(shape.meta.when),
        disabled=shape.meta.status is RuleStatus.DISABLED,
        shadow_until=shape.meta.shadow_until,
        waivable=shape.meta.waivable,
    )
