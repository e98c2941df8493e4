"""The protected place of a test's gate: a policy, recipients and a zone list, each with what the test changes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from geogate.model.names import ZoneListName
from geogate.readers.zone_files import ZoneListFacts, pin_zone_list

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

POLICY = "test"
PARTNER = "partner"
ZONES = "keep-out"
FAR = date(2999, 12, 31)

DENY_M, HOLD_M = 100, 1000
"""Steps: in the middle latitudes 3 decimals of a degree are denied, 2 are held, 1 is cleared; see ``RULES``."""

SQUARE = [[[20.0, 20.0], [21.0, 20.0], [21.0, 21.0], [20.0, 21.0], [20.0, 20.0]]]
"""The only zone."""

BASIS = [{"section": "a test", "source": "this file", "as_of": date(2026, 1, 1)}]


def rule(name: str, kind: str, /, severity: str = "critical", **kwargs: Any) -> dict[str, Any]:
    """Write one expectation."""
    meta = {"rule": name, "legal_basis": BASIS, "remedy": "send something else"}
    return {"type": kind, "kwargs": kwargs, "severity": severity, "meta": meta}


def with_meta(written: dict[str, Any], **meta: Any) -> dict[str, Any]:
    """Say more about an expectation, such as when it applies."""
    return written | {"meta": written["meta"] | meta}


def precision(name: str, step_m: float, operator: str, severity: str = "critical") -> dict[str, Any]:
    return rule(name, "expect_coordinates_no_finer_than", severity, step_m=step_m, operator=operator)


def zones(buffer_m: float = 0, *, max_features: int = 0, zone_list: str = ZONES) -> dict[str, Any]:
    kind = "expect_no_position_in_restricted_zones"
    return rule("zones", kind, zone_list=zone_list, buffer_m=buffer_m, max_features=max_features)


def inventory(**changes: Any) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "columns": "any",
        "min_rows": 1,
        "max_rows": 1_000_000,
        "crs": "any",
        "max_share_without_geometry": 0.5,
        "geometry_kinds": "any",
        "z_allowed": False,
        "m_allowed": False,
    }
    return rule("inventory", "expect_layer_inventory", **(kwargs | changes))


def destination(**changes: Any) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "countries": ["DE"],
        "regions": ["eu-*"],
        "owner_limits": [{"countries": ["KP"], "share": 0.5}],
        "contract_required": True,
        "contract_min_days_left": 30,
    }
    return rule("destination", "expect_destination_to_be_allowed", **(kwargs | changes))


def columns(
    undeclared: str = "harmless", severity: str = "warning", *, declared: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    kind = "expect_columns_to_be_declared"
    return rule("columns", kind, severity, columns=list(declared), undeclared=undeclared)


RULES = (precision("precision", DENY_M, ">="), precision("review", HOLD_M, ">", "warning"), zones(), destination())


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFolder:
    """The folder that GEOGATE_POLICIES names."""

    root: Path

    def build(self) -> None:
        (self.root / "zones").mkdir(parents=True)
        self.write_policy()
        self.write_recipients()
        self.write_zones()

    def write_policy(self, rules: Sequence[dict[str, Any]] = RULES, *, name: str = POLICY, **meta: Any) -> None:
        about: dict[str, Any] = {
            "title": "A test",
            "jurisdiction": ["any"],
            "as_of": date(2026, 1, 1),
            "version": "1",
            "description": "What the test wants.",
            "encoding": "canonical",
            "shapefile_as": "GeoPackage",
            "reviewers": 2,
            "review_days": 14,
            "clearance_hours": 24,
        }
        # Every policy needs a rule about columns; tests of other rules do not say so.
        judged = any(rule["type"] == columns()["type"] for rule in rules)
        expectations = [*rules] if judged or not rules else [*rules, columns()]
        self._dump(f"{name}.yaml", {"name": name, "meta": about | meta, "expectations": expectations})

    def adopt(self, *names: str) -> None:
        each = [{"policy": name, "reason": "a test", "decided_by": "the test"} for name in names]
        self._dump("adopted.yaml", {"adopted": each})

    def write_recipients(
        self, *places: dict[str, Any], without: Sequence[str] = (), other_place: str = "", **changes: Any
    ) -> None:
        partner: dict[str, Any] = {
            "id": PARTNER,
            "name": "Partner GmbH",
            "country": "DE",
            "owners": [{"country": "DE", "share": 1.0}],
            "contract": {"reference": "C-1", "ends": FAR},
            "destinations": list(places) or [{"uri": "file:outbox/"}],
        }
        kept = {key: value for key, value in (partner | changes).items() if key not in without}
        other = {**partner, "id": "other", "name": "Other Ltd", "destinations": [{"uri": other_place}]}
        self._dump("recipients.yaml", {"recipients": [kept, other] if other_place else [kept]})

    def write_zones(self, *coordinates: Any, buffer_m: float = 0.0, valid_until: date = FAR) -> None:
        features = [
            {"type": "Feature", "properties": {"id": f"z{n}"}, "geometry": {"type": "Polygon", "coordinates": polygon}}
            for n, polygon in enumerate(coordinates or (SQUARE,), start=1)
        ]
        data = self.root / "zones" / f"{ZONES}.geojson"
        data.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        facts = ZoneListFacts(
            name=ZoneListName(ZONES),
            title="Keep out",
            source="a test",
            licence="none",
            as_of=date(2026, 1, 1),
            valid_until=valid_until,
            category="test",
            id_field="id",
            buffer_m=buffer_m,
        )
        pin_zone_list(data, facts=facts)

    def file(self, name: str) -> Path:
        """Give one of the files, to break it."""
        return self.root / name

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a text in one of the files, once."""
        text = self.file(name).read_text()
        assert old in text
        self.file(name).write_text(text.replace(old, new, 1))

    def _dump(self, name: str, document: dict[str, Any]) -> None:
        yaml = YAML(typ="safe", pure=True)
        yaml.representer.ignore_aliases = lambda _: True  # policies have none
        with (self.root / name).open("w") as file:
            yaml.dump(document, file)
