"""The console in a real browser: the ways through a review, what it looks like, and who can use it.

``SCREENSHOTS=docs/console`` keeps the pictures that the docs show.
"""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import geopandas
import numpy as np
import pytest
from consoling.browser import MAP_MS, PHONE, Person, browsing
from consoling.desk import Desk, console, held
from gating.files import COARSE, frame
from gating.gate import Gate
from PIL import Image

from geogate.gate.audit import audit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from geogate.model.names import RequestId

KEEPS = os.environ.get("SCREENSHOTS", "")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as found:
        yield found


@pytest.fixture
def shown(gate_template: Path) -> Iterator[Gate]:
    """A gate whose places have short names, for the pictures."""
    with TemporaryDirectory(prefix="gate-") as folder:
        yield Gate(root=shutil.copytree(gate_template, Path(folder) / "demo"))


def surveyed(gate: Gate, name: str, *, positions: int = 3000, purpose: str = "mobility study") -> RequestId:
    """Submit positions around cities, to two decimals, which are held."""
    random = np.random.default_rng(7)
    cities = np.array([[13.4, 52.5], [9.99, 53.55], [11.58, 48.14], [8.68, 50.11], [6.96, 50.94]])
    around = cities[random.integers(0, len(cities), positions)]
    lonlat = np.round(around + random.normal(0, 0.45, (positions, 2)), 2)
    points = geopandas.points_from_xy(lonlat[:, 0], lonlat[:, 1])
    days = np.datetime64("2026-01-01T08:00:00") + random.integers(0, 200, positions) * np.timedelta64(3600, "s")
    data = geopandas.GeoDataFrame({"stop": random.integers(1, 40, positions), "seen": days}, geometry=points, crs=4326)
    path = gate.staged / f"{name}.gpkg"
    data.to_file(path)
    return gate.hold(path, purpose=purpose)


@contextmanager
def person(browser: Browser, desk: Desk, name: str, *groups: str, **look: object) -> Iterator[Person]:
    found = Person(browser, desk.url, name, *groups, **look)
    try:
        yield found
    finally:
        found.leave()


def kept(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a picture for the docs, small enough for a repository, when one is asked for."""
    raw = page.screenshot(full_page=whole)
    assert raw
    if KEEPS:
        folder = Path(KEEPS)
        folder.mkdir(exist_ok=True)
        picture = Image.open(io.BytesIO(raw)).convert("RGB").quantize(64, dither=Image.Dither.NONE)
        picture.save(folder / f"{name}.png", optimize=True)


def decide(page: Page, choice: str, comment: str) -> None:
    page.fill("#vote-comment", comment)
    page.click(f"button[value={choice}]")
    page.wait_for_selector(".flash")


def test_a_release_is_approved_by_two_people(shown: Gate, browser: Browser) -> None:
    gate = shown
    sent = gate.staged / "stops-2025.gpkg"
    frame(COARSE, ("a stop",)).to_file(sent)
    gate.clear(sent, purpose="last year's study")
    request = surveyed(gate, "stops-2026")
    with console(gate) as desk:
        with person(browser, desk, "ada", "reviewers") as ada:
            kept(ada.go("/"), "queue")
            page = ada.go(f"/releases/{request}")
            kept(page, "release", whole=True)
            decide(page, "approve", "Coarse enough for this purpose.")
            assert "Your approval is in the ledger" in page.inner_text(".flash")
        audit(hours=24, house=replace(gate.house("nightly"), groups=("auditors",)))
        with person(browser, desk, "sam", "auditors") as sam:
            kept(sam.go("/audit"), "audit")
        with person(browser, desk, "bob", "reviewers", color_scheme="dark") as bob:
            page = bob.go(f"/releases/{request}")
            assert "Coarse enough" not in page.inner_text("main")
            kept(page, "release-dark")
            decide(page, "approve", "Agreed.")
            assert "Coarse enough" in page.inner_text("main")

    assert gate.request(request).state == "cleared"


def test_a_release_is_rejected(gate: Gate, browser: Browser) -> None:
    request = surveyed(gate, "stops", positions=200)
    with console(gate) as desk:
        with person(browser, desk, "ada", "reviewers") as ada:
            decide(ada.go(f"/releases/{request}"), "reject", "The recipient has no need for single stops.")
        with person(browser, desk, "bob", "reviewers") as bob:
            page = bob.go(f"/releases/{request}")
            decide(page, "approve", "Fine by me.")
            assert "rejected" in page.inner_text(".head")
            assert "no need for single stops" in page.inner_text("main")
            kept(page, "rejected")

    assert gate.request(request).state == "rejected"


def test_a_release_is_returned_for_changes(gate: Gate, browser: Browser) -> None:
    request = surveyed(gate, "stops", positions=200)
    with console(gate) as desk:
        for name in ("ada", "bob"):
            with person(browser, desk, name, "reviewers") as each:
                decide(each.go(f"/releases/{request}"), "return", "Round to one decimal.")
        with person(browser, desk, "rita", viewport=PHONE) as rita:
            page = rita.go(f"/releases/{request}")
            assert f"--continues {request}" in page.inner_text("#decide")
            kept(page, "returned-telephone")

    assert gate.request(request).state == "returned"


def test_a_comment_appears_without_loading_the_page_again(gate: Gate, browser: Browser) -> None:
    request = held(gate)
    with console(gate) as desk, person(browser, desk, "ada", "reviewers") as ada:
        page = ada.go(f"/releases/{request}")
        page.evaluate("window.stays = true")
        for text in ("First of all.", "And then <b>this</b>."):
            page.fill("#comment", text)
            page.click("#talk button")
            page.wait_for_selector(f".said .text:text-is('{text}')")

        assert page.evaluate("window.stays") is True


def test_an_evidence_pack_is_downloaded_twice_by_whoever_may_and_a_refusal_is_said(
    gate: Gate, browser: Browser
) -> None:
    request = held(gate)
    with console(gate) as desk, person(browser, desk, "audrey", "auditors") as audrey:
        page = audrey.go(f"/releases/{request}")
        for _ in range(2):
            # The page is loaded again with a form that can be sent once more.
            with page.expect_event("load"), page.expect_download() as kept_as:
                page.click("text=Download the evidence pack")
            assert kept_as.value.suggested_filename == f"evidence-{request}.zip"
            assert zipfile.is_zipfile(kept_as.value.path())
        page.click("text=Put in the measurements")
        page.fill("#evidence-why", "short")
        page.click("text=Download the evidence pack")
        assert "10 characters" in page.inner_text("[role=alert]")
        audrey.errors.clear()


def test_everybody_can_use_every_page_wide_narrow_light_and_dark(gate: Gate, browser: Browser) -> None:
    request = surveyed(gate, "stops", positions=300)
    paths = (
        "/",
        f"/releases/{request}",
        "/waivers",
        "/obligations",
        "/audit",
        "/ledger",
        "/ledger/heads",
        "/policies",
        "/policies/test",
        "/nowhere",
    )
    groups = ("reviewers", "owners", "auditors")
    found: dict[str, list[str]] = {}
    with console(gate) as desk:
        for look in ({}, {"color_scheme": "dark"}, {"viewport": PHONE}):
            one = Person(browser, desk.url, "ada", *groups, **look)
            for path in paths:
                one.go(path)
                found[f"{path} {look}"] = one.complaints() + ["scrolls sideways"] * one.scrolls_sideways()
            one.context.close()
            assert one.strange == []

    assert {name: said for name, said in found.items() if said} == {}


def test_a_keyboard_is_enough(gate: Gate, browser: Browser) -> None:
    held(gate, "one")
    second = held(gate, "two", purpose="another study")
    with console(gate) as desk, person(browser, desk, "ada", "reviewers") as ada:
        page = ada.go("/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/releases/{second}")
        page.wait_for_selector("#map[data-ready]", timeout=MAP_MS)
        page.keyboard.press("d")
        assert page.evaluate("document.activeElement.id") == "vote-comment"
        page.keyboard.type("jk?")
        assert page.input_value("#vote-comment") == "jk?"
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        assert page.is_visible("#keys")
        page.keyboard.press("Escape")
        page.wait_for_selector("#keys", state="hidden")
        page.keyboard.press("g")
        page.keyboard.press("w")
        page.wait_for_url("**/waivers")


def test_a_hundred_thousand_positions_are_drawn_from_the_server_in_cells(gate: Gate, browser: Browser) -> None:
    request = surveyed(gate, "many", positions=100_000)
    with console(gate) as desk, person(browser, desk, "ada", "reviewers") as ada:
        page = ada.go(f"/releases/{request}")

        assert page.get_attribute("#map", "data-ready") == "yes"
        assert "100,000 positions" in page.inner_text("#map-said")


def test_the_pictures_of_the_docs_are_small() -> None:
    pictures = list((Path(__file__).parents[2] / "docs/console").glob("*.png"))

    assert len(pictures) >= 4
    assert all(picture.stat().st_size < 150_000 for picture in pictures)
