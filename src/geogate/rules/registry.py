"""The registry of rules: every module of this package that defines a rule; a rule is in it by being there."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import geogate.rules
from geogate.rules.rule import Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EXPECTATION = re.compile(r"expect(?:_[a-z0-9]+)+")

SECTIONS = ("Why", "Params", "Finds", "Misses", "Remedy", "Basis")
"""What the docstring of every rule has, each as a line that starts with the word and a colon."""

RESERVED = frozenset(
    {
        "batch_id", "catch_exceptions", "condition_parser", "description", "domain", "id", "meta", "notes",
        "rendered_content", "result_format", "row_condition", "severity", "suite_parameters", "windows",
    }
)  # fmt: skip
"""Names that Great Expectations keeps for itself in an expectation."""


@cache
def registered() -> Mapping[str, Rule[Any]]:
    """Return every rule by its expectation type, in the order of the types.

    Raises: ValueError when a module breaks the contract of a rule.
    """
    return collect(rule for name in module_names() for rule in rules_of(name))


def module_names() -> tuple[str, ...]:
    """Name the modules that are searched: all of the package, in the order of their names."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(geogate.rules.__path__, "geogate.rules.")))


def rules_of(module_name: str) -> tuple[Rule[Any], ...]:
    """Create the rules that a module defines itself."""
    module = importlib.import_module(module_name)
    classes = (value for _, value in inspect.getmembers(module, inspect.isclass))
    return tuple(
        kind()
        for kind in classes
        if issubclass(kind, Rule) and not inspect.isabstract(kind) and kind.__module__ == module_name
    )


def collect(rules: Iterable[Rule[Any]]) -> Mapping[str, Rule[Any]]:
    """Index rules by expectation type.

    Raises: ValueError for a rule that is not well formed, or two with the same type.
    """
    found: dict[str, Rule[Any]] = {}
    for rule in rules:
        require_well_formed(rule)
        if rule.expectation in found:
            raise ValueError(f"two rules are called {rule.expectation}")
        found[rule.expectation] = rule
    return MappingProxyType(dict(sorted(found.items())))


def require_well_formed(rule: Rule[Any]) -> None:
    """Refuse a rule whose name, parameters or docstring break the contract.

    Raises: ValueError, or TypeError when the parameters are no ``Params``.
    """
    if not EXPECTATION.fullmatch(rule.expectation):
        raise ValueError(f"{rule.expectation!r} does not look like expect_...")
    if not issubclass(rule.params, Params):
        raise TypeError(f"the parameters of {rule.expectation} are not Params")
    for name, field in rule.params.model_fields.items():
        if not field.is_required():
            raise ValueError(f"{rule.expectation}: parameter {name} has a default; a default would change policies")
        if name in RESERVED:
            raise ValueError(f"{rule.expectation}: parameter {name} has a name that Great Expectations keeps")
    text = inspect.getdoc(type(rule)) or ""
    missing = [section for section in SECTIONS if not re.search(rf"^{section}:", text, re.MULTILINE)]
    if missing:
        raise ValueError(f"{rule.expectation}: the docstring lacks {', '.join(missing)}")


def parameter_models() -> Mapping[str, type[Params]]:
    """Return the parameter model of every rule, which is what the policy parser needs."""
    return MappingProxyType({name: rule.params for name, rule in registered().items()})
