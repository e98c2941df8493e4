"""Clean data: real datasets that a person would let go, the policy that they meet, and those that are held rightly."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gating.place import columns, destination, rule
from smuggling.clean_files import FILES
from smuggling.clean_formats import STATED, write
from smuggling.clean_sources import NotThereError
from smuggling.clean_tables import TABLES

from geogate.model.dataset import LayerKind
from geogate.model.errors import GeogateError
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gating.gate import Gate
    from gating.place import PolicyFolder
    from smuggling.clean_sources import Table

CLEAN: Final = "clean-data"
"""The name of the policy."""

ZONES: Final = "military-airfields"
_ZONE_FILES: Final = Path(__file__).resolve().parents[2] / "expectations" / "zones"

READINGS: Final = [
    "swapped-axes", "degrees", "scaled-degrees", "radians", "web-mercator", "utm", "national-grids", "datum", "gcj02",
    "bd09",
]  # fmt: skip

RIGHTLY_HELD: Final[tuple[tuple[str, str], ...]] = (
    ("health-areas-with-mail.*", "addresses of mail and telephone numbers"),
    ("gps-fixes-with-trackers.*", "the numbers of trackers"),
    ("flights-with-aircraft.*", "the addresses of aircraft's transponders, and call signs"),
    ("titanic_all.*", "names of persons"),
    ("sprint.*", "names of persons"),
    ("film-directors.*", "names of persons"),
    ("truncated.tif", "half of the file is missing"),
    ("points.laz", "a reference system of its own making, which nobody publishes"),
    ("points.las", "numbers from 1 to 226 that are called degrees: no place on the Earth"),
    ("fixture-line.gpkg", "measures along a line, at which no rule looks"),
    ("fixture-curve.gpkg", "a curve, which nothing measures"),
    ("fixes.csv", "no reference system"),
    ("fixes.gpkg", "the numbers of trackers"),
    ("cycling.*", "positions of a cyclist as parts of a half turn, in two columns of integers"),
)
"""What is held or denied by right, as patterns of names, each with the reason that a person would give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """A clean dataset; ``write`` fills an empty folder, and raises NotThereError where its source is missing."""

    name: str
    write: Callable[[Path], None]
    assume_crs: str = ""

    @property
    def held_because(self) -> str:
        """Why it is held by right; empty when it is not."""
        return next((reason for pattern, reason in RIGHTLY_HELD if fnmatchcase(self.name, pattern)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the gate said of a clean dataset; ``decision`` is none where its source is missing."""

    clean: Clean
    decision: Decision | None
    findings: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether a person would let it go, and it was there."""
        return self.decision is not None and not self.clean.held_because

    @property
    def wrongly_held(self) -> bool:
        """Whether the gate did not clear what a person would."""
        return self.counts and self.decision is not Decision.CLEAR


def datasets() -> dict[str, Clean]:
    """Give all clean datasets by name."""
    found = [*(clean for table in TABLES for clean in _of_table(table)), *_of_files()]
    names = {clean.name: clean for clean in found}
    if len(names) != len(found):
        raise ValueError("two clean datasets have one name")
    return names


def _of_table(table: Table) -> Iterator[Clean]:
    for form in table.formats:
        yield Clean(
            name=f"{table.name}.{form}",
            write=lambda folder, form=form: write(table.load(), folder, stem=table.name, form=form),  # type: ignore[misc]
            assume_crs=STATED if form == "csv-wkt" else "",
        )


def _of_files() -> Iterator[Clean]:
    for name, put in FILES.items():
        yield Clean(name=name, write=put)


def prepare(policies: PolicyFolder) -> None:
    """Write the policy that clean data meets: rules of columns and readings, and lenient ones for each kind of layer.

    It has no limit of precision and none for zones: what these hold they hold by right.
    """
    for path in _ZONE_FILES.iterdir():
        shutil.copy(path, policies.root / "zones" / path.name)
    rules = (
        columns(),
        columns("readable", "critical") | _named("columns-readable"),
        _readings(),
        *_lenient(),
        destination(),
    )
    policies.write_policy(rules, name=CLEAN, kinds=[kind.value for kind in LayerKind])


def _named(name: str) -> dict[str, Any]:
    return {"meta": {**columns()["meta"], "rule": name}}


def _readings() -> dict[str, Any]:
    return rule(
        "readings", "expect_no_zone_under_another_reading", "warning", zone_list=ZONES, buffer_m=5_000.0,
        max_features=0, max_share=0.005, min_share_fitting=0.9, readings=READINGS,
    )  # fmt: skip


def _lenient() -> tuple[dict[str, Any], ...]:
    tells = ["places", "times", "devices", "persons", "texts"]
    return (
        rule("distance", "expect_ground_sample_distance_no_finer_than", gsd_m=0.01, operator=">="),
        rule("photos", "expect_photo_metadata_to_be_allowed", allowed=tells),
        rule(
            "inventory", "expect_layer_inventory", columns="any", min_rows=1, max_rows=10_000_000, crs="any",
            max_share_without_geometry=0.5, geometry_kinds="any", z_allowed=True, m_allowed=True,
        ),
    )  # fmt: skip


def judge(clean: Clean, *, gate: Gate) -> Judged:
    """Screen a clean dataset as a user would."""
    staged = gate.staged / clean.name
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    try:
        clean.write(staged)
    except NotThereError as missing:
        return Judged(clean=clean, decision=None, findings=(str(missing),))
    try:
        verdict = gate.screen(staged, assume_crs=clean.assume_crs, policy=CLEAN)
    except GeogateError as error:
        return Judged(clean=clean, decision=Decision.DENY, findings=(error.summary,))
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    findings = tuple(
        f"{finding.effect}: {finding.rule}: {finding.layer or 'the dataset'}: {finding.summary}"
        for finding in verdict.findings
    )
    return Judged(clean=clean, decision=verdict.decision, findings=findings)
