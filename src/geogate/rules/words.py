"""Parameters of rules in words, with units: what a lawyer reads, and the numbers that a table lists."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from geogate.rules.bounds import OPERATORS, Limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.rules.rule import Rule

UNITS: Final = (
    ("_per_m2", "per m²"),
    ("points_per_m2", "per m²"),
    ("_m2", "m²"),
    ("_km2", "km²"),
    ("_km", "km"),
    ("_m", "m"),
    ("_seconds", "s"),
    ("_hours", "h"),
    ("_deg", "°"),
    ("_days", "days"),
    ("days_left", "days"),
    ("_days_left", "days"),
    ("_years", "years"),
    ("_months", "months"),
    ("_mgal", "mGal"),
    ("_rows", "rows"),
    ("_features", "features"),
    ("_pixels", "pixels"),
    ("_bands", "bands"),
    ("_texts", "texts"),
    ("_decimals", "decimals"),
    ("_devices", "devices"),
    ("devices", "devices"),
    ("_persons", "persons"),
    ("_separation", "share"),
    ("population", "people"),
    ("subjects", "subjects"),
    ("digits", "digits"),
)
"""Units by how the name of a parameter ends; a name with ``share`` is a share of 1."""

FLAGS: Final = {"allowed": ("allowed", "not allowed"), "required": ("required", "not required")}


def unit_of(name: str) -> str:
    """Give the unit of a number by the name of its parameter, empty where it has none."""
    last = name.rsplit(".", 1)[-1]
    if re.search(r"(^|_)share(_|$)", last):
        return "share"
    return next((unit for ending, unit in UNITS if last.endswith(ending)), "")


def number_in_words(value: float, unit: str) -> str:
    """Write a number with its unit.

    >>> number_in_words(0.5, "share"), number_in_words(1000, "m")
    ('50 %', '1,000 m')
    """
    if unit == "share":
        return f"{value * 100:,.6g} %"
    text = f"{value:,}" if isinstance(value, int) or value == int(value) else f"{value:,.9g}"
    text = text.removesuffix(".0")
    unit = unit.removesuffix("s") if value == 1 and len(unit) > 1 else unit
    return f"{text} {unit}".strip()


def value_in_words(name: str, value: Any) -> str:
    """Write the value of a parameter for people."""
    if isinstance(value, bool):
        yes, no = FLAGS.get(name.rsplit("_", 1)[-1], ("yes", "no"))
        return yes if value else no
    if isinstance(value, int | float):
        return number_in_words(value, unit_of(name))
    if isinstance(value, BaseModel):
        parts = ((key, getattr(value, key)) for key in type(value).model_fields)
        return " ".join(
            f"{key.replace('_', ' ')} {value_in_words(key, each)}" for key, each in parts if each not in ((), None, "")
        )
    if isinstance(value, list | tuple | frozenset):
        joined = "; " if any(isinstance(each, BaseModel) for each in value) else ", "
        return joined.join(value_in_words(name, each) for each in value) or "none"
    if name.endswith("operator"):
        return OPERATORS.get(str(value), str(value))
    return str(value)


def sentence_of(rule: Rule[Any], params: BaseModel) -> str:
    """Say what a rule demands with these parameters: its own sentence, or what its docstring begins with."""
    values = {name: value_in_words(name, getattr(params, name)) for name in type(params).model_fields}
    if rule.says:
        return rule.says.format(**values)
    about = " ".join((inspect.getdoc(type(rule)) or "").split("\n\n", 1)[0].split()).rstrip(".")
    said = "; ".join(f"{name.replace('_', ' ')}: {text}" for name, text in values.items())
    return f"{about} ({said})." if said else f"{about}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of a policy: the parameter as a path, the comparison with it where it is a limit, and its unit."""

    path: str
    operator: str
    value: float
    unit: str


def numbers_of(rule: Rule[Any], params: BaseModel) -> tuple[Number, ...]:
    """List every number in the parameters of a rule, in their order."""
    parts = rule.parts(params)
    if parts:
        return tuple(
            replace(number, path=f"{path}.{number.path}")
            for path, part, own in parts
            for number in numbers_of(part, own)
        )
    limits = {bound.param: bound.operator_in(params) for bound in rule.bounds if isinstance(bound, Limit)}
    return tuple(
        Number(
            path=path,
            operator=limits.get(path) or rule.compared.get(_last(path)) or _operator(path, owner, params),
            value=value,
            unit=rule.unit(path, params),
        )
        for path, value, owner in _numbers("", params, params)
    )


def _last(path: str) -> str:
    return path.rsplit(".", 1)[-1]


def _numbers(path: str, value: Any, owner: BaseModel) -> Iterator[tuple[str, float, BaseModel]]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield path, value, owner
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _numbers(f"{path}.{name}" if path else name, getattr(value, name), value)
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _numbers(f"{path}[{index}]", each, owner)


def _operator(path: str, owner: BaseModel, params: BaseModel) -> str:
    """Tell the comparison of a number that is no bound of its rule: by a parameter for it, or by its name."""
    name = _last(path)
    for operator in (f"{name}_operator", f"{name.rsplit('_', 1)[0]}_operator"):
        if operator in type(params).model_fields:
            return str(getattr(params, operator))
    names = list(type(owner).model_fields)
    # An operator stands behind the number that it is about.
    if name in names and names[names.index(name) + 1 : names.index(name) + 2] == ["operator"]:
        return str(getattr(owner, "operator", ""))
    return "<=" if name.startswith("max_") else ">=" if name.startswith(("min_", "at_least", "minimum")) else ""
