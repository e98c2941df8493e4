"""The changes of a layer in the order in which they are carried out, one of a kind where several rules ask for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from geogate.measures.lattice import CoordinateLattice, Lattice
from geogate.measures.measure import UnmeasurableError
from geogate.remedies.changes import DropColumns, HashColumns, KeepOut, RoundTimes, SuppressCells
from geogate.remedies.lattices import farthest_move_m, lattice_change
from geogate.remedies.proposal import ORDER, Kind, by_people

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geogate.remedies.changes import Change
    from geogate.remedies.proposal import Proposal, View

_AGAIN = 7
"""The place of zones in the order once positions were moved."""


def with_lattice(found: Sequence[Proposal], view: View) -> tuple[Proposal, ...]:
    """Put together what rules ask of positions: one lattice that is coarse enough for all of them.

    Where there is none, rounding is for people, who can send counts by area instead.
    """
    asked = [each for each in found if each.kind is Kind.COARSEN and not each.changes]
    lattice = view.values.get(CoordinateLattice().id)
    if not asked or not isinstance(lattice, Lattice):
        return tuple(found)
    others = tuple(each for each in found if each not in asked)
    step_m, places = max(each.step_m for each in asked), min(each.places for each in asked)
    try:
        change, does = lattice_change(lattice, step_m=step_m, places=places, again=view.again)
    except UnmeasurableError:
        return (*others, by_people("send counts by area: no rounding makes these positions coarse enough"))
    moves_m = farthest_move_m(change, lattice)
    return (replace(asked[0], does=does, changes=(change,), step_m=step_m, places=places, moves_m=moves_m), *others)


def in_order(chosen: Iterable[Proposal], tables: Iterable[SuppressCells]) -> tuple[Change, ...]:
    """Give the changes of the proposals that were chosen for a layer.

    ``tables`` say of which sums the policy speaks, so that what is suppressed for another reason does not follow.
    """
    proposals = [each for each in chosen if each.mechanical]
    placed = [(ORDER[each.kind], change) for each in proposals for change in each.changes]
    if any(each.kind in {Kind.COARSEN, Kind.GENERALISE} for each in proposals):
        moved_m = max((each.moves_m for each in proposals), default=0.0)
        placed = [(rank, _grown(change, moved_m)) for rank, change in placed]
        placed += [(_AGAIN, _after(change)) for _, change in placed if isinstance(change, KeepOut)]
    cells = [change for _, change in placed if isinstance(change, SuppressCells)]
    placed = [(rank, change) for rank, change in placed if not isinstance(change, SuppressCells)]
    if cells:
        placed.append((ORDER[Kind.SUPPRESS_CELLS], _merged([*cells, *tables])))
    ordered = [change for _, change in sorted(placed, key=lambda each: each[0])]
    return _columns_once(tuple(dict.fromkeys(ordered)))


def _columns_once(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Let no change name a column that another one has left out before."""
    gone: set[str] = set()
    found: list[Change] = []
    for change in changes:
        if isinstance(change, DropColumns | HashColumns):
            names = tuple(name for name in change.names if name not in gone)
            gone |= {*names}
            if names:
                found.append(replace(change, names=names))
        elif isinstance(change, RoundTimes) and change.columns is not None:
            columns = tuple(name for name in change.columns if name not in gone)
            found += [replace(change, columns=columns)] if columns else []
        elif getattr(change, "column", "") not in gone:
            found.append(change)
    return tuple(found)


def _grown(change: Change, moved_m: float) -> Change:
    """Let a cut keep the distance by which positions are moved afterwards."""
    return replace(change, margin_m=moved_m) if isinstance(change, KeepOut) and change.clip else change


def _after(change: KeepOut) -> KeepOut:
    """Keep out once more, of what was moved: by the same cells, or where features were cut by the zones themselves."""
    return replace(change, margin_m=0.0, cell_deg=0.0 if change.clip else change.cell_deg, clip=False)


def _merged(cells: Sequence[SuppressCells]) -> SuppressCells:
    small = tuple(dict.fromkeys(each for change in cells for each in change.small))
    tables = tuple(dict.fromkeys(each for change in cells for each in change.tables))
    return SuppressCells(small=small, tables=tables)
