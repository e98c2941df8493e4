"""The perimeter, deployed by its template and read back: what a server drops is applied or reported, never assumed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from integration.fixtures_s3 import session_of
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from geogate.destinations.perimeter_compare import Outcome, compare
from geogate.destinations.perimeter_template import Place, render
from geogate.model.errors import InputError, ServiceError, UsageError
from infra.deploy import TEMPLATE, Options, PerimeterError, deploy, deploy_demo
from infra.ministack import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from gating.command import Command

    from infra.deploy import Perimeter
    from infra.ministack import Ministack
    from infra.users import DemoUsers

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = TEMPLATE.read_text(encoding="utf-8")
PLACE = Place(account="111122223333", region="eu-central-1", keys={})


def bad(perimeter: Perimeter) -> set[tuple[str, str, Outcome]]:
    """Compare, and name what is not as wanted."""
    lines = compare(TEXT, perimeter.parameters, session=session_of(ROOT))
    return {(line.resource, line.trait, line.outcome) for line in lines if line.bad}


def test_every_property_of_the_perimeter_is_as_its_template_says(perimeter: Perimeter) -> None:
    lines = compare(TEXT, perimeter.parameters, session=session_of(ROOT))
    assert not [line for line in lines if line.bad]
    assert len(lines) >= 90
    not_asked = {(line.resource, line.trait) for line in lines if line.outcome is Outcome.NOT_ASKED}
    assert not_asked == {(name, "public") for name in (perimeter.staging, perimeter.egress, perimeter.evidence)}


def test_what_the_server_dropped_from_the_stack_was_applied_and_is_reported(perimeter: Perimeter) -> None:
    assert all("applied, because CloudFormation had dropped it" in line for line in perimeter.completed)
    traits = {line.partition(": ")[2].partition(" applied")[0] for line in perimeter.completed}
    assert traits == {"boundary", "encryption", "lifecycle", "object lock"}


def test_other_parameters_than_those_it_was_deployed_with_are_deviations(perimeter: Perimeter) -> None:
    other = perimeter.parameters | {"BrokerArn": "arn:aws:iam::111122223333:user/somebody", "EvidenceDays": "1"}
    lines = compare(TEXT, other, session=session_of(ROOT))
    found = {(line.resource, line.trait) for line in lines if line.bad}
    assert ("role geogate-releaser", "trust") in found
    assert (perimeter.evidence, "object lock") in found
    assert (perimeter.evidence, "policy") in found


def weaken_policy(s3: Any, iam: Any, perimeter: Perimeter) -> None:
    del iam
    policy = json.loads(s3.get_bucket_policy(Bucket=perimeter.egress)["Policy"])
    policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != "DenyWriteUnlessReleaser"]
    s3.put_bucket_policy(Bucket=perimeter.egress, Policy=json.dumps(policy))


def allow_more(s3: Any, iam: Any, perimeter: Perimeter) -> None:
    del iam
    policy = json.loads(s3.get_bucket_policy(Bucket=perimeter.staging)["Policy"])
    arn = f"arn:aws:s3:::{perimeter.staging}/*"
    who = {"AWS": "arn:aws:iam::111122223333:role/geogate-auditor"}
    policy["Statement"].append({"Sid": "X", "Effect": "Allow", "Principal": who, "Action": "s3:Get*", "Resource": arn})
    s3.put_bucket_policy(Bucket=perimeter.staging, Policy=json.dumps(policy))


def lift_block(s3: Any, iam: Any, perimeter: Perimeter) -> None:
    del iam
    s3.delete_public_access_block(Bucket=perimeter.evidence)


def make_website(s3: Any, iam: Any, perimeter: Perimeter) -> None:
    del iam
    s3.put_bucket_website(Bucket=perimeter.egress, WebsiteConfiguration={"IndexDocument": {"Suffix": "i.html"}})


def suspend(s3: Any, iam: Any, perimeter: Perimeter) -> None:
    del iam
    s3.put_bucket_versioning(Bucket=perimeter.staging, VersioningConfiguration={"Status": "Suspended"})


def trust_everybody(s3: Any, iam: Any, perimeter: Perimeter) -> None:
    del s3, perimeter
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.update_assume_role_policy(RoleName="drift-releaser", PolicyDocument=policy)


def add_own_policy(s3: Any, iam: Any, perimeter: Perimeter) -> None:
    del s3, perimeter
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="drift-console", PolicyName="more", PolicyDocument=json.dumps(everything))


def take_boundary_off(s3: Any, iam: Any, perimeter: Perimeter) -> None:
    del s3, perimeter
    iam.delete_role_permissions_boundary(RoleName="drift-pipeline")


def detach(s3: Any, iam: Any, perimeter: Perimeter) -> None:
    del s3
    iam.detach_role_policy(RoleName="drift-gate", PolicyArn=perimeter.gate_policy_arn)


def grant_key(s3: Any, iam: Any, perimeter: Perimeter) -> None:
    del s3, iam
    kms = session_of(ROOT).client("kms")
    who = "arn:aws:iam::111122223333:user/drift-administrator"
    kms.create_grant(KeyId=perimeter.egress_key_arn, GranteePrincipal=who, Operations=["Encrypt"])


DRIFT: dict[str, tuple[Callable[[Any, Any, Perimeter], None], tuple[str, str]]] = {
    "a statement less": (weaken_policy, ("drift-egress-111122223333", "policy")),
    "a statement more": (allow_more, ("drift-staging-111122223333", "policy")),
    "no public access block": (lift_block, ("drift-evidence-111122223333", "public access block")),
    "a website": (make_website, ("drift-egress-111122223333", "website")),
    "no versions": (suspend, ("drift-staging-111122223333", "versioning")),
    "another trust": (trust_everybody, ("role drift-releaser", "trust")),
    "a policy of its own": (add_own_policy, ("role drift-console", "own policies")),
    "no boundary": (take_boundary_off, ("role drift-pipeline", "boundary")),
    "no permissions": (detach, ("role drift-gate", "attached policies")),
    "a grant": (grant_key, ("key alias/drift-egress", "grants")),
}


@pytest.fixture(scope="module")
def drifted(perimeter: Perimeter) -> set[tuple[str, str, Outcome]]:
    """A second perimeter, in which everything that can be weakened is."""
    assert perimeter
    own, _ = deploy_demo(session_of(ROOT), prefix="drift")
    s3, iam = session_of(ROOT).client("s3"), session_of(ROOT).client("iam")
    for weaken, _ in DRIFT.values():
        weaken(s3, iam, own)
    return bad(own)


@pytest.mark.parametrize("name", DRIFT)
def test_what_was_weakened_since_is_found(name: str, drifted: set[tuple[str, str, Outcome]]) -> None:
    assert (*DRIFT[name][1], Outcome.DEVIATES) in drifted


def test_nothing_else_is_found(drifted: set[tuple[str, str, Outcome]]) -> None:
    assert {(resource, trait) for resource, trait, _ in drifted} == {found for _, found in DRIFT.values()}


def compared_when(event: str, change: Callable[..., None], perimeter: Perimeter) -> dict[tuple[str, str], Outcome]:
    """Compare with a server whose answers to one kind of question are changed."""
    session = session_of(ROOT)
    session.events.register(event, change)
    lines = compare(TEXT, perimeter.parameters, session=session)
    return {(line.resource, line.trait): line.outcome for line in lines if line.bad}


def test_an_answer_without_its_field_is_no_answer(perimeter: Perimeter) -> None:
    def nothing(parsed: dict[str, Any], **_: Any) -> None:
        parsed.pop("Status", None)

    found = compared_when("after-call.s3.GetBucketVersioning", nothing, perimeter)
    buckets = (perimeter.staging, perimeter.egress, perimeter.evidence)
    assert found == {(bucket, "versioning"): Outcome.UNANSWERED for bucket in buckets}


@pytest.mark.parametrize("code", ["AccessDenied", "NotImplemented", "InternalError"])
def test_an_error_is_no_answer(code: str, perimeter: Perimeter) -> None:
    def fail(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        http_response.status_code = 403
        parsed["Error"] = {"Code": code}
        parsed["ResponseMetadata"] = {"HTTPStatusCode": 403}

    found = compared_when("after-call.s3.GetBucketReplication", fail, perimeter)
    assert set(found.values()) == {Outcome.UNANSWERED}
    assert {trait for _, trait in found} == {"replication"}


def test_a_server_that_does_not_answer_at_all_is_a_service_that_is_down(
    perimeter: Perimeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(ServiceError, match="does not answer"):
        compare(TEXT, perimeter.parameters, session=session_of(ROOT))


@pytest.fixture
def as_root(s3_server: Ministack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3_server.environment(ROOT).items():
        monkeypatch.setenv(name, value)


def arguments(perimeter: Perimeter) -> list[str]:
    said = perimeter.parameters
    return [
        *("infra", "verify", str(TEMPLATE), "--plain-http"),
        *("--broker-arn", said["BrokerArn"], "--runtime-arn", said["RuntimeArn"]),
    ]


@pytest.mark.usefixtures("as_root")
def test_the_command_says_that_all_is_as_wanted(geogate: Command, perimeter: Perimeter) -> None:
    ended = geogate(*arguments(perimeter))
    assert ended.code == 0, ended.out
    assert "as wanted, 3 not asked" in ended.out
    ended = geogate(*arguments(perimeter), "--format", "json")
    assert ended.code == 0
    said = json.loads(ended.out)
    assert said["as_wanted"] is True
    assert {line["outcome"] for line in said["properties"]} == {"as wanted", "not asked"}


@pytest.mark.usefixtures("as_root")
def test_the_command_says_what_differs(geogate: Command, perimeter: Perimeter) -> None:
    ended = geogate(*arguments(perimeter), "--evidence-days", "1")
    assert ended.code == 11
    assert "object lock" in ended.out
    assert "1 deviates" in ended.out
    ended = geogate(*arguments(perimeter), "--prefix", "nowhere", "--format", "json")
    assert ended.code == 11
    assert json.loads(ended.out)["as_wanted"] is False


def test_the_command_needs_a_template(geogate: Command, tmp_path: Path) -> None:
    assert geogate("infra", "verify", tmp_path / "none.yaml").code == 3


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("!Equals [!Ref RequireTls", "!And [!Ref RequireTls", "condition that is not understood"),
        ("!GetAtt EgressKey.Arn", "!GetAtt EgressKey.KeyId", "does not have"),
        ("!Ref ReleaserBoundary", "!Ref Somebody", "does not have"),
        ("!Ref ReleaserBoundary", "!ImportValue x", "not understood"),
        ("Resources:", "Resources: [", "cannot be read as YAML"),
        ("Conditions:", "Others:", "not the template of a perimeter"),
    ],
)
def test_a_template_that_is_not_understood_is_not_compared(old: str, new: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        render(TEXT.replace(old, new), {}, PLACE)


def test_the_functions_of_a_template_are_read_nowhere_else() -> None:
    render(TEXT, {}, PLACE)
    with pytest.raises(YAMLError):
        YAML(typ="safe", pure=True).load("a: !Ref x")


def test_parameters_that_the_template_does_not_have_are_refused() -> None:
    with pytest.raises(UsageError, match="no parameter Brokr"):
        render(TEXT, {"Brokr": "x"}, PLACE)
    with pytest.raises(UsageError, match="needs the parameter Prefix"):
        render(TEXT.replace("    Default: geogate\n", "", 1), {}, PLACE)


def test_a_server_that_drops_parts_of_the_stack_is_no_perimeter(perimeter: Perimeter, demo_users: DemoUsers) -> None:
    assert perimeter
    options = Options(broker_arn=demo_users.worker.arn, prefix="second", tls=False)
    with pytest.raises(PerimeterError, match="role second-releaser: boundary deviates"):
        deploy(session_of(ROOT), options)


def test_deploying_again_changes_nothing(perimeter: Perimeter, demo_users: DemoUsers) -> None:
    options = Options(broker_arn=demo_users.worker.arn, runtime_arn=demo_users.administrator.arn, tls=False)
    again = deploy(session_of(ROOT), options)
    assert again.egress == perimeter.egress
    assert not again.completed


def test_the_script_deploys_and_keeps_the_keys_to_their_owner(
    perimeter: Perimeter, tmp_path: Path, s3_server: Ministack
) -> None:
    assert perimeter
    keys = tmp_path / "users.json"
    arguments = ["--prefix", "third", "--demo-users", str(keys), "--plain-http", "--complete"]
    done = subprocess.run(
        [sys.executable, "-m", "infra.deploy", *arguments],
        cwd=REPOSITORY,
        env=dict(os.environ) | s3_server.environment(ROOT),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["egress"] == "third-egress-111122223333"
    assert done.stderr.count("CloudFormation had dropped it") == 12
    assert keys.stat().st_mode & 0o777 == 0o600
    assert json.loads(keys.read_text())["worker"]["name"] == "third-worker"


def test_the_template_has_nothing_that_cfn_lint_objects_to() -> None:
    program = Path(sys.executable).with_name("cfn-lint")
    template = REPOSITORY / "infra" / "perimeter.yaml"
    done = subprocess.run([program, template], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
