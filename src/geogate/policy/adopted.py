"""Parsing the file that says which policies an organisation has adopted: they judge every release in their scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from geogate.model.names import PolicyName
from geogate.policy.read import nearest, read_model
from geogate.policy.shape import Line, Shape, Slug
from geogate.policy.yaml_text import read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence


class AdoptedPolicyShape(Shape):
    """A policy that the organisation has adopted."""

    policy: Slug = Field(description="The policy's name, which is the name of its file without .yaml.")
    reason: Line = Field(description="Why it applies to the organisation.")
    decided_by: Line = Field(description="Who decided so, for example counsel.")


class AdoptedShape(Shape):
    """The policies that judge every release in their scope, besides the one that a request names."""

    adopted: Annotated[tuple[AdoptedPolicyShape, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """The names of the policies that an organisation has adopted, in the order of the file."""

    policies: tuple[PolicyName, ...]


def parse_adopted(data: bytes, *, file: str, known: Sequence[str]) -> Adopted:
    """Parse the bytes of the file; ``known`` are the policies that there are.

    Raises: PolicyError naming file, line and key.
    """
    text = read_yaml(data, file=file)
    shape = read_model(text, AdoptedShape)
    names: list[str] = []
    for index, each in enumerate(shape.adopted):
        path = ("adopted", index, "policy")
        if each.policy not in known:
            text.refuse(path, f"there is no policy {each.policy!r}", hint=nearest(each.policy, known))
        if each.policy in names:
            text.refuse(path, f"policy {each.policy} stands twice")
        names.append(each.policy)
    return Adopted(policies=tuple(PolicyName(name) for name in names))
