"""Spark sessions for a module of tests: begun as geogate begins them, with Python workers that can import the tests."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from geogate.engines.spark_session import spark_session

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def session_of_tests(master: str) -> Iterator[Any]:
    """Begin a session on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        # Short lives: what the JVM's better compiler costs never pays.
        patch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        with spark_session(master) as session:
            yield session
