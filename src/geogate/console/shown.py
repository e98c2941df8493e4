"""How templates write values: text is made visible, and markup of our own stays."""

from __future__ import annotations

from typing import Any

from geogate.model.visible import visible

__all__ = ["finalize", "visible"]


def finalize(value: Any) -> Any:
    """Give what a template writes for a value: text is made visible, and markup of our own stays."""
    if value is None:
        return ""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return visible(str(value))
    return value
