"""What ``geogate policy check`` finds odd about policies that are valid."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from gating.place import ZONES, PolicyFolder, columns, destination, inventory, precision, rule, with_meta, zones

from geogate.gate.check import check_place
from geogate.gate.policy_lint import Remark, lint_files, lint_place
from geogate.gate.zones import compile_zone_list
from geogate.readers.zone_files import read_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

RECENT = {"as_of": date(2999, 1, 1)}


def remarks(folder: Path, *rules: dict[str, Any], **meta: Any) -> list[Remark]:
    place = PolicyFolder(root=folder)
    place.write_policy([*rules, columns()], **meta)
    found = lint_files([place.file("test.yaml")], stale_months=1200)
    return [each for each in found if each.gravity != "note"]


def texts(found: list[Remark]) -> str:
    return "\n".join(f"{each.gravity} {each.where} {each.text} {each.hint}" for each in found)


def test_an_ordinary_policy_gives_no_remark(tmp_path: Path) -> None:
    found = remarks(
        tmp_path, precision("a", 100, ">="), precision("b", 1000, ">", "warning"), zones(5000), destination()
    )
    assert texts(found) == ""


@pytest.mark.parametrize(
    ("written", "asks"),
    [
        (precision("a", 0.001, ">="), "kilometres, or degrees"),
        (precision("a", 1_000_000, ">="), "kilometres, or degrees"),
        (zones(5), "kilometres"),
        (destination(owner_limits=[{"countries": ["KP"], "share": 0.0001}]), "shares go from 0 to 1"),
    ],
)
def test_numbers_that_are_absurd_for_their_unit_are_doubted(tmp_path: Path, written: dict[str, Any], asks: str) -> None:
    (found,) = remarks(tmp_path, written)
    assert found.gravity == "warning"
    assert asks in found.hint
    assert "kwargs" in found.where
    assert ".yaml:" in found.where


def test_a_zone_list_that_is_not_beside_the_policy_is_an_error_by_line_and_key(gate: Gate) -> None:
    gate.policies.write_policy([zones(), with_meta(zones(zone_list="gone"), rule="more"), columns()])
    for found in (
        lint_place(gate.house(), stale_months=1200),
        lint_files([gate.policies.file("test.yaml")], stale_months=1200),
    ):
        (error,) = [each for each in found if each.gravity == "error"]
        assert error.text == "there is no zone list 'gone'"
        assert "test.yaml:" in error.where
        assert "expectations[1].kwargs" in error.where


@pytest.mark.parametrize("step_m", [0.01, 200_000])
def test_numbers_at_the_end_of_what_is_ordinary_are_not_doubted(tmp_path: Path, step_m: float) -> None:
    assert texts(remarks(tmp_path, precision("a", step_m, ">="))) == ""


def test_rules_that_nothing_satisfies_together_contradict_each_other(tmp_path: Path) -> None:
    found = remarks(tmp_path, inventory(crs=["EPSG:4326"]), with_id(inventory(crs=["EPSG:3857"]), "other"))
    assert "error test.yaml:" in texts(found)
    assert "nothing satisfies both this rule and inventory" in texts(found)


def test_a_least_above_a_most_is_a_contradiction_and_one_at_it_is_not(tmp_path: Path) -> None:
    few, many = inventory(max_rows=10), with_id(inventory(min_rows=11), "other")
    assert "nothing satisfies both" in texts(remarks(tmp_path, few, many))
    same = with_id(inventory(min_rows=10), "other")
    assert "nothing satisfies both" not in texts(remarks(tmp_path, few, same))


def test_rules_for_different_recipients_do_not_contradict_each_other(tmp_path: Path) -> None:
    one = with_meta(inventory(crs=["EPSG:4326"]), when={"recipients": ["one"]})
    other = with_meta(with_id(inventory(crs=["EPSG:3857"]), "other"), when={"recipients": ["other"]})
    assert "nothing satisfies" not in texts(remarks(tmp_path, one, other))


def test_a_rule_outside_the_scope_of_its_policy_can_never_apply(tmp_path: Path) -> None:
    late = with_meta(precision("a", 100, ">="), when={"transactions": ["sale"]})
    found = remarks(tmp_path, late, scope={"transactions": ["research"]})
    assert "the rule can never apply: transactions" in texts(found)
    assert found[0].gravity == "error"
    assert not remarks(tmp_path, late, scope={"transactions": ["research", "sale"]})


def test_a_rule_for_layers_that_the_policy_does_not_cover_can_never_fire(tmp_path: Path) -> None:
    pixels = rule("gsd", "expect_ground_sample_distance_no_finer_than", gsd_m=1.0, operator=">=")
    assert "can never fire" in texts(remarks(tmp_path, pixels))
    assert not remarks(tmp_path, pixels, kinds=["vector", "raster"])


def test_a_kind_of_layers_at_which_no_rule_looks_is_denied_always(tmp_path: Path) -> None:
    assert "no rule looks at layers of kind raster" in texts(
        remarks(tmp_path, zones_free(), kinds=["vector", "raster"])
    )


def test_a_shadow_that_ended_is_said_to_be_enforced(tmp_path: Path) -> None:
    past = with_meta(precision("a", 100, ">="), status="shadow", shadow_until=date(2020, 1, 1))
    assert "the rule is enforced now" in texts(remarks(tmp_path, past))
    ahead = with_meta(precision("a", 100, ">="), status="shadow", shadow_until=date(2999, 1, 1))
    assert not remarks(tmp_path, ahead)


def test_a_looser_rule_that_is_no_graver_decides_nothing(tmp_path: Path) -> None:
    found = remarks(tmp_path, precision("strict", 1000, ">="), precision("loose", 100, ">=", "warning"))
    assert "whatever breaks it breaks strict" in texts(found)
    assert "expectations[1]" in found[0].where


def test_a_stricter_rule_that_only_holds_leaves_the_looser_one_its_denials(tmp_path: Path) -> None:
    assert not remarks(tmp_path, precision("review", 1000, ">", "warning"), precision("deny", 100, ">="))


def test_a_rule_in_shadow_shadows_no_other(tmp_path: Path) -> None:
    trial = with_meta(precision("strict", 1000, ">="), status="shadow", shadow_until=date(2999, 1, 1))
    assert not remarks(tmp_path, trial, precision("loose", 100, ">=", "warning"))


def test_names_of_recipients_and_policies_that_there_are_not_are_errors(gate: Gate) -> None:
    absent = with_meta(precision("a", 100, ">="), when={"recipients": ["nobody"]})
    gate.policies.write_policy([absent])
    gate.policies.write_recipients(policies=["test", "gone"])
    found = texts([each for each in lint_place(gate.house(), stale_months=1200) if each.gravity == "error"])
    assert "there is no recipient 'nobody'" in found
    assert "there is no policy 'gone'" in found
    assert "recipients[0].policies[1]" in found


def test_sources_that_nobody_compared_for_long_are_noted(tmp_path: Path) -> None:
    place = PolicyFolder(root=tmp_path)
    place.write_policy([precision("a", 100, ">=")])
    found = lint_files([place.file("test.yaml")], stale_months=1)
    assert {each.gravity for each in found} == {"note"}


def with_id(written: dict[str, Any], name: str) -> dict[str, Any]:
    return with_meta(written, rule=name)


def zones_free() -> dict[str, Any]:
    return precision("a", 100, ">=")


def uncertainty(metric: str, operator: str, limit: float) -> dict[str, Any]:
    return rule("spread", "expect_location_uncertainty", metric=metric, operator=operator, limit=limit)


def control(operator: str, share: float) -> dict[str, Any]:
    return rule(
        "owned",
        "expect_recipient_not_to_be_controlled",
        countries=["KP"],
        share=share,
        operator=operator,
        domicile=False,
        designations=[],
    )


@pytest.mark.parametrize(
    ("beyond", "within", "says"),
    [
        (inventory(max_rows=10**12), inventory(max_rows=10**12 - 1), "breaks the limit <= 1,000,000,000,000 rows"),
        (uncertainty("decimals", "<=", 16), uncertainty("decimals", "<=", 15), "breaks the limit <= 16 decimals"),
        (uncertainty("decimals", "<", 17), uncertainty("decimals", "<", 16), "breaks the limit < 17 decimals"),
        (uncertainty("decimals", "<", 0), uncertainty("decimals", "<", 1), "keeps the limit < 0 decimals"),
        (uncertainty("radius", ">=", 0), uncertainty("radius", ">", 0), "breaks the limit >= 0 m"),
        (control("<=", 1.0), control("<", 1.0), "breaks the limit <= 100 %"),
    ],
)
def test_limits_that_nothing_breaks_or_keeps_are_named(
    tmp_path: Path, beyond: dict[str, Any], within: dict[str, Any], says: str
) -> None:
    (found,) = remarks(tmp_path, beyond)
    assert f"nothing ever {says}: measured are" in found.text
    assert (found.gravity, found.where.startswith("test.yaml:")) == ("warning", True)
    assert "nothing ever" not in texts(remarks(tmp_path, within))


def test_a_rule_that_is_disabled_can_say_what_nothing_breaks(tmp_path: Path) -> None:
    disabled = with_meta(uncertainty("decimals", "<=", 16), status="disabled")
    assert texts(remarks(tmp_path, disabled)) == ""


@pytest.mark.parametrize("kind", ["Point", "LineString"])
@pytest.mark.parametrize("buffer_m", [0, 1])
def test_a_list_that_protects_nothing_with_the_distance_of_a_rule_is_refused(
    gate: Gate, kind: str, buffer_m: float
) -> None:
    coordinates = {"Point": [8.0, 47.0], "LineString": [[8.0, 47.0], [8.1, 47.0]]}[kind]
    feature = {"type": "Feature", "properties": {"id": "z1"}, "geometry": {"type": kind, "coordinates": coordinates}}
    folder = gate.policies.root / "zones"
    manifest = folder / f"{ZONES}.yaml"
    facts = read_manifest(manifest).facts
    manifest.unlink()
    data = folder / f"{ZONES}.geojson"
    data.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    _, line = compile_zone_list(data, facts=facts, today=gate.house().today())
    assert line.endswith("1 with points or lines without a distance: rules must give a buffer_m")
    gate.policies.write_policy([zones(buffer_m), columns()])
    checked = {each.name: each for each in check_place(gate.house())}["test.yaml"]
    assert ("protects nothing" in checked.problem) is (buffer_m == 0)
