"""The command line in this process: what it prints, and the code that it leaves with."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Command:
    """``geogate`` with the environment and the folder of the test; an error that it does not know ends the test."""

    capsys: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    environment: Callable[[], dict[str, str]]

    def __call__(self, *arguments: str | Path) -> Ended:
        for name, value in self.environment().items():
            self.patch.setenv(name, value)
        self.patch.setattr(sys, "argv", ["geogate", *map(str, arguments)])
        self.patch.setattr(sys, "excepthook", sys.excepthook)
        self.capsys.readouterr()
        try:
            main()
        except SystemExit as left:
            said = self.capsys.readouterr()
            return Ended(left.code if isinstance(left.code, int) else 1, said.out, said.err)
        raise AssertionError("the command did not leave with a code")
