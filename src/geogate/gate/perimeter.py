"""The perimeter under which the gate sends: whether it is what its template says, asked anew each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.destinations.perimeter_compare import Line, Outcome, compare
from geogate.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Line", "Outcome", "verify_perimeter"]


def verify_perimeter(template: Path, parameters: Mapping[str, str]) -> tuple[Line, ...]:
    """Compare the perimeter with its template and the parameters that it must have been deployed with.

    Neither is taken from the stack: whoever could change that could change what is wanted.

    Raises: InputError, UsageError for a template or parameters that cannot be; ServiceError when nothing answers.
    """
    try:
        text = template.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError("the template cannot be read", hint="name infra/perimeter.yaml of a checkout") from error
    return compare(text, parameters)
