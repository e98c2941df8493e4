"""The wanted perimeter: the CloudFormation template with its parameters filled in; nothing is asked of any service.

Only what the template uses is understood: ``Ref``, ``Sub``, ``GetAtt``, ``If``, ``Equals`` and ``Not``. Anything else
is an error, so that no property is compared that was not understood.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode, SequenceNode

from geogate.model.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ruamel.yaml.nodes import Node

NOTHING: Final = object()
"""What ``AWS::NoValue`` stands for: the property is left out."""

VARIABLE: Final = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")
PARTITION: Final = "aws"
SUFFIX: Final = "amazonaws.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the perimeter is, and the ARNs of its keys by their names in the template: no name shows them."""

    account: str
    region: str
    keys: Mapping[str, str]
    partition: str = PARTITION


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One resource as it must be."""

    name: str
    kind: str
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A function of the template that is not worked out yet."""

    name: str
    argument: Any


def key_names(text: str) -> tuple[str, ...]:
    """Name the keys of a template.

    Raises: InputError.
    """
    return tuple(name for name, each in _parsed(text)["Resources"].items() if each["Type"] == "AWS::KMS::Key")


def render(text: str, parameters: Mapping[str, str], place: Place) -> tuple[Wanted, ...]:
    """Fill the parameters in and work out every function.

    Raises: InputError when the template cannot be read, UsageError when a parameter is unknown or missing.
    """
    document = _parsed(text)
    declared = document["Parameters"]
    if strange := sorted(parameters.keys() - declared.keys()):
        raise UsageError(f"the template has no parameter {strange[0]}")
    values = {name: str(parameters.get(name, each.get("Default", NOTHING))) for name, each in declared.items()}
    if missing := sorted(name for name in declared if name not in parameters and "Default" not in declared[name]):
        raise UsageError(f"the template needs the parameter {missing[0]}")
    worked = _Worked(document=document, values=values, place=place)
    return tuple(
        Wanted(name=name, kind=each["Type"], properties=worked.out(each.get("Properties", {})))
        for name, each in document["Resources"].items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worked:
    document: dict[str, Any]
    values: Mapping[str, str]
    place: Place

    def out(self, value: Any) -> Any:
        """Work out all functions in a value."""
        if isinstance(value, _Call):
            return self._called(value)
        if isinstance(value, dict):
            pairs = ((key, self.out(each)) for key, each in value.items())
            return {key: each for key, each in pairs if each is not NOTHING}
        if isinstance(value, list):
            return [each for each in map(self.out, value) if each is not NOTHING]
        return value

    def _called(self, call: _Call) -> Any:
        if call.name == "Ref":
            return self._ref(call.argument)
        if call.name == "Sub":
            return VARIABLE.sub(lambda found: str(self._named(found[1])), call.argument)
        if call.name == "GetAtt":
            return self._named(call.argument)
        if call.name == "If":
            condition, then, other = call.argument
            return self.out(then if self._holds(self.document["Conditions"][condition]) else other)
        raise InputError(f"the template uses !{call.name}, which is not understood")

    def _holds(self, condition: Any) -> bool:
        if not isinstance(condition, _Call) or condition.name not in {"Equals", "Not"}:
            raise InputError("the template has a condition that is not understood")
        if condition.name == "Not":
            return not self._holds(condition.argument[0])
        left, right = map(self.out, condition.argument)
        return bool(left == right)

    def _named(self, name: str) -> Any:
        if name.endswith(".Arn"):
            return self._arn(name.removesuffix(".Arn"))
        return self._ref(name)

    def _ref(self, name: str) -> Any:
        pseudo = {
            "AWS::Partition": self.place.partition,
            "AWS::AccountId": self.place.account,
            "AWS::Region": self.place.region,
            "AWS::URLSuffix": SUFFIX,
            "AWS::NoValue": NOTHING,
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.values:
            return self.values[name]
        kind, properties = self._resource(name)
        if kind == "AWS::IAM::ManagedPolicy":
            return f"arn:{self.place.partition}:iam::{self.place.account}:policy/{properties['ManagedPolicyName']}"
        if kind == "AWS::KMS::Key":
            return self._arn(name).rpartition("/")[2]
        found = properties.get({"AWS::S3::Bucket": "BucketName", "AWS::IAM::Role": "RoleName"}.get(kind, ""))
        if found is None:
            raise InputError(f"the template refers to {name}, which is not understood")
        return found

    def _arn(self, name: str) -> str:
        kind, properties = self._resource(name)
        if kind == "AWS::S3::Bucket":
            return f"arn:{self.place.partition}:s3:::{properties['BucketName']}"
        if kind == "AWS::IAM::Role":
            return f"arn:{self.place.partition}:iam::{self.place.account}:role/{properties['RoleName']}"
        if kind == "AWS::KMS::Key":
            return self.place.keys.get(name, "")
        raise InputError(f"the template asks for the ARN of {name}, which is not understood")

    def _resource(self, name: str) -> tuple[str, dict[str, Any]]:
        found = self.document["Resources"].get(name)
        if found is None:
            raise InputError(f"the template refers to {name}, which it does not have")
        names = ("BucketName", "RoleName", "ManagedPolicyName")
        return found["Type"], self.out({key: found["Properties"][key] for key in names if key in found["Properties"]})


class _Constructor(SafeConstructor):
    """Reads the functions of a template; a class of its own, so that no other YAML is read with them."""


def _parsed(text: str) -> dict[str, Any]:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    try:
        document = yaml.load(text)
    except YAMLError as error:
        raise InputError("the template cannot be read as YAML") from error
    if not isinstance(document, dict) or not {"Parameters", "Conditions", "Resources"} <= document.keys():
        raise InputError("the file is not the template of a perimeter")
    return document


def _tagged(constructor: Any, name: str, node: Node) -> _Call:
    if isinstance(node, ScalarNode):
        return _Call(name=name, argument=constructor.construct_scalar(node))
    if isinstance(node, SequenceNode):
        return _Call(name=name, argument=constructor.construct_sequence(node, deep=True))
    raise InputError(f"the template uses !{name} in a way that is not understood")


_Constructor.add_multi_constructor("!", _tagged)
