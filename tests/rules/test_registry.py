"""The registry finds every rule, and refuses those that break the contract."""

from __future__ import annotations

import subprocess
import sys

import pytest

from geogate.rules.destination import DestinationAllowed, DestinationParams
from geogate.rules.registry import collect, module_names, parameter_models, registered, rules_of
from geogate.rules.rule import Params, Rule


class Odd(DestinationAllowed):
    """No sections."""


class WithDefault(Params):
    """A parameter with a default."""

    step: float = 1.0


class Reserved(Params):
    """A parameter that Great Expectations would take for its own."""

    severity: str


def variant(**changes: object) -> Rule[DestinationParams]:
    kind: type[DestinationAllowed] = type(
        "Variant", (DestinationAllowed,), {"__doc__": DestinationAllowed.__doc__} | changes
    )
    return kind()


def test_every_module_that_defines_a_rule_is_found() -> None:
    assert set(registered()) == {
        "expect_attestations_to_be_held",
        "expect_columns_to_be_declared",
        "expect_coordinates_no_finer_than",
        "expect_decimals_by_category",
        "expect_destination_to_be_allowed",
        "expect_declared_number",
        "expect_each_cell_to_have_subjects",
        "expect_elevation_posting_no_finer_than",
        "expect_enough_devices_in_zones",
        "expect_fine_images_no_newer_than",
        "expect_ground_sample_distance_in_zones_no_finer_than",
        "expect_ground_sample_distance_no_finer_than",
        "expect_layer_inventory",
        "expect_location_uncertainty",
        "expect_no_dominant_contributors",
        "expect_no_joint_breach",
        "expect_many_bands_no_finer_than",
        "expect_no_listed_terms",
        "expect_no_pixels_in_restricted_zones",
        "expect_no_position_in_restricted_zones",
        "expect_no_small_cells",
        "expect_no_zone_under_another_reading",
        "expect_photo_metadata_to_be_allowed",
        "expect_place_to_be_closed",
        "expect_point_density_no_higher_than",
        "expect_point_values_not_to_take_turns",
        "expect_raster_bands_to_be_allowed",
        "expect_recipient_not_to_be_controlled",
        "expect_recipient_total_no_more_than",
        "expect_recipient_outside_countries",
        "expect_release_not_to_be_prohibited",
        "expect_release_to_appear_whole",
        "expect_storage_in_countries",
        "expect_region_population_above",
        "expect_suppression_to_be_complementary",
        "expect_raster_values_to_be_between",
        "expect_timestamps_no_finer_than",
        "expect_vertices_no_closer_than",
    }
    assert sum(len(rules_of(name)) for name in module_names()) == len(registered())
    assert all(parameter_models()[name] is rule.params for name, rule in registered().items())


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        (variant(expectation="destination"), ValueError, "does not look like"),
        (variant(expectation="expect_Destination"), ValueError, "does not look like"),
        (variant(params=dict), TypeError, "are not Params"),
        (variant(params=WithDefault), ValueError, "step has a default"),
        (variant(params=Reserved), ValueError, "severity has a name that Great Expectations keeps"),
        (Odd(), ValueError, "lacks Why, Params, Finds, Misses, Remedy, Basis"),
    ],
)
def test_a_rule_that_breaks_the_contract_is_refused(
    rule: Rule[DestinationParams], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        collect([rule])


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two rules are called expect_destination_to_be_allowed"):
        collect([DestinationAllowed(), variant()])


def test_parsing_policies_does_not_import_great_expectations() -> None:
    code = (
        "import sys; from geogate.rules.registry import registered; import geogate.policy.parse, geogate.suites; "
        "registered(); sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
