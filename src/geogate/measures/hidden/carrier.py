"""A place where positions hide in a layer: columns, and how they are written; the gate makes a layer of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from geogate.measures.hidden import Strength
    from geogate.measures.hidden.numbers_forms import Position
    from geogate.measures.hidden.text import TextPositions

MOST_CARRIERS: Final = 12
"""With more places in one layer where positions could hide, the gate denies instead of measuring them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Columns that say positions.

    ``form`` says how in plain words, for findings. ``position`` reads numbers; where it is ``None``, the texts of the
    one column are read, in the forms that ``forms`` names.
    """

    columns: tuple[str, ...]
    form: str
    strength: Strength
    position: Position | None = None
    forms: tuple[str, ...] = ()


def carriers_in_texts(texts: TextPositions) -> tuple[Carrier, ...]:
    """Make a carrier of each column in whose texts positions are likely."""
    from geogate.measures.hidden import Strength

    return tuple(
        Carrier(
            columns=(column.column,),
            form=", ".join(column.likely),
            strength=Strength.CERTAIN if column.certain else Strength.LIKELY,
            forms=column.likely,
        )
        for column in texts.columns
        if column.likely
    )
