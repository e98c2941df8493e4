"""Parsing the file that says who has which role: by groups of an identity provider, by name, or everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, StringConstraints

from geogate.model.authority import SERVICES, Identity, Role, Source
from geogate.model.names import person
from geogate.policy.read import read_model
from geogate.policy.shape import Shape
from geogate.policy.yaml_text import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

_PEOPLE: Final = frozenset({Source.OIDC, Source.PROXY, Source.AIRFLOW})

Name = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^\S.*$")]
Given = Annotated[tuple[Role, ...], Field(min_length=1)]


class GroupShape(Shape):
    """A group, as the identity provider, the proxy or Airflow names it, and the roles of its members."""

    group: Name = Field(description="The group's name, letter by letter.")
    roles: Given


class PersonShape(Shape):
    """A person or service, as it is named when it acts, and its roles."""

    name: Name = Field(description="The name; capitals do not matter.")
    roles: Given


class RolesShape(Shape):
    """Who has which role; who is not named has none but those of everyone."""

    groups: tuple[GroupShape, ...] = Field(default=(), description="Roles by group.")
    people: tuple[PersonShape, ...] = Field(default=(), description="Roles by name.")
    everyone: tuple[Literal[Role.REQUESTER], ...] = Field(
        default=(), description="Roles of everybody who is signed in: none, or requester."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Who has which role, from one file; names of people are folded as the ledger folds them."""

    groups: tuple[tuple[str, frozenset[Role]], ...] = ()
    people: tuple[tuple[str, frozenset[Role]], ...] = ()
    everyone: frozenset[Role] = frozenset()

    def of(self, identity: Identity) -> frozenset[Role]:
        """Give the roles of somebody; a person by the name of a service has none."""
        if identity.source in _PEOPLE and person(identity.name).startswith(SERVICES):
            return frozenset()
        found = [roles for group, roles in self.groups if group in identity.groups]
        found += [roles for name, roles in self.people if name == person(identity.name)]
        return self.everyone.union(*found)


def roles_of(identity: Identity, roles: Roles | None) -> frozenset[Role]:
    """Give the roles of somebody; without a file the machine's own users have all, and nobody else has any.

    A token has none beyond those that it is for.
    """
    scope = frozenset(Role) if identity.scope is None else identity.scope
    if roles is None:
        return scope if identity.source is Source.LOCAL else frozenset()
    return roles.of(identity) & scope


def parse_roles(data: bytes, *, file: str) -> Roles:
    """Parse the bytes of the file.

    Raises: PolicyError naming file, line and key.
    """
    text = read_yaml(data, file=file)
    shape = read_model(text, RolesShape)
    for key, names in (
        ("groups", [each.group for each in shape.groups]),
        ("people", [person(each.name) for each in shape.people]),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                text.refuse((key, index), "the name stands twice")
    return Roles(
        groups=_given((each.group, each.roles) for each in shape.groups),
        people=_given((person(each.name), each.roles) for each in shape.people),
        everyone=frozenset(shape.everyone),
    )


def _given(pairs: Iterable[tuple[str, tuple[Role, ...]]]) -> tuple[tuple[str, frozenset[Role]], ...]:
    return tuple((name, frozenset(roles)) for name, roles in pairs)
