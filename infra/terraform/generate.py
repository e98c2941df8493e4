"""Writes ``perimeter.tf`` from ``perimeter.yaml``: the same perimeter for those who deploy with Terraform.

CloudFormation's template is the canonical one. Nobody edits the module by hand: ``--check`` says whether it is what
the template says today.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.nodes import ScalarNode

HERE: Final = Path(__file__).resolve().parent
TEMPLATE: Final = HERE.parent / "perimeter.yaml"
MODULE: Final = HERE / "perimeter.tf"
VARIABLE: Final = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")
PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
KINDS: Final = {
    "AWS::S3::Bucket": "aws_s3_bucket",
    "AWS::IAM::Role": "aws_iam_role",
    "AWS::IAM::ManagedPolicy": "aws_iam_policy",
    "AWS::KMS::Key": "aws_kms_key",
}
PSEUDO: Final = {
    "AWS::Partition": "data.aws_partition.here.partition",
    "AWS::AccountId": "data.aws_caller_identity.here.account_id",
    "AWS::Region": "data.aws_region.here.name",
    "AWS::URLSuffix": "data.aws_partition.here.dns_suffix",
}
HEAD: Final = """\
# Written by infra/terraform/generate.py from infra/perimeter.yaml; change that instead.

terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

data "aws_region" "here" {}
"""


class Call(dict[str, Any]):
    """A function of the template."""


class Constructor(SafeConstructor):
    """Reads functions as what they are."""


def _function(constructor: Any, name: str, node: Any) -> Call:
    scalar = isinstance(node, ScalarNode)
    return Call(
        {name: constructor.construct_scalar(node) if scalar else constructor.construct_sequence(node, deep=True)}
    )


Constructor.add_multi_constructor("!", _function)


class Writer:
    """Turns a template into the text of a module."""

    def __init__(self, document: Any) -> None:
        self._document = document

    def module(self) -> str:
        """Write everything."""
        variables = "".join(self._variable(name, said) for name, said in self._document["Parameters"].items())
        blocks = (self._resource(name, said) for name, said in self._document["Resources"].items())
        outputs = (
            f'\noutput "{snake(name)}" {{\n  value = {self.expression(said["Value"])}\n}}\n'
            for name, said in self._document["Outputs"].items()
        )
        return HEAD + variables + "".join(blocks) + "".join(outputs)

    def expression(self, value: Any) -> str:
        """Write a value as Terraform does."""
        if isinstance(value, Call):
            return self._called(value)
        if isinstance(value, dict):
            pairs = (
                f"{key if PLAIN.fullmatch(key) else quoted(key)} = {self.expression(each)}"
                for key, each in value.items()
            )
            return "{ " + ", ".join(pairs) + " }"
        if isinstance(value, list):
            items = ", ".join(map(self.expression, value))
            optional = any(isinstance(each, Call) and "If" in each and _nothing(each["If"][2]) for each in value)
            return f"[for each in [{items}] : each if each != null]" if optional else f"[{items}]"
        if isinstance(value, bool):
            return str(value).lower()
        return str(value) if isinstance(value, int | float) else quoted(str(value))

    def _called(self, call: Call) -> str:
        ((name, argument),) = call.items()
        if name == "Ref":
            return "null" if argument == "AWS::NoValue" else self._ref(argument)
        if name == "GetAtt":
            return self._named(argument)
        if name == "Sub":
            escaped = argument.replace('"', '\\"')
            return '"' + VARIABLE.sub(lambda found: "${" + self._named(found[1]) + "}", escaped) + '"'
        condition, then, other = argument
        if not isinstance(then, dict) or isinstance(then, Call):
            return f"({self._condition(condition)} ? {self.expression(then)} : {self.expression(other)})"
        # Terraform wants both branches of one type, which two statements are not.
        either = f"{self._json(then)} : {self._json(other)}"
        return f"jsondecode({self._condition(condition)} ? {either})"

    def _condition(self, name: str) -> str:
        ((kind, argument),) = self._document["Conditions"][name].items()
        negated = kind == "Not"
        left, right = argument[0]["Equals"] if negated else argument
        return f"{self.expression(left)} {'!=' if negated else '=='} {self.expression(right)}"

    def _named(self, name: str) -> str:
        if not name.endswith(".Arn"):
            return self._ref(name)
        return f"{self._address(name.removesuffix('.Arn'))}.arn"

    def _ref(self, name: str) -> str:
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self._document["Parameters"]:
            return f"var.{snake(name)}"
        kind = self._document["Resources"][name]["Type"]
        attribute = {"AWS::S3::Bucket": "bucket", "AWS::IAM::Role": "name", "AWS::IAM::ManagedPolicy": "arn"}
        return f"{self._address(name)}.{attribute.get(kind, 'key_id')}"

    def _address(self, name: str) -> str:
        return f"{KINDS[self._document['Resources'][name]['Type']]}.{snake(name)}"

    def _variable(self, name: str, said: Any) -> str:
        lines = [f"description = {quoted(said['Description'])}", f"type = {said['Type'].lower()}"]
        if "Default" in said:
            lines.append(f"default = {self.expression(said['Default'])}")
        if "AllowedPattern" in said:
            pattern = said["AllowedPattern"].replace("\\", "\\\\")
            test = f'can(regex("^({pattern})$", var.{snake(name)}))'
            said_then = 'error_message = "it does not have the form that is wanted"'
            lines.append(f"validation {{\n    condition = {test}\n    {said_then}\n  }}")
        return f'\nvariable "{snake(name)}" {{\n  ' + "\n  ".join(lines) + "\n}\n"

    def _resource(self, name: str, said: Any) -> str:
        kind, properties = said["Type"], said.get("Properties", {})
        write = {
            "AWS::S3::Bucket": self._bucket,
            "AWS::S3::BucketPolicy": self._bucket_policy,
            "AWS::IAM::Role": self._role,
            "AWS::IAM::ManagedPolicy": self._policy,
            "AWS::KMS::Key": self._key,
            "AWS::KMS::Alias": self._alias,
        }[kind]
        return "".join(
            f'\nresource "{type_}" "{label}" {{\n  {body}\n}}\n'
            for type_, label, body in write(snake(name), properties)
        )

    def _json(self, document: Any) -> str:
        return f"jsonencode({self.expression(document)})"

    def _bucket(self, label: str, said: Any) -> list[tuple[str, str, str]]:
        at = f"bucket = aws_s3_bucket.{label}.bucket"
        lock = said.get("ObjectLockConfiguration")
        (rule,) = said["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        default = rule["ServerSideEncryptionByDefault"]
        block = said["PublicAccessBlockConfiguration"]
        (owner,) = said["OwnershipControls"]["Rules"]
        (gone,) = said["LifecycleConfiguration"]["Rules"]
        days = gone["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        keep = "lifecycle {\n    prevent_destroy = true\n  }"
        locked = "object_lock_enabled = true\n  " if lock else ""
        key = f"kms_master_key_id = {self.expression(default['KMSMasterKeyID'])}"
        encryption = "\n    ".join(
            (
                f"bucket_key_enabled = {self.expression(rule['BucketKeyEnabled'])}",
                f"apply_server_side_encryption_by_default {{\n      sse_algorithm = {quoted(default['SSEAlgorithm'])}",
                f"  {key}\n    }}",
            )
        )
        parts = f"abort_incomplete_multipart_upload {{\n      days_after_initiation = {days}\n    }}"
        rest = f'id = {quoted(gone["Id"])}\n    status = "Enabled"\n    filter {{}}\n    {parts}'
        blocks = [
            ("aws_s3_bucket", label, f"bucket = {self.expression(said['BucketName'])}\n  {locked}{keep}"),
            ("aws_s3_bucket_versioning", label, f'{at}\n  versioning_configuration {{\n    status = "Enabled"\n  }}'),
            (
                "aws_s3_bucket_ownership_controls",
                label,
                f"{at}\n  rule {{\n    object_ownership = {quoted(owner['ObjectOwnership'])}\n  }}",
            ),
            (
                "aws_s3_bucket_public_access_block",
                label,
                "\n  ".join([at, *(f"{snake(key)} = {self.expression(value)}" for key, value in block.items())]),
            ),
            (
                "aws_s3_bucket_server_side_encryption_configuration",
                label,
                f"{at}\n  rule {{\n    {encryption}\n  }}",
            ),
            (
                "aws_s3_bucket_lifecycle_configuration",
                label,
                f"{at}\n  rule {{\n    {rest}\n  }}",
            ),
        ]
        if lock:
            kept = lock["Rule"]["DefaultRetention"]
            versions = f"depends_on = [aws_s3_bucket_versioning.{label}]"
            body = f"mode = {quoted(kept['Mode'])}\n      days = {self.expression(kept['Days'])}"
            blocks.append(
                (
                    "aws_s3_bucket_object_lock_configuration",
                    label,
                    f"{at}\n  rule {{\n    default_retention {{\n      {body}\n    }}\n  }}\n  {versions}",
                )
            )
        return blocks

    def _bucket_policy(self, label: str, said: Any) -> list[tuple[str, str, str]]:
        bucket = said["Bucket"]["Ref"]
        document = self._json(said["PolicyDocument"])
        # The public access block first: a policy is put while both are looked at.
        first = f"depends_on = [aws_s3_bucket_public_access_block.{snake(bucket)}]"
        return [
            (
                "aws_s3_bucket_policy",
                label,
                f"bucket = {self.expression(said['Bucket'])}\n  policy = {document}\n  {first}",
            )
        ]

    def _role(self, label: str, said: Any) -> list[tuple[str, str, str]]:
        body = (
            f"name = {self.expression(said['RoleName'])}\n  max_session_duration = {said['MaxSessionDuration']}\n"
            f"  permissions_boundary = {self.expression(said['PermissionsBoundary'])}\n"
            f"  assume_role_policy = {self._json(said['AssumeRolePolicyDocument'])}"
        )
        blocks = [("aws_iam_role", label, body)]
        for policy in said.get("Policies", []):
            own = f"role = aws_iam_role.{label}.name\n  name = {quoted(policy['PolicyName'])}"
            blocks.append(("aws_iam_role_policy", label, f"{own}\n  policy = {self._json(policy['PolicyDocument'])}"))
        for arn in said.get("ManagedPolicyArns", []):
            own = f"role = aws_iam_role.{label}.name\n  policy_arn = {self.expression(arn)}"
            blocks.append(("aws_iam_role_policy_attachment", label, own))
        return blocks

    def _policy(self, label: str, said: Any) -> list[tuple[str, str, str]]:
        document = self._json(said["PolicyDocument"])
        name = self.expression(said["ManagedPolicyName"])
        return [("aws_iam_policy", label, f"name = {name}\n  policy = {document}")]

    def _key(self, label: str, said: Any) -> list[tuple[str, str, str]]:
        body = (
            f"description = {self.expression(said['Description'])}\n  enable_key_rotation = true\n"
            f"  policy = {self._json(said['KeyPolicy'])}\n  lifecycle {{\n    prevent_destroy = true\n  }}"
        )
        return [("aws_kms_key", label, body)]

    def _alias(self, label: str, said: Any) -> list[tuple[str, str, str]]:
        target = self.expression(said["TargetKeyId"])
        return [("aws_kms_alias", label, f"name = {self.expression(said['AliasName'])}\n  target_key_id = {target}")]


def snake(name: str) -> str:
    """Write a name as Terraform's are."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def quoted(text: str) -> str:
    """Write a text as Terraform does."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${").replace("%{", "%%{")
    return f'"{escaped}"'


def _nothing(value: Any) -> bool:
    return isinstance(value, Call) and value.get("Ref") == "AWS::NoValue"


def generate() -> str:
    """Write the module that the template says."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = Constructor
    return Writer(yaml.load(TEMPLATE.read_text(encoding="utf-8"))).module()


def main(arguments: list[str]) -> int:
    """Write the module, or say whether it is what the template says."""
    text = generate()
    if "--check" not in arguments:
        MODULE.write_text(text, encoding="utf-8")
        return 0
    if MODULE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("infra/terraform/perimeter.tf is not what infra/perimeter.yaml says: run generate.py\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
