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
    one column are read, in the forms that ``forms`` names; ``apart`` are halves of positions in several columns.
    """

    columns: tuple[str, ...]
    form: str
    strength: Strength
    position: Position | None = None
    forms: tuple[str, ...] = ()
    apart: bool = False


def carriers_in_texts(
    texts: TextPositions, *, halves: frozenset[str] = frozenset(), read: frozenset[str] = frozenset()
) -> tuple[Carrier, ...]:
    """Make a carrier of each column in whose texts positions are likely, and one of all columns with halves of some.

    ``halves`` are the forms that count as halves because of what else there is in the dataset; ``read`` are columns
    whose numbers are judged as positions already.
    """
    from geogate.measures.hidden import Strength
    from geogate.measures.hidden.forms.sexagesimal import HALF
    from geogate.measures.hidden.text_halves import only_angles

    found = []
    apart: dict[str, frozenset[str]] = {}
    for column in texts.columns:
        whole = tuple(form for form in column.likely if form != HALF)
        if whole:
            strength = Strength.CERTAIN if column.certain else Strength.LIKELY
            found.append(Carrier(columns=(column.column,), form=", ".join(whole), strength=strength, forms=whole))
        parts = {form.form for form in column.forms} & {HALF, *halves}
        if parts and not (column.column in read and only_angles(column)):
            apart[column.column] = frozenset(parts)
    if apart:
        forms = tuple(sorted(frozenset().union(*apart.values())))
        found.append(
            Carrier(columns=tuple(apart), form=", ".join(forms), strength=Strength.LIKELY, forms=forms, apart=True)
        )
    return tuple(found)
