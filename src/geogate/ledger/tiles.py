"""The Merkle tree by tiles of 256 leaves, whose roots are enough to prove anything about a ledger of any length.

A tile that is full never changes. Its root is kept to save time and never believed by itself: all roots together must
make up the root that was signed, and leaves that are read again must make up the root of their tile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from geogate.ledger.merkle import Tree, consistency_by, inclusions, root_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TILE: Final = 256


@dataclass(slots=True)
class GrowingTree:
    """A tree that grows from what is known of it, and gives out the root of each tile that it fills on the way.

    ``above`` is the tree of full tiles, ``last`` that of the leaves behind them.
    """

    above: Tree = field(default_factory=Tree)
    last: Tree = field(default_factory=Tree)
    filled: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, size: int, peaks: Sequence[bytes]) -> GrowingTree | None:
        """Go on with a tree of this size and peaks; ``None`` where there is none such."""
        full, rest = divmod(size, TILE)
        if not Tree(size=size, peaks=list(peaks)).possible:
            return None
        cut = full.bit_count()
        return cls(Tree(size=full, peaks=list(peaks[:cut])), Tree(size=rest, peaks=list(peaks[cut:])))

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self.above.size * TILE + self.last.size

    @property
    def peaks(self) -> list[bytes]:
        """The roots of perfect subtrees, the largest first."""
        return [*self.above.peaks, *self.last.peaks]

    def add(self, leaf: bytes) -> None:
        """Add a leaf, which is hashed already."""
        self.last.add(leaf)
        if self.last.size == TILE:
            root = self.last.root()
            self.above.add(root)
            self.filled.append(root)
            self.last = Tree()

    def root(self) -> bytes:
        """Give the root of all leaves so far."""
        return Tree(size=self.size, peaks=self.peaks).root()


@dataclass(frozen=True, slots=True, kw_only=True)
class TiledTree:
    """A tree of ``size`` leaves by the roots of its full tiles; ``leaves`` reads those between two places.

    Raises: LookupError from every method when leaves are not those of their tile.
    """

    size: int
    tiles: tuple[bytes, ...]
    leaves: Callable[[int, int], list[bytes]]

    def root(self) -> bytes:
        """Give the root of all leaves."""
        return root_of(self._above(self.size))

    def inclusions(self, indexes: Sequence[int]) -> tuple[tuple[bytes, ...], ...]:
        """Give for each index the path that proves that the tree has that leaf there.

        Raises: IndexError when there is no such leaf.
        """
        if any(not 0 <= index < self.size for index in indexes):
            raise IndexError("the tree has no such leaf")
        high = inclusions(self._above(self.size), [index // TILE for index in indexes])
        return tuple((*self._low(index), *path) for index, path in zip(indexes, high, strict=True))

    def _low(self, index: int) -> tuple[bytes, ...]:
        (path,) = inclusions(self._leaves(index // TILE), [index % TILE])
        return path

    def consistency(self, first: int) -> tuple[bytes, ...]:
        """Give what proves that the tree begins with the tree of the ``first`` leaves.

        Raises: IndexError when there are not so many leaves, or none is asked for.
        """
        return consistency_by(self.part, size=self.size, first=first)

    def part(self, start: int, end: int) -> bytes:
        """Give the root of some leaves, of a perfect subtree or of all from the start of one on."""
        tile, at = divmod(start, TILE)
        if at == 0 and end - start >= TILE:
            return root_of(self._above(end)[tile:])
        return root_of(self._leaves(tile)[at : at + end - start])

    def _above(self, end: int) -> list[bytes]:
        """Give the roots of all tiles before a place, the last of which may not be full there."""
        full, rest = divmod(end, TILE)
        return [*self.tiles[:full], *([root_of(self._leaves(full)[:rest])] if rest else [])]

    def _leaves(self, tile: int) -> list[bytes]:
        found = self.leaves(tile * TILE, min((tile + 1) * TILE, self.size))
        if tile < len(self.tiles) and root_of(found) != self.tiles[tile]:
            raise LookupError("the leaves are not those of their tile")
        return found
