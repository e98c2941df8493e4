"""A GeoTIFF goes through the gate: what it shows is judged, and what leaves is written anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from gating.place import ZONES, destination, precision, rule
from rastering import upright, write_tif

from geogate.model.lifecycle import State
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

PLACE = upright(19.99, 20.5, 1e-4, 1e-4)
"""Eleven metre pixels; the zone of the test's gate begins at column 100."""

BLANK_FROM = 98
"""The zone, and a pixel or two beside it."""

RULES = [
    rule("no-sites", "expect_no_pixels_in_restricted_zones", zone_list=ZONES, buffer_m=0, max_pixels=0),
    rule("not-too-fine", "expect_ground_sample_distance_no_finer_than", gsd_m=2.5, operator=">"),
    rule("columns", "expect_columns_to_be_declared", columns=[], undeclared="harmless"),
    destination(),
]


@pytest.fixture
def raster_gate(gate: Gate) -> Gate:
    """A gate whose policy is for rasters."""
    gate.policies.write_policy(RULES, kinds=["raster"])
    return gate


def pixels() -> np.ndarray[Any, Any]:
    """Draw noise in which every pixel shows something."""
    return np.random.default_rng(1).integers(1, 255, (1, 256, 256), np.uint8)


def blanked() -> np.ndarray[Any, Any]:
    """Draw the same without the zone."""
    drawn = pixels()
    drawn[:, :, BLANK_FROM:] = 0
    return drawn


def write(path: Path, drawn: np.ndarray[Any, Any], **options: Any) -> Path:
    return write_tif(path, drawn, crs="EPSG:4326", transform=PLACE, nodata=0, **options)


def blanked_too_late(path: Path) -> Path:
    """Make overviews first and blank the base image after that."""
    write(path, pixels(), overviews=(2, 4))
    with rasterio.open(path, "r+") as dataset:
        dataset.write(blanked())
    return path


def summaries(findings: Any) -> str:
    return "; ".join(finding.summary for finding in findings)


def test_an_image_that_shows_a_zone_is_denied(raster_gate: Gate) -> None:
    verdict = raster_gate.screen(write(raster_gate.staged / "a.tif", pixels()))
    assert verdict.decision is Decision.DENY
    (finding,) = verdict.findings
    assert finding.summary.startswith("images show ")


def test_an_image_without_the_zone_leaves_with_the_same_pixels_and_nothing_else(raster_gate: Gate) -> None:
    path = write(raster_gate.staged / "a.tif", blanked(), overviews=(2, 4))
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(secret="52.1234, 13.5678")
    submission = raster_gate.submit(path)
    assert submission.state is State.CLEARED, summaries(submission.verdict.findings)
    assert submission.clearance is not None
    raster_gate.send(submission.clearance)
    ((name, content),) = raster_gate.delivered().items()
    assert name.endswith(".tif")
    assert b"13.5678" in path.read_bytes()
    assert b"13.5678" not in content
    with rasterio.MemoryFile(content) as memory, memory.open() as sent:
        assert np.array_equal(sent.read(), blanked())
        assert sent.overviews(1) == []


def test_a_site_that_was_blanked_and_is_still_in_the_overviews_is_denied(raster_gate: Gate) -> None:
    verdict = raster_gate.screen(blanked_too_late(raster_gate.staged / "a.tif"))
    assert verdict.decision is Decision.DENY
    (finding,) = verdict.findings
    assert finding.summary.startswith("the base image is blank in zones")


def test_what_leaves_of_it_has_no_overviews(raster_gate: Gate) -> None:
    submission = raster_gate.submit(blanked_too_late(raster_gate.staged / "a.tif"))
    assert submission.clearance is not None, summaries(submission.verdict.findings)
    raster_gate.send(submission.clearance)
    ((_, content),) = raster_gate.delivered().items()
    with rasterio.MemoryFile(content) as memory, memory.open() as sent:
        assert sent.overviews(1) == []
        assert not sent.read()[:, :, BLANK_FROM:].any()


def test_what_is_only_hidden_by_a_mask_is_denied(raster_gate: Gate) -> None:
    path = write_tif(raster_gate.staged / "a.tif", pixels(), crs="EPSG:4326", transform=PLACE)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(blanked()[0] > 0)
    assert raster_gate.screen(path).decision is Decision.DENY
    assert raster_gate.submit(path).state is State.DENIED


def test_an_image_that_is_too_fine_is_denied(raster_gate: Gate) -> None:
    path = write_tif(raster_gate.staged / "a.tif", pixels(), transform=upright(600_000, 5_750_000, 2.4, 2.6))
    verdict = raster_gate.screen(path)
    assert verdict.decision is Decision.DENY
    assert "finer than 2.5 m" in summaries(verdict.findings)


def test_bytes_that_leave_as_they_are_must_all_be_known(raster_gate: Gate) -> None:
    raster_gate.policies.write_policy(RULES, kinds=["raster"], encoding="verbatim")
    path = write(raster_gate.staged / "a.tif", blanked())
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(TIFFTAG_IMAGEDESCRIPTION="52.1234, 13.5678")
    submission = raster_gate.submit(path)
    assert submission.state is State.DENIED
    assert "texts about the image" in summaries(submission.verdict.findings)


def test_what_geogate_wrote_may_leave_as_it_is(raster_gate: Gate) -> None:
    nonce = raster_gate.clear(write(raster_gate.staged / "a.tif", blanked()))
    raster_gate.send(nonce)
    ((_, content),) = raster_gate.delivered().items()
    raster_gate.policies.write_policy(RULES, kinds=["raster"], encoding="verbatim")
    again = raster_gate.staged / "again.tif"
    again.write_bytes(content)
    submission = raster_gate.submit(again)
    assert submission.state is State.CLEARED, summaries(submission.verdict.findings)


def test_a_policy_for_features_denies_a_raster(gate: Gate) -> None:
    verdict = gate.screen(write(gate.staged / "a.tif", blanked()))
    assert verdict.decision is Decision.DENY
    assert "does not cover layers of kind raster" in summaries(verdict.findings)


def test_a_policy_whose_rules_do_not_look_at_rasters_denies_them(gate: Gate) -> None:
    gate.policies.write_policy([precision("precision", 100, ">="), destination()], kinds=["vector", "raster"])
    verdict = gate.screen(write(gate.staged / "a.tif", blanked()))
    assert verdict.decision is Decision.DENY
    assert "does not cover layers of kind raster" in summaries(verdict.findings)


def test_a_world_file_beside_the_image_is_denied(raster_gate: Gate) -> None:
    path = write(raster_gate.staged / "a.tif", blanked())
    beside = path.with_suffix(".tfw")
    beside.write_text("10\n0\n0\n-10\n20\n20\n")
    assert raster_gate.screen(path, beside).decision is Decision.DENY
