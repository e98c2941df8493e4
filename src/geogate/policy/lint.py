"""Comparing scopes: whether two of them can apply to the same release, and to all of them; pure."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING, Final

from geogate.policy.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE: Final = frozenset({"transactions", "platforms", "sensors", "processing_levels", "recipients"})
"""Of what these list, a release has one; of the others it may have several, so that two lists can both apply."""


class Overlap(Enum):
    """To how many releases two scopes apply together."""

    ALL = "all"
    SOME = "some"
    NONE = "none"


def overlap(one: Scope | None, other: Scope | None) -> Overlap:
    """Say to how many of the releases of either scope both apply."""
    if none_in_common(one, other):
        return Overlap.NONE
    return Overlap.ALL if one == other or one is None or other is None else Overlap.SOME


def none_in_common(one: Scope | None, other: Scope | None) -> str:
    """Name the part in which two scopes have nothing in common, so that both never apply; empty where there is none.

    What is declared can name several origins or kinds of data; only what a release has one of can exclude.
    """
    if one is None or other is None:
        return ""
    return next(_apart(one, other), "")


def _apart(one: Scope, other: Scope) -> Iterator[str]:
    for field in fields(Scope):
        if field.name in ONE:
            mine, theirs = getattr(one, field.name), getattr(other, field.name)
            if mine and theirs and not set(mine) & set(theirs):
                yield field.name.replace("_", " ")
