"""The surroundings of the package's doctests: a home that was initialised, and the policies that geogate ships."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from geogate.gate.home import initialise
from geogate.gate.settings import Settings

SHIPPED = Path(__file__).resolve().parent / "expectations"


@pytest.fixture(scope="session")
def doctest_home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Make the home; contracts and zone lists of the examples are extended, so that the doctests never grow old."""
    root = tmp_path_factory.mktemp("doctests")
    shutil.copytree(SHIPPED, root / "policies")
    for file in (root / "policies" / "recipients.yaml", *(root / "policies" / "zones").glob("*.yaml")):
        file.write_text(re.sub(r"(ends|valid_until): \S+", r"\1: 2999-12-31", file.read_text(encoding="utf-8")))
    environment = {
        "GEOGATE_HOME": str(root / ".geogate"),
        "GEOGATE_POLICIES": str(root / "policies"),
        "GEOGATE_COUNTRY": "DE",
    }
    list(initialise(Settings.from_environment(environment)))
    return environment


@pytest.fixture(autouse=True)
def doctest_surroundings(request: pytest.FixtureRequest) -> None:
    """Put the home into the environment of each doctest; tests that are no doctests make their own."""
    if isinstance(request.node, pytest.DoctestItem):
        home: dict[str, str] = request.getfixturevalue("doctest_home")
        patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        for name, value in home.items():
            patch.setenv(name, value)
