"""How parameters bound what a rule lets pass: which of two uses is stricter, and which two no data can satisfy."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pydantic import BaseModel

OPERATORS: Final = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than"}
"""Comparisons of what is measured with a limit, in words."""

_LEAST: Final = frozenset({">=", ">"})


class Bound(Protocol):
    """How one or two parameters bound what passes."""

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that it speaks about."""
        ...

    def implies(self, stricter: BaseModel, looser: BaseModel) -> bool:
        """Say that whatever passes the one in this respect passes the other; false where that is not sure."""
        ...

    def excludes(self, one: BaseModel, other: BaseModel) -> bool:
        """Say that nothing passes both in this respect; false where that is not sure."""
        ...


@dataclass(frozen=True, slots=True)
class Limit:
    """A number with which what is measured is compared; ``operator`` is the comparison, or the parameter that is it.

    ``of`` names what is measured, where two parameters of a rule are limits of the same.
    """

    param: str
    operator: str
    of: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The number, and where it has one the parameter of its operator."""
        return (self.param,) if self.operator in OPERATORS else (self.param, self.operator)

    def operator_in(self, params: BaseModel) -> str:
        """Give the comparison."""
        return self.operator if self.operator in OPERATORS else str(getattr(params, self.operator))

    def implies(self, stricter: BaseModel, looser: BaseModel) -> bool:
        """Compare the numbers, and where they are equal the operators."""
        one, other = self.operator_in(stricter), self.operator_in(looser)
        if (one in _LEAST) != (other in _LEAST):
            return False
        number, limit = float(getattr(stricter, self.param)), float(getattr(looser, self.param))
        if number == limit:
            return len(one) == 1 or len(other) == 2  # noqa: PLR2004 - the sharp operators have one letter
        return number > limit if one in _LEAST else number < limit

    def excludes(self, one: BaseModel, other: BaseModel) -> bool:
        """Find a lower limit above an upper one."""
        ends = [(self.operator_in(each), float(getattr(each, self.param))) for each in (one, other)]
        return nothing_between(*ends)


def nothing_between(one: tuple[str, float], other: tuple[str, float]) -> bool:
    """Say that no number satisfies both comparisons.

    >>> nothing_between((">=", 5), ("<", 5)), nothing_between((">=", 5), ("<=", 5))
    (True, False)
    """
    if (one[0] in _LEAST) == (other[0] in _LEAST):
        return False
    (low, least), (high, most) = (one, other) if one[0] in _LEAST else (other, one)
    return least > most or (least == most and not (low == ">=" and high == "<="))


@dataclass(frozen=True, slots=True)
class Among:
    """What is listed may be there, and nothing else; ``every`` stands for all.

    ``needed`` says that at least one must be there, so that two lists without a common one exclude each other.
    """

    param: str
    every: str = ""
    needed: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The one parameter."""
        return (self.param,)

    def implies(self, stricter: BaseModel, looser: BaseModel) -> bool:
        """Find each value of the one in the other."""
        allowed = getattr(looser, self.param)
        mine = getattr(stricter, self.param)
        if self.every and allowed == self.every:
            return True
        if self.every and mine == self.every:
            return False
        return all(value in allowed or _fits(value, allowed) for value in mine)

    def excludes(self, one: BaseModel, other: BaseModel) -> bool:
        """Find two lists without a common value where one is needed."""
        lists = [getattr(each, self.param) for each in (one, other)]
        if not self.needed or self.every in lists:
            return False
        return not set(map(str, lists[0])) & set(map(str, lists[1]))


def _fits(value: Any, patterns: Collection[Any]) -> bool:
    return isinstance(value, str) and any(isinstance(each, str) and fnmatchcase(value, each) for each in patterns)


@dataclass(frozen=True, slots=True)
class Never:
    """What is listed must not be there; ``covers`` says that one listed value forbids all that another one does."""

    param: str
    every: str = ""
    covers: Callable[[Any, Any], bool] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The one parameter."""
        return (self.param,)

    def implies(self, stricter: BaseModel, looser: BaseModel) -> bool:
        """Find each value of the looser one in the stricter."""
        mine, theirs = getattr(stricter, self.param), getattr(looser, self.param)
        if self.every and mine == self.every:
            return True
        if self.every and theirs == self.every:
            return False
        covers = self.covers
        return all(
            value in mine or (covers is not None and any(covers(each, value) for each in mine)) for value in theirs
        )

    def excludes(self, one: BaseModel, other: BaseModel) -> bool:
        """Find nothing: what is forbidden demands nothing."""
        del one, other
        return False


@dataclass(frozen=True, slots=True)
class Ranked:
    """A choice whose values are ordered, the strictest first."""

    param: str
    order: Sequence[object]

    @property
    def names(self) -> tuple[str, ...]:
        """The one parameter."""
        return (self.param,)

    def implies(self, stricter: BaseModel, looser: BaseModel) -> bool:
        """Compare the ranks."""
        order = list(self.order)
        one, other = getattr(stricter, self.param), getattr(looser, self.param)
        return one in order and other in order and order.index(one) <= order.index(other)

    def excludes(self, one: BaseModel, other: BaseModel) -> bool:
        """Find nothing: what satisfies the stricter satisfies both."""
        del one, other
        return False


def implied(bounds: Sequence[Bound], stricter: BaseModel, looser: BaseModel) -> bool:
    """Say that whatever passes the one use of a rule passes the other; parameters without a bound must be equal."""
    return _same_otherwise(bounds, stricter, looser) and all(bound.implies(stricter, looser) for bound in bounds)


def _same_otherwise(bounds: Sequence[Bound], one: BaseModel, other: BaseModel) -> bool:
    bounded = {name for bound in bounds for name in bound.names}
    rest = [name for name in type(one).model_fields if name not in bounded]
    return all(getattr(one, name) == getattr(other, name) for name in rest)


def excluded(bounds: Sequence[Bound], one: BaseModel, other: BaseModel) -> bool:
    """Say that nothing passes both uses of a rule."""
    if any(bound.excludes(one, other) for bound in bounds if not isinstance(bound, Limit)):
        return True
    # Numbers are of the same thing only where nothing else says what is measured.
    if not _same_otherwise(bounds, one, other):
        return False
    limits = [bound for bound in bounds if isinstance(bound, Limit)]
    return any(
        nothing_between(_end(mine, one), _end(theirs, other))
        for mine in limits
        for theirs in limits
        if mine is theirs or (mine.of and mine.of == theirs.of)
    )


def _end(limit: Limit, params: BaseModel) -> tuple[str, float]:
    return limit.operator_in(params), float(getattr(params, limit.param))
