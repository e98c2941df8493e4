"""All smuggling cases, found by being there: each module of ``smuggling.classes`` has a tuple ``CASES``."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import smuggling.classes

if TYPE_CHECKING:
    from smuggling.case import Case


def class_names() -> tuple[str, ...]:
    """Name the classes."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(smuggling.classes.__path__)))


def cases() -> dict[str, Case]:
    """Give all cases by the name of their class and their own."""
    found: dict[str, Case] = {}
    for name in class_names():
        module = importlib.import_module(f"smuggling.classes.{name}")
        for case in module.CASES:
            key = f"{name}/{case.name}"
            if key in found:
                raise ValueError(f"two cases are called {key}")
            found[key] = case
    return found
