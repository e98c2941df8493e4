"""Cases of policies, run through the gate: those that are shipped, and what the runner says of wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from gating.place import columns, destination, precision, rule, zones

from geogate.gate.place import NO_POLICIES
from geogate.gate.policy_cases import PolicyUnderTest, covered, run_cases
from geogate.gate.policy_limits import limits_of
from geogate.model.errors import PolicyError
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from gating.command import Command
    from gating.gate import Gate

SHIPPED = Path(__file__).resolve().parents[2] / "expectations"
PACKS = sorted(path.stem for path in SHIPPED.glob("*.yaml") if path.stem not in NO_POLICIES)

COARSE = "data: {points: [[8.3, 47.1], [8.4, 47.2]]}"
FINE = "data: {points: [[8.30001, 47.10001], [8.4, 47.2]]}"
SQUARE = "zones: {keep-out: {polygons: [[[20.0, 20.0], [21.0, 20.0], [21.0, 21.0]]]}}"


@pytest.mark.parametrize("name", PACKS)
def test_every_number_of_a_shipped_policy_has_cases_on_each_side_that_come_out_as_expected(name: str) -> None:
    """A rule that is enabled cannot be shipped without: its gaps are listed here."""
    tested = PolicyUnderTest.read(SHIPPED / f"{name}.yaml")
    ran = list(run_cases(tested))
    assert [(each.case.name, each.wrong) for each in ran if each.wrong] == []
    assert [(each.rule, each.gaps) for each in covered(tested, ran) if each.gaps] == []


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
        (f"name: a\n{COARSE}\nundeclared: [data]\nexpect: {{decision: clear}}", "nothing is declared as 'data'"),
        (f"name: a\n{COARSE}\nzones: {{other: {{polygons: [[[1, 2]]]}}}}\nexpect: {{decision: clear}}", "needs a zone"),
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


def test_what_is_declared_is_put_together_with_what_is_given(gate: Gate) -> None:
    about = "declaration: {data: [maps], scale_denominator: 5000}"
    scale = rule("scale", "expect_declared_number", key="scale_denominator", operator=">=", limit=5000)
    gate.policies.write_policy([scale, zones(), columns()])
    write(
        gate,
        f"name: given\n{COARSE}\nlimits: {{scale.limit: at}}\nexpect: {{decision: clear}}",
        f"name: other\n{COARSE}\ndeclaration: {{scale_denominator: 4999}}\nexpect: {{decision: deny, deny: [scale]}}",
        f"name: none\n{COARSE}\nundeclared: [scale_denominator]\nexpect: {{decision: deny, deny: [scale]}}",
        given=f"{about}\n  {SQUARE}",
    )
    tested = PolicyUnderTest.read(gate.policies.file("test.yaml"))
    assert {each.case.name: each.wrong for each in run_cases(tested)} == {"given": (), "other": (), "none": ()}


def test_a_case_says_what_the_recipient_got_before(gate: Gate) -> None:
    total: dict[str, Any] = {"columns": ["device"], "window": "P12M", "operator": "<=", "limit": 10}
    total |= {"subjects": "devices", "data": "any"}
    gate.policies.write_policy([rule("total", "expect_recipient_total_no_more_than", **total), zones(), columns()])
    day = '"on": 2026-11-22\nbefore: [{on: %s, subjects: %d}]'
    found = ran(
        gate,
        f"name: nothing\n{COARSE}\nexpect: {{decision: clear}}",
        f"name: at\n{COARSE}\n{day % ('2026-01-01', 8)}\nlimits: {{total.limit: at}}\nexpect: {{decision: clear}}",
        f"name: over\n{COARSE}\n{day % ('2026-01-01', 9)}\nlimits: {{total.limit: over}}\n"
        "expect: {decision: deny, deny: [total]}",
        f"name: long-ago\n{COARSE}\n{day % ('2025-11-21', 9)}\nexpect: {{decision: clear}}",
    )
    assert found == {"nothing": (), "at": (), "over": (), "long-ago": ()}


def test_many_datasets_are_judged_each_as_if_it_were_alone(gate: Gate) -> None:
    hidden = "data: {points: [[8.3, 47.1]], columns: {note: ['at 20.5, 20.2', 'b']}}"
    cases = (
        f"name: fine\n{FINE}\nexpect: {{decision: deny, deny: [precision], hold: [review]}}",
        f"name: coarse\n{COARSE}\nexpect: {{decision: clear}}",
        "name: inside\ndata: {points: [[20.9, 20.5]]}\nexpect: {decision: deny, deny: [zones]}",
        "name: empty\ndata: {points: [[200.0, 20.5]]}\nexpect: {decision: deny, deny: [gate/impossible-position]}",
    )
    together = ran(gate, *cases)
    alone = {name: wrong for case in cases for name, wrong in ran(gate, case).items()}
    assert together == alone
    with_hidden = ran(gate, *cases, f"name: hidden\n{hidden}\nexpect: {{decision: deny}}")
    assert {name: with_hidden[name] for name in alone} == alone
    assert with_hidden["hidden"] == ran(gate, f"name: hidden\n{hidden}\nexpect: {{decision: deny}}")["hidden"]


def test_coverage_names_rules_that_never_speak_and_sides_that_nobody_shows(gate: Gate) -> None:
    gate.policies.write_policy([precision("precision", 100, ">="), zones(), destination(), columns()])
    tested = PolicyUnderTest.read(
        write(
            gate, f"name: a\n{FINE}\nlimits: {{precision.step_m: under}}\nexpect: {{decision: deny, deny: [precision]}}"
        )
    )
    gaps = {each.rule: each.gaps for each in covered(tested, list(run_cases(tested)))}
    assert gaps["precision"] == ("is never satisfied", "step_m: at", "step_m: over")
    assert gaps["columns"] == ("never finds anything",)
    assert "max_features: under" not in gaps["zones"]
    assert limits_of(tested.policy)["destination.owner_limits[0].share"].operator == "<"


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


@pytest.mark.parametrize("name", ["more.yml", "more.YAML", "deeper/more.yaml"])
def test_cases_that_would_be_passed_over_are_named(gate: Gate, geogate: Command, name: str) -> None:
    write(gate, f"name: good\n{COARSE}\nexpect: {{decision: {Decision.CLEAR}}}")
    (folder,) = (path for path in (gate.policies.root / "tests").iterdir() if path.is_dir())
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("cases: []\n")
    ended = geogate("policy", "test")
    assert ended.code == 4
    assert "would be passed over" in ended.err
