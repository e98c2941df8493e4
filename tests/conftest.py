"""A gate for each test, copied from one that was initialised once; and no test that fails for being slow."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from gating.command import Command
from gating.gate import Gate
from hypothesis import settings

from geogate.gate.home import initialise

if TYPE_CHECKING:
    from pathlib import Path

settings.register_profile("geogate", deadline=None)
settings.load_profile("geogate")


@pytest.fixture(scope="session")
def gate_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an initialised home, a policy folder and an empty outbox."""
    gate = Gate(root=tmp_path_factory.mktemp("gate"))
    gate.policies.build()
    gate.outbox.mkdir()
    assert list(initialise(gate.house().settings))
    return gate.root


@pytest.fixture
def gate(gate_template: Path, tmp_path: Path) -> Gate:
    """A gate of the test's own."""
    return Gate(root=shutil.copytree(gate_template, tmp_path / "gate"))


@pytest.fixture
def geogate(gate: Gate, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line of the test's gate, run in the folder of the gate."""
    monkeypatch.chdir(gate.root)
    return Command(capsys, monkeypatch, gate.environment)
