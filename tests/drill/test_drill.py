"""The drill run: a sample of the sabotages is caught, and a drill that proves nothing says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.drill.drill import Drill, Outcome
from infra.drill.run import main
from infra.drill.sabotage import DrillError, Sabotage, load, sample
from infra.drill.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = 5
QUICK = next(each for each in load() if each.id == "decide-missing-rule")
UNNOTICED = replace(
    QUICK,
    id="unnoticed",
    before='remedy="this is a fault of geogate; report it",',
    after='remedy="this is a fault of geogate; tell somebody",',
)
"""A change that no test of the verdict looks at."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the repository."""
    return Workspace.make(REPOSITORY, tmp_path_factory.mktemp("drill"))


@pytest.fixture
def drill(workspace: Workspace) -> Drill:
    """A drill that asks the tests of each sabotage only."""
    return Drill([workspace], wider=())


@pytest.fixture
def lonely(workspace: Workspace) -> Iterator[Path]:
    """A file for tests of the copy that need nothing of geogate."""
    path = workspace.tree / "lonely" / "test_lonely.py"
    path.parent.mkdir()
    with workspace.written(Path("conftest.py"), ""):
        yield path
    path.unlink()
    path.parent.rmdir()


def outcome_of(drill: Drill, sabotage: Sabotage) -> Outcome:
    heard: list[Outcome] = []
    (outcome,) = drill.all([sabotage], on_outcome=heard.append)
    assert heard == [outcome]
    return outcome


def test_a_sample_of_the_sabotages_is_caught() -> None:
    # Which ones follows from the list, so that a failure comes again; each change of the list draws anew.
    outcomes: list[Outcome] = []
    with Drill.over(REPOSITORY, processes=2) as drill:
        chosen = sample(load(), SAMPLE)
        assert drill.controls(chosen) > 0
        drill.all(chosen, on_outcome=outcomes.append)
    assert [outcome for outcome in outcomes if not outcome.caught_by] == []
    assert len(outcomes) == SAMPLE


def test_a_sabotage_is_caught_by_name_and_leaves_the_copy_as_it_was(drill: Drill) -> None:
    source = REPOSITORY / QUICK.file
    before = source.read_bytes()
    assert outcome_of(drill, QUICK).caught_by.startswith("tests/unit/test_decide.py::")
    assert source.read_bytes() == before
    assert drill.controls([QUICK]) > 0  # green again


def test_a_change_that_no_test_notices_is_missed(drill: Drill) -> None:
    outcome = outcome_of(drill, UNNOTICED)
    assert (outcome.caught_by, outcome.fault) == ("", "")


def test_a_sabotage_that_breaks_the_gate_proves_nothing(drill: Drill) -> None:
    outcome = outcome_of(drill, replace(QUICK, after="findings += nothing_of_this_name"))
    assert "breaks the gate instead of opening it (NameError" in outcome.fault


def test_tests_that_cannot_be_found_prove_nothing(drill: Drill) -> None:
    outcome = outcome_of(drill, replace(QUICK, tests=("tests/unit/test_decide.py::test_of_no_such_name",)))
    assert "the tests could not run" in outcome.fault


def test_a_drill_whose_tests_fail_without_a_sabotage_proves_nothing(drill: Drill, lonely: Path) -> None:
    lonely.write_text("def test_fails():\n    assert False\n", encoding="utf-8")
    with pytest.raises(DrillError, match=r"not green: lonely/test_lonely.py::test_fails"):
        drill.controls([replace(QUICK, tests=("lonely",))])


def test_a_drill_whose_tests_do_not_import_the_copy_proves_nothing(drill: Drill, lonely: Path) -> None:
    lonely.write_text("def test_passes():\n    assert True\n", encoding="utf-8")
    with pytest.raises(DrillError, match="do not import the copy"):
        drill.controls([replace(QUICK, tests=("lonely",))])


def test_tests_that_import_another_geogate_prove_nothing(drill: Drill, lonely: Path, tmp_path: Path) -> None:
    (tmp_path / "geogate.py").touch()
    imports = f"import sys\n\nsys.path.insert(0, {str(tmp_path)!r})\n\nimport geogate\n"
    lonely.write_text(imports + "\n\ndef test_passes():\n    assert geogate\n", encoding="utf-8")
    with pytest.raises(DrillError, match="another geogate was imported"):
        drill.controls([replace(QUICK, tests=("lonely",))])


def test_tests_that_do_not_end_are_ended(workspace: Workspace, lonely: Path) -> None:
    lonely.write_text("import time\n\n\ndef test_waits():\n    time.sleep(600)\n", encoding="utf-8")
    with pytest.raises(DrillError, match="did not end within 3 s"):
        workspace.run(["lonely"], seconds=3)


def test_a_test_that_fails_anyway_has_noticed_nothing(workspace: Workspace, lonely: Path) -> None:
    lonely.write_text("def test_fails():\n    assert False\n", encoding="utf-8")
    outcome = outcome_of(Drill([workspace], wider=("lonely",)), UNNOTICED)
    assert "fails without the sabotage too" in outcome.fault


def test_a_word_that_no_sabotage_has_is_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "no-such-word"]) == 2
    assert "no sabotage has the word" in capsys.readouterr().err


def test_the_list_can_be_read_without_a_drill(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--only", "decide-"]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("decide-")
