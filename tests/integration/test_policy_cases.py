"""Cases of policies, run through the gate: those that are shipped, and what the runner says of wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gating.place import columns, destination, precision, zones

from geogate.gate.policy_cases import PolicyUnderTest, coverage, limits_of, run_cases
from geogate.model.errors import PolicyError
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from gating.command import Command
    from gating.gate import Gate

SHIPPED = Path(__file__).resolve().parents[2] / "expectations"
TESTED = sorted(folder.name for folder in (SHIPPED / "tests").iterdir() if folder.is_dir())

COARSE = "data: {points: [[8.3, 47.1], [8.4, 47.2]]}"
FINE = "data: {points: [[8.30001, 47.10001], [8.4, 47.2]]}"
SQUARE = "zones: {keep-out: {polygons: [[[20.0, 20.0], [21.0, 20.0], [21.0, 21.0]]]}}"


@pytest.mark.parametrize("name", TESTED)
def test_every_case_of_a_shipped_policy_comes_out_as_expected(name: str) -> None:
    tested = PolicyUnderTest.read(SHIPPED / f"{name}.yaml")
    ran = list(run_cases(tested))
    assert [(each.case.name, each.wrong) for each in ran if each.wrong] == []
    assert [(each.rule, each.gaps) for each in coverage(tested.policy, ran) if each.gaps] == []


def write(gate: Gate, *cases: str, given: str = SQUARE) -> Path:
    """Write cases beside the test's policy, each as the lines of a mapping."""
    folder = gate.policies.root / "tests" / "test"
    folder.mkdir(parents=True, exist_ok=True)
    written = "".join("  - " + "\n    ".join(case.splitlines()) + "\n" for case in cases)
    (folder / "cases.yaml").write_text(f"about: a test\ngiven:\n  {given}\ncases:\n{written}")
    return gate.policies.file("test.yaml")


def ran(gate: Gate, *cases: str) -> dict[str, tuple[str, ...]]:
    tested = PolicyUnderTest.read(write(gate, *cases))
    return {each.case.name: each.wrong for each in run_cases(tested)}


def test_a_case_names_all_that_is_found_and_nothing_else(gate: Gate) -> None:
    found = ran(
        gate,
        f"name: right\n{FINE}\nexpect: {{decision: deny, deny: [precision], hold: [review]}}",
        f"name: less\n{FINE}\nexpect: {{decision: deny, deny: [precision]}}",
        f"name: more\n{COARSE}\nexpect: {{decision: clear, hold: [review]}}",
        f"name: other\n{COARSE}\nexpect: {{decision: deny}}",
    )
    assert found == {
        "right": (),
        "less": ("hold by review is not expected",),
        "more": ("no hold by review",),
        "other": ("decides clear, not deny",),
    }


def test_a_side_of_a_limit_that_the_operator_does_not_bear_out_is_wrong(gate: Gate) -> None:
    (wrong,) = ran(
        gate,
        f"name: claim\n{COARSE}\nlimits: {{precision.step_m: under}}\nexpect: {{decision: clear}}",
    )["claim"]
    assert wrong == "under the limit precision.step_m (>=) the rule finds nothing"


def test_numbers_can_be_taken_as_if_they_had_been_measured(gate: Gate) -> None:
    hits = "measured: {zone-hits: {features_hit: 1}}"
    found = ran(gate, f"name: hit\n{COARSE}\n{hits}\nexpect: {{decision: deny, deny: [zones]}}")
    assert found == {"hit": ()}


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("name: a\nexpect: {decision: clear}", r"cases.yaml:\d+: cases\[0\].data: the case has no data"),
        (f"name: a\n{COARSE}\nexpect: {{decision: maybe}}", r"cases\[0\].expect.decision"),
        (f"name: a\n{COARSE}\nexpect: {{decision: clear, note: [nothing]}}", "expects rule 'nothing'"),
        (f"name: a\n{COARSE}\nlimits: {{a.b: at}}\nexpect: {{decision: clear}}", "there is no number 'a.b'"),
        ("name: a\ndata: {}\nexpect: {decision: clear}", "exactly one of file, points"),
        ("name: a\ndata: {file: ../a.parquet}\nexpect: {decision: clear}", r"cases\[0\].data"),
    ],
)
def test_a_case_that_cannot_be_run_is_refused_by_file_line_and_key(gate: Gate, case: str, why: str) -> None:
    with pytest.raises(PolicyError, match=why):
        PolicyUnderTest.read(write(gate, case))


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("name: a\ndata: {file: absent.parquet}\nexpect: {decision: clear}", "a file that is not beside it"),
        ("name: a\ndata: {points: [[1, 2]], crs: EPSG:1}\nexpect: {decision: clear}", "reference system"),
        (f"name: a\n{COARSE}\nmeasured: {{absent: {{rows: 1}}}}\nexpect: {{decision: clear}}", "nothing measures"),
    ],
)
def test_what_a_case_needs_and_is_not_there_is_no_result(gate: Gate, case: str, why: str) -> None:
    with pytest.raises(PolicyError, match=why):
        ran(gate, case)


def test_coverage_names_rules_that_never_speak_and_sides_that_nobody_shows(gate: Gate) -> None:
    gate.policies.write_policy([precision("precision", 100, ">="), zones(), destination(), columns()])
    tested = PolicyUnderTest.read(
        write(
            gate, f"name: a\n{FINE}\nlimits: {{precision.step_m: under}}\nexpect: {{decision: deny, deny: [precision]}}"
        )
    )
    gaps = {each.rule: each.gaps for each in coverage(tested.policy, list(run_cases(tested)))}
    assert gaps["precision"] == ("is never satisfied", "step_m: at", "step_m: over")
    assert gaps["columns"] == ("never finds anything",)
    assert "max_features: under" not in gaps["zones"]
    assert limits_of(tested.policy)["destination.owner_limits[0].share"] == "<"


def test_the_command_ends_with_0_where_all_is_as_expected_and_4_elsewhere(gate: Gate, geogate: Command) -> None:
    good = f"name: good\n{COARSE}\nexpect: {{decision: {Decision.CLEAR}}}"
    bad = f"name: bad\n{COARSE}\nexpect: {{decision: {Decision.DENY}}}"
    write(gate, good)
    ended = geogate("policy", "test")
    assert (ended.code, "1 of 1 cases as expected" in ended.out) == (0, True)
    assert geogate("policy", "test", "--coverage").code == 4
    write(gate, good, bad)
    ended = geogate("policy", "test", gate.policies.file("test.yaml"))
    assert ended.code == 4
    assert "decides clear, not deny" in ended.out
    assert "1 of 2 cases as expected" in ended.out


def test_without_cases_nothing_is_as_expected(geogate: Command) -> None:
    ended = geogate("policy", "test")
    assert (ended.code, "there are no cases" in ended.out) == (4, True)
