"""A gate's house in a folder of its own: policies, ledger, key, outboxes and staged exports of real airports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import airportsdata
import geopandas
from ruamel.yaml import YAML

from geogate.gate.home import initialise
from geogate.gate.house import House
from geogate.gate.review import approve
from geogate.model.names import Nonce, RequestId

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from geogate.gate.review import Tally
    from geogate.model.release import Clearance, ReleaseRequest

COARSE, MIDDLE, FINE = 1, 2, 5
"""Decimals of a degree that the policy below clears, holds and denies."""

PARTNER = "example-partner"

BASIS = """
      legal_basis: [{section: a test, source: this file, as_of: 2026-01-01}]
      remedy: send something else"""
POLICY = f"""
name: baseline
meta:
  title: Baseline of the tests
  jurisdiction: [any]
  as_of: 2026-01-01
  version: "1"
  description: Coarse positions of any layer, to a partner in the EEA.
  encoding: canonical
  shapefile_as: GeoPackage
  reviewers: 2
  review_days: 14
  clearance_hours: 24
expectations:
  - type: expect_coordinates_no_finer_than
    kwargs: {{step_m: 100, operator: ">="}}
    severity: critical
    meta:
      rule: coordinate-precision{BASIS}
  - type: expect_coordinates_no_finer_than
    kwargs: {{step_m: 1500, operator: ">"}}
    severity: warning
    meta:
      rule: coordinate-precision-review{BASIS}
  - type: expect_destination_to_be_allowed
    kwargs:
      countries: [DE]
      regions: []
      owner_limits: []
      contract_required: false
      contract_min_days_left: 0
    severity: critical
    meta:
      rule: destination{BASIS}
  - type: expect_columns_to_be_declared
    kwargs: {{columns: [], undeclared: harmless}}
    severity: warning
    meta:
      rule: columns{BASIS}
"""
RECIPIENTS = f"""
recipients:
  - id: {PARTNER}
    name: Example Partner GmbH
    country: DE
    owners: [{{country: DE, share: 1.0}}]
    destinations: [{{uri: file:outbox/{PARTNER}/}}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateHouse:
    """Where one test's gate lives; the environment of the test points here."""

    root: Path

    def build(self) -> None:
        """Make policies, outboxes, ledger and key."""
        for folder in ("policies", "outgoing", f"outbox/{PARTNER}"):
            (self.root / folder).mkdir(parents=True)
        self.write_policy(POLICY)
        (self.root / "policies" / "recipients.yaml").write_text(RECIPIENTS)
        for _ in initialise(self.as_actor("builder").settings):
            pass

    def environment(self) -> dict[str, str]:
        return {
            "GEOGATE_HOME": str(self.root / ".geogate"),
            "GEOGATE_POLICIES": str(self.root / "policies"),
            "GEOGATE_COUNTRY": "DE",
        }

    def as_actor(self, actor: str) -> House:
        return House.from_environment(self.environment(), actor=actor)

    def write_policy(self, text: str) -> None:
        (self.root / "policies" / "baseline.yaml").write_text(text)

    @property
    def outgoing(self) -> Path:
        return self.root / "outgoing"

    @property
    def ledger_file(self) -> Path:
        return self.root / ".geogate" / "ledger.db"

    def stage(self, name: str, *, decimals: int, country: str, **release: object) -> Path:
        """Stage the airports of a country, with as many decimals, as an export to the partner."""
        folder = self.outgoing / name
        folder.mkdir()
        self.airports_into(folder / f"{name}.parquet", decimals=decimals, country=country)
        described = {
            "recipient": PARTNER,
            "destination": f"file:outbox/{PARTNER}/{name}/",
            "purpose": "maps",
            **release,
        }
        with (folder / "release.yaml").open("w") as file:
            YAML(typ="safe", pure=True).dump(described, file)
        (self.root / "outbox" / PARTNER / name).mkdir()
        return folder

    def airports_into(self, path: Path, *, decimals: int, country: str) -> None:
        airports(country, decimals).to_parquet(path)

    def delivered(self) -> dict[str, bytes]:
        """Read everything that lies in the partner's outbox."""
        outbox = self.root / "outbox"
        return {p.relative_to(outbox).as_posix(): p.read_bytes() for p in sorted(outbox.rglob("*")) if p.is_file()}

    def requests(self) -> list[ReleaseRequest]:
        with self.as_actor("reader").ledger() as ledger:
            return sorted(ledger.requests(), key=lambda request: request.created_at)

    def clearance(self, nonce: str) -> Clearance:
        with self.as_actor("reader").ledger() as ledger:
            found, _ = ledger.clearance(Nonce(nonce))
        return found

    def approve(self, request: str, reviewer: str) -> Tally:
        return approve(RequestId(request), comment="looked at it", house=self.as_actor(reviewer))


def airports(country: str, decimals: int) -> geopandas.GeoDataFrame:
    """Give the airports of a country with positions rounded to decimals of a degree."""
    found = [each for each in airportsdata.load("IATA").values() if each["country"] == country]
    points = geopandas.points_from_xy(
        [round(each["lon"], decimals) for each in found], [round(each["lat"], decimals) for each in found]
    )
    columns = {"iata": [each["iata"] for each in found], "name": [each["name"] for each in found]}
    return geopandas.GeoDataFrame(columns, geometry=points, crs="EPSG:4326")


def start_in(environment: Mapping[str, str], patch: pytest.MonkeyPatch) -> None:
    """Set variables as if this process of Airflow had started with them."""
    from geogate.airflow import surroundings

    for name, value in environment.items():
        patch.setenv(name, value)
    patch.setattr(surroundings, "AT_START", surroundings.Surroundings.read())
