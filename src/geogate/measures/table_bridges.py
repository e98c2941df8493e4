"""Which suppressed cells of a table with two kinds of sums follow, however many there are: the bridges of a graph.

Sums are nodes, and a suppressed cell is an edge between the two sums in which it stands, or to the ground if it stands
in one only. Tables that fit the sums differ by flows that go round in circles; a cell that is on no circle is the same
in all of them.

Source: Gusfield (1988), A graph theoretic approach to statistical data security.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Ends = Mapping[int, list[tuple[int, int]]]
    Near = Mapping[int, list[tuple[int, int]]]

_NONE: Final = -1
"""The number of no cell."""


class Unknowns(Protocol):
    """A sum with the signs of its unknown cells by their numbers."""

    @property
    def unknown(self) -> dict[int, int]:
        """The signs: positive for parts, negative for a total."""
        ...


def bridges(component: Sequence[Unknowns]) -> set[int] | None:
    """Name the unknown cells that the sums determine; ``None`` where they are no such graph."""
    ends: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for place, each in enumerate(component):
        for name, sign in each.unknown.items():
            ends[name].append((place, sign))
    if any(len(own) > 2 for own in ends.values()) or not _is_balanced(component, ends):  # noqa: PLR2004 two ends
        return None
    ground = len(component)
    near: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for name, own in ends.items():
        one, other = own[0][0], own[1][0] if len(own) > 1 else ground
        near[one].append((name, other))
        near[other].append((name, one))
    return _bridges(near)


def _is_balanced(component: Sequence[Unknowns], ends: Ends) -> bool:
    """Tell whether sums can be turned round so that each cell is a part at one end and not at the other."""
    turned: dict[int, int] = {}
    for start in range(len(component)):
        waiting = [] if start in turned else [start]
        turned.setdefault(start, 1)
        while waiting:
            place = waiting.pop()
            for name, mine in component[place].unknown.items():
                for other, sign in ends[name]:
                    wanted = -turned[place] * mine * sign
                    if other != place and other not in turned:
                        turned[other] = wanted
                        waiting.append(other)
                    elif other != place and turned[other] != wanted:
                        return False
    return True


def _bridges(near: Near) -> set[int]:
    """Name the edges of a graph without which it falls apart.

    Source: Tarjan (1974), A note on finding the bridges of a graph.
    """
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    found: set[int] = set()
    for root in near:
        if root in order:
            continue
        order[root] = low[root] = len(order)
        stack = [(root, _NONE, iter(near[root]))]
        while stack:
            node, via, rest = stack[-1]
            step = next(((name, other) for name, other in rest if name != via), None)
            if step is None:
                stack.pop()
                if stack:
                    parent = stack[-1][0]
                    low[parent] = min(low[parent], low[node])
                    found |= {via} if low[node] > order[parent] else set()
            elif step[1] in order:
                low[node] = min(low[node], order[step[1]])
            else:
                name, other = step
                order[other] = low[other] = len(order)
                stack.append((other, name, iter(near[other])))
    return found
