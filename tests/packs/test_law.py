"""Every number of the packs against what its source says, and every enabled rule on both sides of each number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import shapely
from judging import CIRCUMSTANCES, RECIPIENT, TODAY, zone_list
from packing import EXPECTATIONS, JOINT, Number, numbers, pack, parts

from geogate.measures.lattice import CoordinateLattice, Lattice
from geogate.measures.raster_bands import Bands, RasterBands
from geogate.measures.raster_distance import SampleDistances
from geogate.measures.subjects import SubjectCount, nameless
from geogate.model.declaration import Declaration
from geogate.model.finding import Confidence
from geogate.model.parties import Attestation, Owner
from geogate.rules import location_uncertainty
from geogate.rules.registry import registered
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from geogate.model.parties import Circumstances
    from geogate.policy.policy import PolicyRule

PACKS = (
    "us-dsp-28cfr202",
    "us-padfa",
    "us-state-precise-geolocation",
    "cn-mapping-and-export",
    "in-geospatial-2021",
    "kr-spatial-security",
    "eo-dissemination",
)

UNCERTAINTY = "expect_location_uncertainty"
CONTROL = "expect_recipient_not_to_be_controlled"
DECLARED = "expect_declared_number"
ATTESTED = "expect_attestations_to_be_held"
GSD = "expect_ground_sample_distance_no_finer_than"
GSD_IN_ZONES = "expect_ground_sample_distance_in_zones_no_finer_than"
POSTING = "expect_elevation_posting_no_finer_than"
TOTAL = "expect_recipient_total_no_more_than"
MANY_BANDS = "expect_many_bands_no_finer_than"
IN_ZONES = "expect_no_position_in_restricted_zones"

FOOT_M = 0.3048
MANY = 50

ZONE = Zone(id="z", category="t", buffer_m=0.0, geometry=shapely.box(8, 50, 9, 51))

# What each source says, as this is what has to hold for data to leave: rule, expectation, operator, number.
SAYS: dict[str, tuple[tuple[str, str, str, float], ...]] = {
    "us-dsp-28cfr202": (
        # 202.242: "with a precision of within 1,000 meters"; 202.211: owned "50 percent or more".
        ("dsp-brokerage-concern", UNCERTAINTY, ">", 1000),
        ("dsp-brokerage-concern", CONTROL, "<", 0.5),
        # 202.205(c): "more than 1,000 U.S. devices".
        ("dsp-brokerage-concern", TOTAL, "<=", 1000),
        ("dsp-brokerage-onward", UNCERTAINTY, ">", 1000),
        ("dsp-brokerage-onward", TOTAL, "<=", 1000),
        ("dsp-restricted", UNCERTAINTY, ">", 1000),
        ("dsp-restricted", TOTAL, "<=", 1000),
        ("dsp-exemption-claimed", TOTAL, "<=", 1000),
        ("dsp-restricted", CONTROL, "<", 0.5),
        ("dsp-exemption-claimed", UNCERTAINTY, ">", 1000),
        ("dsp-exemption-claimed", CONTROL, "<", 0.5),
        ("dsp-government-locations", UNCERTAINTY, ">", 1000),
        ("dsp-government-locations", CONTROL, "<", 0.5),
    ),
    "us-padfa": (
        # 15 U.S.C. 9901: "directly or indirectly own at least a 20 percent stake"; 1,850 feet.
        ("padfa-control", CONTROL, "<", 0.2),
        ("padfa-control-exact", CONTROL, "<", 0.2),
        ("padfa-precise", UNCERTAINTY, ">", 1850 * FOOT_M),
    ),
    "us-state-precise-geolocation": (
        # California: an area "equal to or less than" that of a circle of 1,850 feet; the others a radius of 1,750.
        ("ca-precise", UNCERTAINTY, ">", 1850 * FOOT_M),
        ("va-sale", UNCERTAINTY, ">", 1750 * FOOT_M),
        ("md-or-sale", UNCERTAINTY, ">", 1750 * FOOT_M),
        ("consent-states", UNCERTAINTY, ">", 1750 * FOOT_M),
        # Minnesota: "accuracy of more than three decimal degrees".
        ("mn-decimals", UNCERTAINTY, "<=", 3),
        # RCW 19.373.010(14): "2,000 feet or less"; NRS 603A.540: "within 1,750 feet".
        ("wa-health-geofence", IN_ZONES, "", 2000 * FOOT_M),
        ("nv-health-geofence", IN_ZONES, "", 1750 * FOOT_M),
    ),
    "cn-mapping-and-export": (
        # Catalogue of 2020: item 20, an interval of 20 m or better; item 18, larger than 1:5,000 and over 25 km².
        ("cn-contour", DECLARED, ">", 20),
        ("cn-large-scale", DECLARED, ">=", 5000),
        ("cn-large-scale", DECLARED, "<=", 25),
        # Provisions of 22 March 2024, arts. 7 and 8: since 1 January, so many or more; order 7 of 2021: more than.
        ("cn-assessment-sensitive", TOTAL, "<", 10_000),
        ("cn-assessment", TOTAL, "<", 1_000_000),
        ("cn-contract", TOTAL, "<", 100_000),
        ("cn-important-persons", TOTAL, "<=", 100_000),
        # Supplement of 2009: not better than 50 m.
        ("cn-public-2009", DECLARED, ">=", 50),
    ),
    "in-geospatial-2021": (
        # Customs notification of 23 September 2022: finer than 1 m, 3 m, 1 mGal; bathymetry 100 m.
        ("in-horizontal", DECLARED, ">=", 1),
        ("in-vertical", DECLARED, ">=", 3),
        ("in-gravity", DECLARED, ">=", 1),
        ("in-bathymetry", DECLARED, ">=", 100),
    ),
    "kr-spatial-security": (
        # Finer than 1:25,000; images with 2-D coordinates 30 m, with 3-D coordinates 90 m.
        ("kr-scale", DECLARED, ">=", 25000),
        ("kr-imagery-2d", GSD, ">=", 30),
        ("kr-elevation-3d", POSTING, ">=", 90),
    ),
    "eo-dissemination": (
        # SatDSiV section 1: "<= 2.5 m" optical, 5 m thermal infrared, 3 m microwave, 10 m with more than 49 channels.
        ("de-ground-segment-optical", GSD, ">", 2.5),
        ("de-ground-segment-tir", GSD, ">", 5),
        ("de-ground-segment-microwave", GSD, ">", 3),
        ("de-ground-segment-hyperspectral", GSD, ">", 10),
        # SatDSiV section 2 (2).
        ("de-target-annex-3", GSD_IN_ZONES, ">", 2.5),
        ("de-fresh", GSD_IN_ZONES, ">", 1.2),
        ("de-fresh", DECLARED, ">=", 5),
        ("de-fresh-phase", GSD_IN_ZONES, ">", 2.5),
        ("de-fresh-phase", DECLARED, ">=", 5),
        ("de-thermal", GSD, ">", 5),
        ("de-hyperspectral", GSD, ">", 10),
        ("de-many-channels", MANY_BANDS, ">", 49),
        ("de-many-channels", MANY_BANDS, ">", 10),
        # Cabinet Office Order 41 of 2017, art. 3: raw up to and with, standard optical and SAR below; 5 years.
        ("jp-raw-optical", GSD, ">", 2),
        ("jp-raw-optical", DECLARED, ">", 5),
        ("jp-raw-sar", GSD, ">", 3),
        ("jp-raw-sar", DECLARED, ">", 5),
        ("jp-raw-hyperspectral", GSD, ">", 10),
        ("jp-raw-hyperspectral", DECLARED, ">", 5),
        ("jp-raw-thermal", GSD, ">", 5),
        ("jp-raw-thermal", DECLARED, ">", 5),
        ("jp-standard-optical", GSD, ">=", 0.25),
        ("jp-standard-optical", DECLARED, ">", 5),
        ("jp-standard-sar", GSD, ">=", 0.24),
        ("jp-standard-sar", DECLARED, ">", 5),
        ("jp-standard-hyperspectral", GSD, ">", 5),
        ("jp-standard-hyperspectral", DECLARED, ">", 5),
        ("jp-standard-thermal", GSD, ">", 5),
        ("jp-standard-thermal", DECLARED, ">", 5),
        # Public Law 104-201 with the finding of July 2020: 0.4 m.
        ("us-kyl-bingaman", GSD_IN_ZONES, ">=", 0.4),
    ),
}

LIMITS = {UNCERTAINTY: "limit", CONTROL: "share", DECLARED: "limit", GSD: "gsd_m", GSD_IN_ZONES: "gsd_m"}
LIMITS |= {POSTING: "posting_m", IN_ZONES: "buffer_m", TOTAL: "limit", MANY_BANDS: "gsd_m"}


def _compared(number: Number) -> bool:
    """Leave out what is no number of the law: days for which an attestation has to hold, and counts of none."""
    return not (number.value == 0 and number.key in {"min_days_left", "max_features", "buffer_m"})


@pytest.mark.parametrize("name", PACKS)
def test_every_number_of_a_pack_is_the_one_that_its_source_says(name: str) -> None:
    found = sorted((n.rule, n.expectation, n.operator, round(n.value, 6)) for n in numbers(pack(name)) if _compared(n))
    assert found == sorted((rule, kind, operator, round(value, 6)) for rule, kind, operator, value in SAYS[name])


@pytest.mark.parametrize("name", [*PACKS, "restricted-zones-generic"])
def test_every_rule_says_its_source_and_how_sure_it_is_and_unsure_ones_are_disabled(name: str) -> None:
    policy = pack(name)
    assert policy.min_confidence is Confidence.SECONDARY
    for rule in policy.rules:
        assert rule.confidence is not None
        assert all(basis.section and basis.source for basis in rule.legal_basis)
        assert rule.disabled or rule.confidence.at_least(Confidence.SECONDARY)
        if rule.disabled and rule.confidence.at_least(Confidence.SECONDARY):
            assert "Enable it once" in rule.notes


def test_there_is_no_pack_besides_those_that_are_compared() -> None:
    others = {"baseline", "recipients", "restricted-zones-generic", "sdc-aggregates-and-ecology"}
    assert {path.stem for path in EXPECTATIONS.glob("*.yaml")} - others == set(PACKS)


@dataclass(frozen=True)
class Side:
    """One number of one enabled rule, at the limit, just below it or just above it."""

    pack: str
    rule: PolicyRule
    part: int
    value: float
    name: str

    def __str__(self) -> str:
        return f"{self.pack}-{self.rule.id}-{self.part}-{self.name}"


def _sides() -> list[Side]:
    found: list[Side] = []
    for name in PACKS:
        for rule in pack(name).asked:
            for index, (expectation, params) in enumerate(parts(rule)):
                if expectation not in LIMITS:
                    continue
                limit = float(params[LIMITS[expectation]])
                little = 1.0 if params.get("metric") == "decimals" or params.get("key") == "age_days" else limit / 1000
                if expectation == TOTAL:
                    little = 1
                if params.get("key") == "age_years":
                    little = 1 / 366
                sides = {"under": limit - little, "at": limit, "over": limit + little}
                found += [Side(name, rule, index, value, side) for side, value in sides.items()]
    return found


def _holds(value: float, operator: str, limit: float) -> bool:
    return {">": value > limit, ">=": value >= limit, "<": value < limit, "<=": value <= limit}[operator]


@pytest.mark.parametrize("side", _sides(), ids=str)
def test_an_enabled_rule_decides_at_its_limit_and_on_both_sides_of_it(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = parts(side.rule)
    expectation, params = every[side.part]
    world = World(monkeypatch)
    for index, (other, kwargs) in enumerate(every):
        if index != side.part:
            world.break_(other, kwargs)
    world.put(expectation, params, side.value)
    wanted = _holds(side.value, str(params["operator"]), float(params[LIMITS[expectation]]))
    assert world.satisfied(side.rule) is wanted


def test_the_other_parts_of_a_joint_rule_excuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too fine may leave with the attestation that the rule names as its way out."""
    for name in PACKS:
        for rule in pack(name).asked:
            for index, (expectation, params) in enumerate(parts(rule)):
                if rule.expectation != JOINT or expectation != ATTESTED:
                    continue
                world = World(monkeypatch)
                for other, kwargs in parts(rule):
                    world.break_(other, kwargs)
                assert not world.satisfied(rule)
                world.attest(params["kinds"] if params["needed"] == "all" else params["kinds"][:1])
                assert world.satisfied(rule), (name, rule.id, index)


class World:
    """Circumstances and measurements in which each part of a rule finds what a test wants it to find."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.circumstances: Circumstances = CIRCUMSTANCES
        self.uncertainty = 1e6
        self.subjects = 0
        self.finest = {"gsd": 1e6, "zones": 1e6}
        monkeypatch.setattr(location_uncertainty, "uncertainty", lambda _lattice, _metric: self.uncertainty)

    def put(self, expectation: str, params: Mapping[str, Any], value: float) -> None:
        """Let one part find a value."""
        put: dict[str, Callable[[], None]] = {
            UNCERTAINTY: lambda: setattr(self, "uncertainty", value),
            GSD: lambda: self.finest.update(gsd=value),
            MANY_BANDS: lambda: self.finest.update(gsd=value),
            TOTAL: lambda: setattr(self, "subjects", round(value)),
            POSTING: lambda: self.finest.update(gsd=value),
            GSD_IN_ZONES: lambda: self.finest.update(zones=value),
            DECLARED: lambda: self._declare(params["key"], value),
            CONTROL: lambda: self._own(params["countries"][0], value),
        }
        put[expectation]()

    def break_(self, expectation: str, params: Mapping[str, Any]) -> None:
        """Let one part find what it must not."""
        if expectation == ATTESTED:
            self.attest(())
            return
        worse = {">": 0.5, ">=": 0.5, "<": 1.5, "<=": 1.5}[str(params["operator"])]
        self.put(expectation, params, float(params[LIMITS[expectation]]) * worse)

    def attest(self, kinds: tuple[str, ...] | list[str]) -> None:
        """Let the recipient hold attestations, these alone."""
        held = tuple(Attestation(kind=kind, reference="A", since=TODAY, ends=TODAY) for kind in kinds)
        self.circumstances = replace(
            self.circumstances, recipient=replace(self.circumstances.recipient, attestations=held)
        )

    def satisfied(self, rule: PolicyRule) -> bool:
        """Judge."""
        made = registered()[rule.expectation]
        lists = {name: zone_list([ZONE], name=name) for name in made.zone_lists(rule.params)}
        circumstances = replace(self.circumstances, zone_lists=lists, history=())
        found = {measure.id: self._found(measure) for measure in made.measures(rule.params, lists)}
        return not made.judge(rule.params, found, circumstances).problems

    def _found(self, measure: Any) -> Any:
        if isinstance(measure, SubjectCount):
            return nameless(self.subjects)
        if isinstance(measure, RasterBands):
            return Bands(most=MANY)
        if isinstance(measure, CoordinateLattice):
            return Lattice(crs="", x=(), y=(), non_finite=0)
        value = self.finest["zones" if "zone" in measure.id else "gsd"]
        return SampleDistances(windows=1, finest_m=value, elevation_m=value, elevation_windows=1)

    def _declare(self, key: str, value: float) -> None:
        declaration = self.circumstances.declaration
        if key == "age_days":
            changed = {"acquired": TODAY - timedelta(days=round(value) + 1)}
        elif key == "age_years":
            days = 1 + (0 if value == 5 else 1 if value > 5 else -1)
            changed = {"acquired": TODAY.replace(year=TODAY.year - 5) - timedelta(days=days)}
        else:
            changed = {key: value}  # type: ignore[dict-item]
        whole = {name: getattr(declaration, name) for name in declaration.said} | changed
        self.circumstances = replace(self.circumstances, declaration=Declaration(**whole))

    def _own(self, country: str, share: float) -> None:
        owners = (Owner(country=country, share=share), Owner(country="DE", share=max(0.0, 1 - share)))
        self.circumstances = replace(self.circumstances, recipient=replace(RECIPIENT, owners=owners))
