"""Policies from a folder that is pinned, from a signed bundle and from a bucket; what differs stops the gate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from gating.files import COARSE, stage

from geogate.gate.keyfile import SigningKey
from geogate.gate.policy_source import bundle, place_digest, policy_root
from geogate.gate.settings import Settings
from geogate.model.errors import PolicyError, UsageError
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate
    from types_boto3_s3 import S3Client

    from infra.deploy import Perimeter


@pytest.fixture
def dataset(gate: Gate) -> Path:
    return stage("GeoJSON", gate.staged, COARSE)


@pytest.fixture
def bundled(gate: Gate) -> Gate:
    """A gate whose policies come as a bundle; the folder that it was made of is gone."""
    key = SigningKey.generate()
    file = gate.root / "policies.json"
    file.write_text(bundle(gate.policies.root, key))
    (gate.root / "policies.pub").write_text(key.public.pem())
    gate.policies.root.rename(gate.root / "elsewhere")
    gate.settings = {"GEOGATE_POLICIES": str(file), "GEOGATE_POLICIES_KEY": str(gate.root / "policies.pub")}
    return gate


def test_a_place_that_is_pinned_works_until_a_byte_of_it_changes(gate: Gate, dataset: Path) -> None:
    gate.settings = {"GEOGATE_POLICIES_DIGEST": place_digest(gate.policies.root)}
    assert gate.screen(dataset).decision is Decision.CLEAR
    gate.policies.replace("recipients.yaml", "Partner GmbH", "Partner AG")
    with pytest.raises(PolicyError, match="not those that GEOGATE_POLICIES_DIGEST pins"):
        gate.screen(dataset)


@pytest.mark.parametrize("name", ["added.yaml", "zones/added.geojson"])
def test_a_file_that_is_added_to_a_pinned_place_stops_the_gate(gate: Gate, dataset: Path, name: str) -> None:
    gate.settings = {"GEOGATE_POLICIES_DIGEST": place_digest(gate.policies.root)}
    gate.policies.file(name).write_text("{}")
    with pytest.raises(PolicyError, match="pins"):
        gate.screen(dataset)


def test_a_place_that_changes_after_it_was_compared_judges_as_it_was(gate: Gate) -> None:
    gate.settings = {"GEOGATE_POLICIES_DIGEST": place_digest(gate.policies.root)}
    root = policy_root(gate.house().settings)
    gate.policies.replace("recipients.yaml", "Partner GmbH", "Partner AG")
    assert "Partner GmbH" in (root / "recipients.yaml").read_text()


def test_an_empty_folder_of_keys_stops_the_gate_in_a_copy_as_in_the_place_itself(gate: Gate, dataset: Path) -> None:
    gate.policies.file("zones/keys").mkdir()
    with pytest.raises(PolicyError, match="no public key to verify"):
        gate.screen(dataset)
    with pytest.raises(PolicyError, match="zones/keys is there and has no key"):
        place_digest(gate.policies.root)


def test_a_key_for_a_prefix_that_nothing_would_verify_is_refused() -> None:
    with pytest.raises(UsageError, match="is for a bundle"):
        Settings.from_environment({"GEOGATE_POLICIES": "s3://bucket/place/", "GEOGATE_POLICIES_KEY": "key.pub"})


def test_a_pin_that_is_no_digest_is_refused() -> None:
    with pytest.raises(UsageError, match="64 hexadecimal digits"):
        Settings.from_environment({"GEOGATE_POLICIES_DIGEST": "abc"})


@pytest.mark.parametrize("pin", ["GEOGATE_POLICIES_DIGEST", "GEOGATE_POLICIES_KEY"])
def test_a_pin_that_a_deployment_left_empty_is_not_no_pin(pin: str) -> None:
    with pytest.raises(UsageError, match="set and empty"):
        Settings.from_environment({pin: ""})


def test_a_list_of_adopted_policies_that_cannot_be_reached_is_in_no_bundle_and_no_digest(gate: Gate) -> None:
    gate.policies.file("adopted.yaml").symlink_to("missing.yaml")
    with pytest.raises(PolicyError, match="link to nothing"):
        place_digest(gate.policies.root)


def test_a_bundle_judges_as_the_folder_did(bundled: Gate, dataset: Path) -> None:
    assert bundled.screen(dataset).decision is Decision.CLEAR
    assert place_digest(policy_root(bundled.house().settings)) == place_digest(bundled.root / "elsewhere")


def test_a_bundle_that_is_not_as_it_was_signed_stops_the_gate(bundled: Gate, dataset: Path) -> None:
    file = bundled.root / "policies.json"
    envelope = json.loads(file.read_text())
    other = json.loads(bundle(_changed(bundled.root / "elsewhere"), SigningKey.generate()))
    envelope["payload"] = other["payload"]
    file.write_text(json.dumps(envelope))
    with pytest.raises(PolicyError, match="the signature is not that of the bundle"):
        bundled.screen(dataset)
    file.write_text(json.dumps(other))
    with pytest.raises(PolicyError, match="the bundle was signed with an unknown key"):
        bundled.screen(dataset)


def _changed(place: Path) -> Path:
    recipients = place / "recipients.yaml"
    recipients.write_text(recipients.read_text().replace("Partner GmbH", "Somebody"))
    return place


def test_what_is_kept_of_a_bundle_is_mended_before_it_is_used(bundled: Gate, dataset: Path) -> None:
    root = policy_root(bundled.house().settings)
    (root / "recipients.yaml").write_text("recipients: []")
    (root / "lenient.yaml").write_text("{}")
    assert bundled.screen(dataset).decision is Decision.CLEAR
    assert not (root / "lenient.yaml").exists()


def test_a_bundle_is_no_place_without_the_key_that_signed_it(bundled: Gate, dataset: Path) -> None:
    del bundled.settings["GEOGATE_POLICIES_KEY"]
    with pytest.raises(PolicyError, match="a bundle needs the public key"):
        bundled.screen(dataset)


def test_a_missing_bundle_stops_the_gate(bundled: Gate, dataset: Path) -> None:
    bundled.screen(dataset)
    (bundled.root / "policies.json").unlink()
    with pytest.raises(PolicyError, match="the bundle of policies cannot be read"):
        bundled.screen(dataset)


@pytest.mark.usefixtures("as_worker")
def test_policies_in_a_bucket_judge_and_are_pinned_as_in_a_folder(
    gate: Gate, dataset: Path, perimeter: Perimeter, root_s3: S3Client
) -> None:
    root = gate.policies.root
    below = f"{gate.root.parent.name}/"
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        name = path.relative_to(root).as_posix()
        root_s3.put_object(Bucket=perimeter.staging, Key=below + name, Body=path.read_bytes())
    prefix = f"s3://{perimeter.staging}/{below}"
    gate.settings = {"GEOGATE_POLICIES": prefix, "GEOGATE_POLICIES_DIGEST": place_digest(root)}
    root.rename(gate.root / "elsewhere")
    assert gate.screen(dataset).decision is Decision.CLEAR
    root_s3.put_object(Bucket=perimeter.staging, Key=f"{below}another.yaml", Body=b"{}")
    with pytest.raises(PolicyError, match="pins"):
        gate.screen(dataset)
    gate.settings["GEOGATE_POLICIES"] = prefix.removesuffix("/")
    with pytest.raises(PolicyError, match="ends with /"):
        gate.screen(dataset)
    gate.settings["GEOGATE_POLICIES"] = f"s3://{perimeter.staging}/nothing-there/"
    with pytest.raises(PolicyError, match="cannot be fetched"):
        gate.screen(dataset)
