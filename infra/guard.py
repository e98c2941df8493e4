"""Runs the rules of ``perimeter.guard`` over templates with cfn-guard's own engine, from the environment beside."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # this environment has no types for it
from cfn_guard_rs import run_checks  # type: ignore[import-not-found]  # an environment of its own has it

RULES = Path(__file__).with_name("perimeter.guard")


class Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types here
    """Reads a template with its functions written out, as cfn-guard reads them."""


def _function(loader: Loader, name: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name if name == "Ref" else f"Fn::{name}": value}


Loader.add_multi_constructor("!", _function)


def check(data: Any) -> tuple[list[str], list[str]]:
    """Name the rules that a template breaks, and those that it keeps."""
    report = run_checks(data, RULES.read_text(encoding="utf-8"))
    broken = [getattr(found, "Rule", found).name for found in report.not_compliant]
    return sorted(broken), sorted(map(str, report.compliant))


def _without(statements: list[Any], sid: str) -> list[Any]:
    return [each for each in statements if each.get("Sid") != sid]


def _drop_statement(found: Any) -> None:
    document = found["EgressBucketPolicy"]["Properties"]["PolicyDocument"]
    document["Statement"] = _without(document["Statement"], "DenyWriteUnlessReleaser")


def _allow(found: Any) -> None:
    allow = {"Sid": "X", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    found["EgressBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"].append(allow)


def _first(found: Any, kind: str) -> Any:
    return next(each["Properties"] for each in found.values() if each["Type"] == kind)


def _key(found: Any) -> Any:
    return _first(found, "AWS::KMS::Key")


WEAKENED: dict[str, Any] = {
    "buckets_are_private": lambda found: found["EgressBucket"]["Properties"]["PublicAccessBlockConfiguration"].update(
        BlockPublicAcls=False
    ),
    "buckets_have_no_way_out": lambda found: found["EgressBucket"]["Properties"].update(WebsiteConfiguration={}),
    "buckets_keep_versions_and_are_encrypted": lambda found: found["StagingBucket"].pop("DeletionPolicy"),
    "evidence_is_locked": lambda found: found["EvidenceBucket"]["Properties"]["ObjectLockConfiguration"]["Rule"][
        "DefaultRetention"
    ].update(Mode="GOVERNANCE"),
    "bucket_policies_only_deny": _allow,
    "egress_is_written_by_the_releaser_only": _drop_statement,
    "keys_rotate_and_stay": lambda found: _key(found).update(EnableKeyRotation=False),
    "keys_have_no_star": lambda found: _key(found)["KeyPolicy"]["Statement"][0]["Action"].append("kms:CreateGrant"),
    "roles_are_bounded": lambda found: _first(found, "AWS::IAM::Role").pop("PermissionsBoundary"),
    "database_is_private_and_kept": lambda found: found["Ledger"]["Properties"].update(PubliclyAccessible=True),
}
"""For each rule what must break it: a rule that nothing breaks proves nothing."""


def prove(data: Any, kept: list[str]) -> list[str]:
    """Weaken a template in each way, and name the rules that did not notice."""
    asleep = []
    for name in kept:
        weak = copy.deepcopy(data)
        WEAKENED[name](weak["Resources"])
        if name not in check(weak)[0]:
            asleep.append(name)
    return asleep


def main(templates: list[str]) -> int:
    """Check each template; one that keeps no rule was not checked at all."""
    wrong = 0
    for template in map(Path, templates):
        data = yaml.load(template.read_text(encoding="utf-8"), Loader=Loader)  # noqa: S506 - a safe loader
        broken, kept = check(data)
        asleep = [] if broken else prove(data, kept)
        for name in (*broken, *(f"{name} does not notice a weaker template, and" for name in asleep)):
            sys.stdout.write(f"{template}: {name} is broken\n")
        sys.stdout.write(f"{template}: {len(kept)} rules kept, {len(broken)} broken\n")
        wrong += bool(broken or asleep) or not kept
    return 1 if wrong or not templates else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
