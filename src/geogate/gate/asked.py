"""Policies that should judge and do not speak: of a kind of layer, or at all. Their silence is no consent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geogate.model.dataset import LayerKind
from geogate.model.finding import Effect
from geogate.policy.decide import gate_finding
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.gate.opening import Layer
    from geogate.model.finding import Finding
    from geogate.model.names import PolicyName
    from geogate.model.verdict import PolicyUse
    from geogate.policy.policy import Policy, PolicyRule

COLUMNS: Final = "expect_columns_to_be_declared"
"""Looks at the make of a table and not at what a law asks of it, so that it alone is no answer of a law."""


def silent_laws(layers: Sequence[Layer], policy: Policy, uses: Sequence[PolicyUse]) -> tuple[Finding, ...]:
    """Find the layers at which no rule of a policy looks that applies and asks something of other kinds of layers.

    ``policy`` is the one put together, whose rules are called ``<policy>/<rule>``. The finding is
    ``gate/silent-policy``: what a law says of positions must not be walked round by drawing them as a picture.
    """
    return tuple(
        gate_finding(
            "silent-policy",
            layer=layer.name,
            summary=f"policy {use.name} applies, and none of its rules looks at layers of kind {layer.schema.kind}",
            remedy="have the policy say what it asks of such layers, leave the layer out, or send it as vector data",
        )
        for use in uses
        if use.applied
        for layer in layers
        if _is_silent(_of(use.name, policy), layer.schema.kind)
    )


def named_policy_is_out(named: str, uses: Sequence[PolicyUse]) -> tuple[Finding, ...]:
    """Find that the policy that was named does not apply, so that only others would judge.

    The finding is ``gate/named-policy-out``: a recipient is bound to a policy so that it judges, and what is declared
    must not put others in its place.
    """
    return tuple(
        gate_finding(
            "named-policy-out",
            summary=f"policy {use.name}, which was named, {use.why}",
            remedy="name a policy that applies, or correct what is declared of the release",
        )
        for use in uses
        if use.name == named and not use.applied
    )


def _of(name: PolicyName, policy: Policy) -> tuple[PolicyRule, ...]:
    return tuple(
        use
        for use in policy.rules
        if use.id.startswith(f"{name}/") and use.effect is not Effect.NOTE and use.expectation != COLUMNS
    )


def _is_silent(rules: Sequence[PolicyRule], kind: LayerKind) -> bool:
    if kind is LayerKind.RASTER_VALUES:
        return False  # found beside the raster itself, for which a rule must speak
    return bool(rules) and not any(kind in registered()[use.expectation].kinds_of(use.params) for use in rules)
