"""The shipped packs as values, and every number in them with the operator that stands beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geogate.policy.parse import parse_policy
from geogate.rules.registry import parameter_models

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.policy.policy import Policy, PolicyRule

EXPECTATIONS = Path(__file__).resolve().parents[1] / "expectations"
JOINT = "expect_no_joint_breach"


@dataclass(frozen=True, slots=True, order=True)
class Number:
    """A number that a rule of a pack compares with, or a part of a joint rule."""

    pack: str
    rule: str
    expectation: str
    key: str
    operator: str
    value: float


def pack(name: str) -> Policy:
    """Read a shipped pack as the gate does."""
    path = EXPECTATIONS / f"{name}.yaml"
    return parse_policy(path.read_bytes(), file=path.name, rules=parameter_models())


def parts(rule: PolicyRule) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Give the expectations of a rule with their parameters: itself, or those that must not be broken together."""
    params = rule.params.model_dump(mode="json")
    if rule.expectation != JOINT:
        return ((rule.expectation, params),)
    return tuple((part["type"], part["kwargs"]) for part in params["breaches"])


def numbers(policy: Policy) -> Iterator[Number]:
    """Find every number in a pack, in lists and mappings too."""
    for rule in policy.rules:
        for expectation, params in parts(rule):
            operator = str(params.get("operator", ""))
            for key, value in _leaves(params):
                yield Number(str(policy.name), str(rule.id), expectation, key, operator, value)


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield key, float(value)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, key)
