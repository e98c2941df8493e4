"""What would make a layer pass: a proposal for each remedy, in words and counts, and the changes that carry it out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from geogate.measures.decimals import FINEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.model.dataset import LayerKind
    from geogate.model.finding import Count, Effect
    from geogate.model.names import LayerName, RuleId
    from geogate.remedies.changes import Change

GEOGATE: Final = "geogate"
"""Who carries out what is mechanical."""

EXPORTER: Final = "whoever exports the data"
REQUESTER: Final = "the requester"
OWNER: Final = "the owner of the policy"


class Kind(StrEnum):
    """What a remedy does; the values are the words of the command line."""

    COARSEN = "coarsen"
    GENERALISE = "generalise"
    KEEP_OUT = "keep-out"
    DROP_ROWS = "drop-rows"
    DROP_HEIGHTS = "drop-heights"
    DROP_COLUMNS = "drop-columns"
    HASH_COLUMNS = "hash-columns"
    ROUND_TIMES = "round-times"
    ROUND_NUMBERS = "round-numbers"
    SUPPRESS_CELLS = "suppress-cells"
    KEEP_CROWDED = "keep-crowded"
    REWRITE = "rewrite"
    BY_PEOPLE = "by-people"


ORDER: Final = {
    Kind.DROP_ROWS: 0,
    Kind.DROP_COLUMNS: 1,
    Kind.HASH_COLUMNS: 2,
    Kind.DROP_HEIGHTS: 3,
    Kind.KEEP_OUT: 4,
    Kind.COARSEN: 5,
    Kind.GENERALISE: 6,
    Kind.ROUND_TIMES: 8,
    Kind.ROUND_NUMBERS: 9,
    Kind.KEEP_CROWDED: 10,
    Kind.SUPPRESS_CELLS: 11,
    Kind.REWRITE: 12,
    Kind.BY_PEOPLE: 13,
}
"""In which order remedies are carried out: what counts rows comes after what leaves some out; 7 is zones again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How remedies are to be carried out.

    ``cell_m`` is the side of the cells along which places near zones are left out; ``clip`` cuts lines and polygons
    there instead of leaving them out; ``hashed`` are columns that are hashed instead of left out.

    Units: metres.
    """

    cell_m: float = 5_000.0
    clip: bool = False
    hashed: tuple[str, ...] = ()
    key: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is known of a layer that was measured.

    ``carriers`` are the columns that hide positions, for each layer of hidden positions by its name; ``beside`` are
    columns that tell positions together with those of another layer. ``again`` says that remedies were carried out
    before, so that what did not suffice is not tried again.
    """

    name: LayerName
    kind: LayerKind
    values: Mapping[Any, Any]
    zone_lists: Mapping[str, Any]
    wishes: Wishes
    beside: tuple[str, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One remedy: what it does in words with its number, and the changes; one without changes is for people.

    ``step_m`` and ``places`` are what positions need, from which one lattice follows for all rules of a layer;
    ``moves_m`` is how far it may move them.
    """

    kind: Kind
    does: str
    by: str = GEOGATE
    counts: tuple[Count, ...] = ()
    changes: tuple[Change, ...] = field(default=(), repr=False)
    step_m: float = 0.0
    places: int = FINEST
    moves_m: float = 0.0

    @property
    def mechanical(self) -> bool:
        """Whether geogate can carry it out."""
        return self.kind is not Kind.BY_PEOPLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A proposal with its number, the layer, and the rules that ask for it."""

    id: str
    layer: LayerName
    rules: tuple[RuleId, ...]
    effect: Effect
    proposal: Proposal


def by_people(does: str, *, by: str = EXPORTER) -> Proposal:
    """Propose what only people can do."""
    return Proposal(kind=Kind.BY_PEOPLE, does=does, by=by)
