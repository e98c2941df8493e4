"""Try to smuggle: submit the files of a case to a gate as any user would, and see what came out."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gating.place import FAR, POLICY, ZONES, PolicyFolder, destination, inventory, precision, rule, zones
from smuggling.secret import ZONE, ZONE_IN_CHINA

from geogate.model.dataset import LayerKind
from geogate.model.errors import GeogateError
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from gating.gate import Gate
    from smuggling.case import Case

BUFFER_M = 5_000.0
ZONES_ONLY = "zones-only"
"""The policy without limits of precision."""


class End(StrEnum):
    """How an attempt ended."""

    DENIED = "denied"
    HELD = "held"
    REFUSED = "refused without a verdict"
    SENT_WITHOUT = "sent without the secret"
    NO_PROOF = "the secret is not in the input: the case proves nothing"
    LEAKED = "LEAKED"
    CRASHED = "the gate or the case crashed"


STOPPED = frozenset({End.DENIED, End.HELD, End.REFUSED, End.SENT_WITHOUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A case, how it ended, and the findings that stopped it."""

    case: str
    end: End
    findings: tuple[str, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether the secret did not get out."""
        return self.end in STOPPED


def prepare(policies: PolicyFolder) -> None:
    """Write the zone and the policy of the corpus."""
    policies.write_zones(ZONE, ZONE_IN_CHINA, valid_until=FAR)
    both = (zones(BUFFER_M), readings(), pixels(), turns(), destination())
    kinds = [kind.value for kind in LayerKind]
    policies.write_policy((precision("precision", 100, ">="), inventory(), *both), kinds=kinds)
    policies.write_policy(both, name=ZONES_ONLY, kinds=kinds)


def turns() -> dict[str, Any]:
    """Give the rule about numbers in turn in the dimensions of points."""
    return rule("turns", "expect_point_values_not_to_take_turns", max_separation=0.8)


def readings() -> dict[str, Any]:
    """Give the rule about other readings of the numbers, all of them."""
    return rule(
        "readings",
        "expect_no_zone_under_another_reading",
        "warning",
        zone_list=ZONES,
        buffer_m=BUFFER_M,
        max_features=0,
        max_share=0.0,
        min_share_fitting=0.9,
        readings="all",
    )


def pixels() -> dict[str, Any]:
    """Give the rule about what images show of zones."""
    kind = "expect_no_pixels_in_restricted_zones"
    return rule("pixels", kind, zone_list=ZONES, buffer_m=BUFFER_M, max_pixels=0)


def attempt(key: str, case: Case, *, gate: Gate) -> Attempt:
    """Write a case into the gate's folder, submit it, send what is cleared, and look for the secret there.

    An exception that is none of the product's is not caught: it is a crash, which is a defect of its own.
    """
    staged = gate.staged / key.replace("/", "-")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    with warnings.catch_warnings():
        # Files that are odd on purpose make their writers complain.
        warnings.simplefilter("ignore")
        case.write(staged)
        if not case.gives_the_secret(staged):
            return Attempt(case=key, end=End.NO_PROOF)
    try:
        policy = ZONES_ONLY if case.fine_allowed else POLICY
        done = gate.submit(staged, assume_crs=case.assume_crs, policy=policy)
    except GeogateError as error:
        return Attempt(case=key, end=End.REFUSED, findings=(error.summary,))
    findings = tuple(f"{finding.effect}: {finding.rule}: {finding.summary}" for finding in done.verdict.findings)
    if done.decision is not Decision.CLEAR:
        return Attempt(case=key, end=End.DENIED if done.decision is Decision.DENY else End.HELD, findings=findings)
    if done.clearance is None:
        raise AssertionError("a clear verdict without a clearance")
    shutil.rmtree(gate.outbox, ignore_errors=True)
    gate.outbox.mkdir()
    gate.send(done.clearance)
    leaked = case.gives_the_secret(gate.outbox)
    return Attempt(case=key, end=End.LEAKED if leaked else End.SENT_WITHOUT, findings=findings)
