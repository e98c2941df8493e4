"""A pytest plugin that says what a run of the drill saw: which tests failed and why, and whose geogate was imported."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

_passed: list[str] = []
_failed: list[tuple[str, str]] = []
_broken: list[str] = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Keep each test that failed, with the type of what it raised."""
    report = (yield).get_result()
    if report.failed:
        _failed.append((item.nodeid, call.excinfo.type.__name__ if call.excinfo else ""))
    elif report.passed and report.when == "call":
        _passed.append(item.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Keep each file that could not even be collected."""
    if report.failed:
        _broken.append(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write what was seen to the file that the drill names."""
    root = Path.cwd()
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "geogate"]
    files = [Path(file) for module in modules if (file := getattr(module, "__file__", None))]
    seen = {
        "passed": _passed,
        "failed": _failed,
        "broken": _broken,
        "imported": sorted(file.relative_to(root).as_posix() for file in files if file.is_relative_to(root)),
        "elsewhere": sorted(str(file) for file in files if not file.is_relative_to(root)),
    }
    Path(os.environ["DRILL_WITNESS"]).write_text(json.dumps(seen), encoding="utf-8")
