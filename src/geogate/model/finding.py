"""Findings: the reasons why a layer may not leave, with counts and limits, never with a coordinate or a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import assert_never

from geogate.model.document import LATER
from geogate.model.names import LayerName, RuleId

GATE = "gate/"
"""How the ids of the gate's own findings begin; no policy may use it."""


class Severity(StrEnum):
    """How grave a policy says that a broken rule is; the words are Great Expectations'."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Effect(StrEnum):
    """What a finding does to the release."""

    DENY = "deny"
    HOLD = "hold"
    NOTE = "note"


class Confidence(StrEnum):
    """How sure a number of the law is, the surest first: primary text, secondary source, and three unverified."""

    PRIMARY = "F1"
    SECONDARY = "F2"
    HIGH = "M-H"
    MEDIUM = "M-M"
    LOW = "M-L"

    def at_least(self, other: Confidence) -> bool:
        """Tell whether this is as sure as another."""
        order = tuple(Confidence)
        return order.index(self) <= order.index(other)


def effect_of(severity: Severity) -> Effect:
    """Translate the severity of a rule into the effect of its findings."""
    match severity:
        case Severity.CRITICAL:
            return Effect.DENY
        case Severity.WARNING:
            return Effect.HOLD
        case Severity.INFO:
            return Effect.NOTE
        case _:
            assert_never(severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalBasis:
    """Where a rule comes from: the section that a lawyer would cite, and when somebody last looked."""

    section: str
    source: str
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A named number in a finding, for example ``features in zones: 214``."""

    what: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason why a layer may not leave.

    ``measured`` and ``limit`` are in ``unit``; ``operator`` is the comparison that would have to hold between them.
    A finding of the gate itself (``gate/...``) has no legal basis and always denies. ``waived`` is the id of the waiver
    that lets the release leave in spite of it, empty where there is none: see ``geogate.model.waiver``.
    """

    rule: RuleId
    layer: LayerName
    effect: Effect
    summary: str
    remedy: str
    measured: str = ""
    operator: str = ""
    limit: str = ""
    unit: str = ""
    counts: tuple[Count, ...] = ()
    legal_basis: tuple[LegalBasis, ...] = ()
    waived: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a rule found, before the policy adds the effect and the legal basis to make it a ``Finding``."""

    summary: str
    remedy: str
    measured: str = ""
    operator: str = ""
    limit: str = ""
    unit: str = ""
    counts: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one rule says about one layer; it passed if and only if it has no problems.

    ``observed`` is the sentence for people who read a cleared verdict, for example ``finest step 1,113 m``.
    """

    rule: RuleId
    layer: LayerName
    observed: str
    problems: tuple[Problem, ...] = ()
