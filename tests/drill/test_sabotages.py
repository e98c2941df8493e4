"""The list of sabotages fits the sources as they are: a sabotage that does not apply any more proves nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from infra.drill.sabotage import DrillError, Sabotage, digest_of, load, sample

REPOSITORY = Path(__file__).resolve().parents[2]
SABOTAGES = load()
FEWEST = 40

LINE = Sabotage(
    id="x", file=Path("x.py"), before="return max(a)", after="return min(a)", why="it opens", tests=("tests/x.py",)
)
ENTRY = "- {id: x, file: x.py, before: a = 1, after: a = 2, why: it opens, tests: [tests/x.py]}\n"


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.id)
def test_every_sabotage_applies_exactly_once(sabotage: Sabotage) -> None:
    text = (REPOSITORY / sabotage.file).read_text(encoding="utf-8")
    assert sabotage.applied_to(text) != text
    for test in sabotage.tests:
        file, _, name = test.partition("[")[0].partition("::")
        path = REPOSITORY / file
        assert path.is_dir() or f"def {name}(" in path.read_text(encoding="utf-8") or not name


def test_there_are_enough_sabotages_and_each_says_why() -> None:
    assert len(SABOTAGES) >= FEWEST
    assert len({(each.file, each.before, each.after) for each in SABOTAGES}) == len(SABOTAGES)
    assert all(len(each.why) > 20 for each in SABOTAGES)


def test_every_package_on_the_decision_path_is_sabotaged() -> None:
    packages = {each.file.parts[2] for each in SABOTAGES}
    assert packages >= {
        *("model", "measures", "zones", "policy", "rules", "suites", "readers", "libraries", "seal", "engines"),
        *("destinations", "ledger", "gate", "cli", "airflow"),
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("return min(a)\n", "is 0 times"),
        ("return max(a)\nreturn max(a)\n", "is 2 times"),
    ],
)
def test_a_sabotage_that_does_not_fit_once_is_a_fault_of_the_drill(text: str, why: str) -> None:
    with pytest.raises(DrillError, match=why):
        LINE.applied_to(text)


@pytest.mark.parametrize(
    ("after", "why"),
    [
        ("return max(a)", "changes something"),
        ("return max(a)\n\n\n", "no more than 3 lines"),
        ("return max(a", "no Python"),
        ("return max(a)  # the largest", "no code"),
    ],
)
def test_a_sabotage_is_one_small_change_of_code(after: str, why: str) -> None:
    with pytest.raises(DrillError, match=why):
        replace(LINE, after=after).applied_to("def f(a):\n    return max(a)\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[]", "there are no sabotages"),
        (ENTRY + ENTRY, "there twice: x"),
        (ENTRY.replace("why: it opens, ", ""), "and nothing else"),
        (ENTRY.replace("why:", "note: x, why:"), "and nothing else"),
        (ENTRY.replace("[tests/x.py]", "[]"), "tests is a list"),
        (ENTRY.replace("it opens", "1"), "every value is text"),
    ],
)
def test_a_list_that_is_not_wholly_understood_is_a_fault_of_the_drill(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "some.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DrillError, match=why):
        load(tmp_path)


def test_a_sample_is_the_same_for_the_same_list_and_changes_with_it() -> None:
    chosen = sample(SABOTAGES, 5)
    assert chosen == sample(SABOTAGES, 5)
    assert len({each.id for each in chosen}) == 5
    assert sample(SABOTAGES, 5, seed="one") != sample(SABOTAGES, 5, seed="two")
    assert digest_of(SABOTAGES[1:]) != digest_of(SABOTAGES)


def test_every_sabotage_is_drawn_sooner_or_later() -> None:
    drawn = {each.id for seed in range(2000) for each in sample(SABOTAGES, 5, seed=str(seed))}
    assert drawn == {each.id for each in SABOTAGES}
