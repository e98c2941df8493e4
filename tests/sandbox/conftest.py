"""The tests' zygote ends with them; tests that ask for a level run at each that this machine has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sandboxing.places import all_levels, levels, zygote

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "level" in metafunc.fixturenames:
        metafunc.parametrize("level", levels())
    if "any_level" in metafunc.fixturenames:
        metafunc.parametrize("any_level", all_levels())


@pytest.fixture(scope="session", autouse=True)
def _end_of_zygote() -> Iterator[None]:
    yield
    zygote().close()
