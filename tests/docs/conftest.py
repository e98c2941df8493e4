"""Runs the demonstration once for all tests that look at it."""

from __future__ import annotations

import pytest
from docs.demonstration import Demonstration, run_demo


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """Run the whole demonstration."""
    return run_demo(tmp_path_factory.mktemp("demo") / "demo")
