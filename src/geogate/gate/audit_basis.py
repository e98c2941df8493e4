"""What releases of the past are judged by tonight: policies, recipients, zone lists, places and waivers of today."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from geogate.destinations.errors import PermanentError
from geogate.gate.place import place_of, registered_place, zone_digests
from geogate.gate.policy_kept import KeptJudge
from geogate.gate.versions import versions
from geogate.gate.waivers_apply import Waiving, waiving
from geogate.measures.measure import UnmeasurableError
from geogate.model.document import canonical_json
from geogate.model.errors import RefusedError
from geogate.model.names import PolicyName
from geogate.model.parties import Circumstances
from geogate.policy.applicable import applicable
from geogate.policy.scope import Facts
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.gate.house import House
    from geogate.gate.place import PolicyPlace
    from geogate.model.parties import Place, Posture, Recipient, RecipientBook
    from geogate.model.release import ReleaseRequest
    from geogate.policy.applicable import Applicable
    from geogate.policy.policy import Policy
    from geogate.zones.zone import ZoneList


DAILY: Final = frozenset(
    {
        "expect_declared_number",
        "expect_fine_images_no_newer_than",
        "expect_no_joint_breach",
        "expect_recipient_total_no_more_than",
    }
)
"""Rules about what was measured that ask what day it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TodaysBasis:
    """All that a verdict on a release depends on tonight besides what was measured; ``digest`` pins it."""

    found: Applicable
    recipient: Recipient
    posture: Posture
    zone_lists: Mapping[str, ZoneList]
    judge: KeptJudge
    digest: str

    @property
    def policy(self) -> Policy:
        """The rules that are asked."""
        return self.found.policy


@dataclass(slots=True)
class Today:
    """What an audit reads once: each policy, recipient, place and list, however many releases need it."""

    house: House
    place: PolicyPlace
    book: RecipientBook
    adopted: tuple[str, ...] | None
    _policies: dict[str, Policy] = field(default_factory=dict)
    _postures: dict[tuple[str, Place | None], Posture | str] = field(default_factory=dict)
    _bases: dict[tuple[str, ...], TodaysBasis] = field(default_factory=dict)
    _judges: dict[str, tuple[Mapping[str, ZoneList], KeptJudge]] = field(default_factory=dict)
    _waiving: dict[str, Waiving] = field(default_factory=dict)

    @classmethod
    def of(cls, house: House) -> Today:
        """Open the protected place as it is now.

        Raises: PolicyError, ServiceError.
        """
        place = place_of(house, indexes=house.means().indexes)
        adopted = place.adopted()
        names = None if adopted is None else tuple(map(str, adopted.policies))
        return cls(house, place, place.recipients(), names)

    def basis(self, request: ReleaseRequest) -> TodaysBasis:
        """Give what a release is judged by; requests that ask for the same share it.

        Raises: UsageError, RefusedError where the recipient or the policy is none any more; PolicyError; ServiceError.
        """
        said = (request.policy, request.recipient, request.destination, request.purpose)
        key = (*map(str, said), canonical_json(request.declaration))
        if key not in self._bases:
            self._bases[key] = self._read(request)
        return self._bases[key]

    def waiving(self, basis: TodaysBasis, *, dataset: str, requester: str) -> Waiving:
        """Give the waivers of today, and the release that they are asked about."""
        policy = str(basis.policy.digest)
        if policy not in self._waiving:
            self._waiving[policy] = waiving(basis.policy, dataset="", requester="", house=self.house)
        return replace(self._waiving[policy], dataset=dataset, requester=requester)

    def _read(self, request: ReleaseRequest) -> TodaysBasis:
        recipient = self.place.recipient(self.book, request.recipient)
        if recipient.policies and PolicyName(request.policy) not in recipient.policies:
            raise RefusedError(f"recipient {recipient.id} does not get data under policy {request.policy or 'none'}")
        names = [str(request.policy)] if request.policy else []
        names += [name for name in self.adopted or () if name not in names]
        if not names:
            raise RefusedError("no policy judges it any more")
        posture = self._posture(request.destination, recipient)
        facts = Facts(declaration=request.declaration, recipient=recipient, posture=posture, purpose=request.purpose)
        today = self.house.today()
        found = applicable(
            [self._policy(name) for name in names], facts, today=today, together=self.adopted is not None
        )
        zone_lists, judge = self._judge(found.policy)
        known = Circumstances(
            recipient=recipient,
            destination=request.destination,
            posture=posture,
            purpose=request.purpose,
            today=today,
            subject_size=0,
            declaration=request.declaration,
            zone_lists=zone_lists,
        )
        return TodaysBasis(
            found=found,
            recipient=recipient,
            posture=posture,
            zone_lists=zone_lists,
            judge=judge,
            digest=self._digest(found, known),
        )

    def _policy(self, name: str) -> Policy:
        if name not in self._policies:
            self._policies[name] = self.place.policy(name)
        return self._policies[name]

    def _judge(self, policy: Policy) -> tuple[Mapping[str, ZoneList], KeptJudge]:
        key = canonical_json([policy.digest, [rule.id for rule in policy.rules]])
        if key not in self._judges:
            lists = self.place.zone_lists(policy, today=self.house.today())
            self._judges[key] = (lists, KeptJudge(lists))
        return self._judges[key]

    def _posture(self, destination: str, recipient: Recipient) -> Posture:
        registered = registered_place(destination, recipient)
        key = (destination, registered)
        if key not in self._postures:
            try:
                self._postures[key] = self.house.channel(destination, registered=registered).posture()
            except PermanentError as error:
                self._postures[key] = error.summary
        found = self._postures[key]
        if isinstance(found, str):
            raise RefusedError(f"its destination does not answer: {found}")
        return found

    def _digest(self, found: Applicable, known: Circumstances) -> str:
        rules: list[Any] = [[rule.id, rule.in_shadow] for rule in found.policy.rules]
        waivers = waiving(found.policy, dataset="", requester="", house=self.house)
        states = [[each.waiver.id, each.state(waivers.now)] for each in waivers.standings if waivers.now is not None]
        place = [known.posture.region, known.posture.country]
        said = [
            *(found.policy.digest, found.policies, found.passed_over, rules, _of_the_day(found.policy, known)),
            *(known.recipient, place, zone_digests(known.zone_lists), states, versions()),
        ]
        return hashlib.sha256(canonical_json(said).encode()).hexdigest()


def _of_the_day(policy: Policy, known: Circumstances) -> list[object]:
    """Say what depends on the day: the answers of rules that need no data, and the day itself where others ask for it.

    Time takes no answer back that was measured, but for the rules named here.
    """
    found: list[object] = []
    for use in policy.rules:
        rule = registered()[use.expectation]
        if rule.measures(use.params, known.zone_lists):
            if use.expectation in DAILY:
                found.append([use.id, str(known.today)])
            continue
        try:
            found.append([use.id, [each.summary for each in rule.judge(use.params, {}, known).problems]])
        except UnmeasurableError:
            found.append([use.id, str(known.today)])
    return found
