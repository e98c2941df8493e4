"""AWS's table of regions and their countries."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files as resources
from typing import cast


def country_of(region: str) -> str | None:
    """Name the country of a region, ``None`` for one that is not in the table."""
    return _countries().get(region)


@cache
def _countries() -> dict[str, str]:
    """Read the table.

    Source: AWS General Reference, regions; ISO 3166-1 alpha-2 of the place that AWS names.
    """
    text = (resources("geogate.destinations") / "aws_regions.json").read_text(encoding="utf-8")
    return cast("dict[str, str]", json.loads(text))
