"""What the requester declares about a release that its bytes do not say, as on a customs declaration."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum

from geogate.model.document import LATER


class Subjects(StrEnum):
    """Whom or what the positions are of."""

    PERSONS = "persons"
    DEVICES = "devices"
    VEHICLES = "vehicles"
    ANIMALS_OR_PLANTS = "animals-or-plants"
    PLACES = "places"
    NONE = "none"


class DataKind(StrEnum):
    """What kind of geodata leaves; one release can be of several."""

    POSITIONS = "positions"
    TRAJECTORIES = "trajectories"
    IMAGERY = "imagery"
    ELEVATION = "elevation"
    CONTOURS = "contours"
    POINT_CLOUDS = "point-clouds"
    MAPS = "maps"
    SURVEY = "survey"
    BATHYMETRY = "bathymetry"
    GRAVITY = "gravity"
    AGGREGATES = "aggregates"
    SPECIES = "species"
    GENOMIC = "genomic"
    OMIC = "omic"
    BIOMETRIC = "biometric"
    HEALTH = "health"
    FINANCIAL = "financial"
    IDENTIFIERS = "identifiers"


class Transaction(StrEnum):
    """By what kind of dealing the recipient gets the data."""

    DATA_BROKERAGE = "data-brokerage"
    SALE = "sale"
    VENDOR = "vendor"
    EMPLOYMENT = "employment"
    INVESTMENT = "investment"
    RESEARCH = "research"
    SERVICE = "service"
    PUBLICATION = "publication"
    INTRA_GROUP = "intra-group"
    AUTHORITY = "authority"


class Platform(StrEnum):
    """From where the data was recorded."""

    SATELLITE = "satellite"
    AIRBORNE = "airborne"
    GROUND = "ground"
    NONE = "none"


class Sensor(StrEnum):
    """By what images were recorded."""

    OPTICAL = "optical"
    THERMAL_INFRARED = "thermal-infrared"
    MICROWAVE = "microwave"
    MICROWAVE_WITH_PHASE = "microwave-with-phase"
    HYPERSPECTRAL = "hyperspectral"


class ProcessingLevel(StrEnum):
    """How far images were processed: as received, or corrected and placed."""

    RAW = "raw"
    STANDARD = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What is declared; what is empty or ``None`` was not, and is unknown, which excuses from no rule.

    Countries are ISO 3166-1 alpha-2 codes: ``origins`` where the data was collected, ``subject_countries`` whose
    persons or devices it is about, and ``subject_regions`` the states or provinces of these by ISO 3166-2, such as
    ``US-VA``; ``ground_segment`` where a receiving station is.
    Units: lengths and accuracies in metres, ``gravity_accuracy_mgal`` in milligals, ``scale_denominator`` 25000 for
    1:25,000. ``contiguous_area_km2`` is the largest area without a gap.
    """

    origins: tuple[str, ...] = field(default=(), metadata=LATER)
    subjects: tuple[Subjects, ...] = field(default=(), metadata=LATER)
    subject_countries: tuple[str, ...] = field(default=(), metadata=LATER)
    subject_regions: tuple[str, ...] = field(default=(), metadata=LATER)
    data: tuple[DataKind, ...] = field(default=(), metadata=LATER)
    transaction: Transaction | None = field(default=None, metadata=LATER)
    platform: Platform | None = field(default=None, metadata=LATER)
    sensor: Sensor | None = field(default=None, metadata=LATER)
    processing_level: ProcessingLevel | None = field(default=None, metadata=LATER)
    licensed_in: tuple[str, ...] = field(default=(), metadata=LATER)
    ground_segment: tuple[str, ...] = field(default=(), metadata=LATER)
    acquired: date | None = field(default=None, metadata=LATER)
    consent: bool | None = field(default=None, metadata=LATER)
    scale_denominator: float | None = field(default=None, metadata=LATER)
    horizontal_accuracy_m: float | None = field(default=None, metadata=LATER)
    vertical_accuracy_m: float | None = field(default=None, metadata=LATER)
    contour_interval_m: float | None = field(default=None, metadata=LATER)
    elevation_posting_m: float | None = field(default=None, metadata=LATER)
    gravity_accuracy_mgal: float | None = field(default=None, metadata=LATER)
    contiguous_area_km2: float | None = field(default=None, metadata=LATER)

    @property
    def said(self) -> tuple[str, ...]:
        """The names of what is declared."""
        return tuple(each.name for each in fields(self) if getattr(self, each.name) not in {(), None})


NOTHING = Declaration()
"""What is declared where nobody declared anything."""
