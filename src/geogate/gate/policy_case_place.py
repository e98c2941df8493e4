"""The place of a case: its recipient, its zone lists and where the bytes would land; nothing is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.exposure import Known
from geogate.gate.house import House, Wish
from geogate.gate.place import PolicyPlace
from geogate.gate.question import ask_in
from geogate.gate.settings import Settings
from geogate.model.errors import PolicyError
from geogate.model.names import Actor, ZoneListName
from geogate.model.openings import NONE, asked_of
from geogate.model.parties import Posture
from geogate.policy.cases import CaseRecipientShape
from geogate.readers.zone_files import ZoneListFacts, pin_zone_list
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from geogate.destinations.channel import Channel
    from geogate.gate.broker import Broker
    from geogate.gate.examine import Question
    from geogate.model.parties import Place
    from geogate.policy.cases import CasePlaceShape, PolicyCase, ZonesShape
    from geogate.policy.policy import Policy
    from geogate.zones.zone import ZoneList

FAR: Final = date(2999, 12, 31)
SOME_KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""The key of the servers of cases, which nobody has."""

SAFE_BUCKET: Final[Mapping[str, str]] = MappingProxyType(
    {
        "default encryption": "aws:kms",
        "object lock": "Enabled, no mode, 0 days, 0 years",
        "public access block": (
            "BlockPublicAcls on, BlockPublicPolicy on, IgnorePublicAcls on, RestrictPublicBuckets on"
        ),
        "versioning": "Enabled",
    }
)
"""What a bucket of a case says of itself where the case says nothing else."""


def lists_of(policy: Policy) -> frozenset[str]:
    """Name the zone lists that the rules of a policy need."""
    return frozenset(name for rule in policy.asked for name in registered()[rule.expectation].zone_lists(rule.params))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHouse(House):
    """A house in which a destination is what the case says; nothing can be sent."""

    posture: Posture

    def channel(self, destination: str, *, registered: Place | None, broker: Broker | None = None) -> Channel:
        """Answer for the place."""
        del destination, registered, broker
        return _Place(self.posture)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class _Place:
    said: Posture

    def posture(self) -> Posture:
        return self.said


@dataclass(slots=True)
class ZoneLists:
    """The zone lists of a policy in a folder, each read once for a day."""

    folder: Path
    policy: Policy
    _read: dict[date, Mapping[str, ZoneList]]

    @classmethod
    def pinned(cls, policy: Policy, own: Mapping[str, ZonesShape], *, beside: Path, folder: Path) -> ZoneLists:
        """Put lists of the cases' own, and of others those beside the policy, where the gate looks for them."""
        zones = folder / "zones"
        zones.mkdir(parents=True)
        for name in sorted(lists_of(policy)):
            if name in own:
                _pin(name, own[name], zones)
                continue
            for file in (beside / "zones").glob(f"{name}.*"):
                (zones / file.name).symlink_to(file.absolute())
        return cls(folder, policy, {})

    def on(self, day: date) -> Mapping[str, ZoneList]:
        """Read the lists of all rules that are asked.

        Raises: PolicyError when one is missing, stale, empty or not wholly readable.
        """
        if day not in self._read:
            place = PolicyPlace(root=self.folder, home=self.folder)
            self._read[day] = place.zone_lists(replace(self.policy, rules=self.policy.asked), today=day)
        return self._read[day]


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePlace(PolicyPlace):
    """A place with one policy that was read already, and zone lists that are read once."""

    parsed: Policy
    lists: ZoneLists

    def policy(self, name: str) -> Policy:
        """Give the policy, which is the only one."""
        del name
        return self.parsed

    def zone_lists(self, policy: Policy, *, today: date) -> Mapping[str, ZoneList]:
        """Give those that the rules of the policy need."""
        found = self.lists.on(today)
        return {name: found[name] for name in sorted(lists_of(policy))}


def question_of(case: PolicyCase, place: CasePlace, *, home: Path, registered_here: bytes | None) -> Question:
    """Ask what a case asks; ``registered_here`` is the recipients file beside the policy.

    Raises: PolicyError; RefusedError when a recipient that is registered there is bound to other policies.
    """
    recipient = _recipient(case, place, registered_here)
    wish = Wish(
        dataset=(),
        policy=str(place.parsed.name),
        recipient=recipient,
        destination=case.place.uri,
        purpose=case.purpose,
        assume_crs=case.assume_crs,
        declaration=case.declaration,
    )
    return replace(ask_in(place, wish, house=_house(case, place, home=home)), recall=Known(releases=case.before))


def _house(case: PolicyCase, place: CasePlace, *, home: Path) -> CaseHouse:
    settings = Settings(home=home, policies=place.root, ledger_url="", releaser_role="", country="")
    country = case.place.country
    if country is None:
        country = case.recipient.country if isinstance(case.recipient, CaseRecipientShape) else "DE"
    day = case.on or place.parsed.as_of
    return CaseHouse(
        settings=settings,
        actor=Actor("policy-test"),
        clock=lambda: datetime.combine(day, time(12), UTC),
        posture=Posture(
            region=None if case.place.region == "unknown" else case.place.region,
            country=None if country == "unknown" else country,
            traits=_traits(case.place),
        ),
    )


def _traits(place: CasePlaceShape) -> tuple[tuple[str, str | None], ...]:
    """Say what the place of a case is like: closed, encrypted and kept, but for what the case says."""
    said: dict[str, str | None] = dict.fromkeys(asked_of(place.uri), NONE)
    if place.uri.startswith("s3:"):
        said |= SAFE_BUCKET
    said |= {name: None if value == "unknown" else value for name, value in place.traits.items()}
    return tuple(sorted(said.items()))


def _recipient(case: PolicyCase, place: CasePlace, registered_here: bytes | None) -> str:
    path = place.root / "recipients.yaml"
    if isinstance(case.recipient, str):
        if registered_here is None:
            raise PolicyError("the case names a recipient, and there is no recipients.yaml beside the policy")
        path.write_bytes(registered_here)
        return case.recipient
    path.write_text(json.dumps({"recipients": [_written(case.recipient, case.place.uri)]}), encoding="utf-8")
    return "recipient"


def _written(shape: CaseRecipientShape, uri: str) -> dict[str, Any]:
    place: dict[str, Any] = {"uri": uri if uri.endswith("/") else f"{uri}/"}
    if uri.startswith("s3://"):
        place["owner"] = "000000000000"
    if uri.startswith("sftp://"):
        place["host_keys"] = [SOME_KEY]
    written: dict[str, Any] = {
        "id": "recipient",
        "name": "The recipient of a case",
        "country": shape.country,
        "owners": [each.model_dump(mode="json") for each in shape.owners]
        if shape.owners is not None
        else [{"country": shape.country, "share": 1.0}],
        "destinations": [each.model_dump(mode="json") for each in shape.destinations]
        if shape.destinations
        else [place],
    }
    if shape.contract != "none":
        written["contract"] = shape.contract.model_dump(mode="json")
    if shape.attestations:
        written["attestations"] = [each.model_dump(mode="json") for each in shape.attestations]
    if shape.designations:
        written["designations"] = list(shape.designations)
    return written


def _pin(name: str, shape: ZonesShape, folder: Path) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"id": f"z{number}"},
            "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]] if ring[0] != ring[-1] else ring]},
        }
        for number, ring in enumerate(shape.polygons, start=1)
    ]
    data = folder / f"{name}.geojson"
    data.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    facts = ZoneListFacts(
        name=ZoneListName(name),
        title="The zones of a case",
        source="the case",
        licence="none",
        as_of=date(2000, 1, 1),
        valid_until=FAR,
        category=shape.category,
        id_field="id",
        buffer_m=shape.buffer_m,
    )
    pin_zone_list(data, facts=facts)
