"""What a recipient got before, as far as it was measured and rules that count over releases ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from geogate.model.dataset import LayerKind
from geogate.model.declaration import Declaration


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLayer:
    """A layer by its kind, its rows, and what some measures found in it, by their ids.

    ``again`` says that rows of the layer that is judged were counted in it, or will be: one of both reads positions
    that hide in columns of the other.
    """

    kind: LayerKind
    rows: int
    values: Mapping[str, Any]
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRelease:
    """A release to the same recipient that was sent, or can be sent at any moment.

    ``on`` is the day in UTC on which it was sent, ``None`` while it is under way. ``layers`` is ``None`` where nobody
    knows what was in it.
    """

    on: date | None
    declaration: Declaration
    layers: tuple[MeasuredLayer, ...] | None
