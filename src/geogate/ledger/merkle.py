"""The Merkle tree of RFC 6962 over the ledger's entries: roots kept by their peaks, and proofs that anybody can check.

Pure. A leaf is the SHA-256 of an entry as the chain has it; roots and proofs are bytes.
Source: RFC 6962, 2.1; the checks of proofs are those of RFC 9162, 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

EMPTY = hashlib.sha256(b"").digest()
"""The root of no leaves."""


def leaf_hash(data: bytes) -> bytes:
    """Hash a leaf, in another way than a node, so that neither can be given out for the other."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees together."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Tree:
    """A tree that grows and keeps only its peaks: the roots of its perfect subtrees, the largest first.

    There are as many peaks as ``size`` has ones in binary, at most 20 for a million leaves.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def add(self, leaf: bytes) -> None:
        """Add a leaf, which is hashed already."""
        self.peaks.append(leaf)
        self.size += 1
        size = self.size
        while size % 2 == 0:
            right = self.peaks.pop()
            self.peaks[-1] = node_hash(self.peaks[-1], right)
            size //= 2

    def root(self) -> bytes:
        """Give the root of all leaves so far."""
        if not self.peaks:
            return EMPTY
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    @property
    def possible(self) -> bool:
        """Whether there are as many peaks as a tree of this size has."""
        return self.size >= 0 and len(self.peaks) == self.size.bit_count()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Give the root of leaves that are hashed already."""
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Give the level above: pairs are hashed, one that is left over goes up as it is."""
    pairs = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs


def inclusions(leaves: Sequence[bytes], indexes: Sequence[int]) -> tuple[tuple[bytes, ...], ...]:
    """Give for each index the path that proves that the tree of all leaves has that leaf there.

    Raises: IndexError when there is no such leaf.
    """
    if any(not 0 <= index < len(leaves) for index in indexes):
        raise IndexError("the tree has no such leaf")
    paths: list[list[bytes]] = [[] for _ in indexes]
    level, depth = list(leaves), 0
    while len(level) > 1:
        for path, index in zip(paths, indexes, strict=True):
            sibling = (index >> depth) ^ 1
            if sibling < len(level):
                path.append(level[sibling])
        level, depth = _above(level), depth + 1
    return tuple(map(tuple, paths))


def included(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether a path proves that a tree of this size and root has the leaf at the index."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node % 2 or node == last:
            found = node_hash(sibling, found)
            while not node % 2 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def consistency(leaves: Sequence[bytes], first: int) -> tuple[bytes, ...]:
    """Give what proves that the tree of all leaves begins with the tree of the ``first`` ones.

    Raises: IndexError when there are not so many leaves, or none is asked for.
    """
    return consistency_by(lambda start, end: root_of(leaves[start:end]), size=len(leaves), first=first)


def consistency_by(part: Callable[[int, int], bytes], *, size: int, first: int) -> tuple[bytes, ...]:
    """Give the proof for a tree of which ``part`` gives the roots of subtrees, from a leaf to before another.

    Raises: IndexError when there are not so many leaves, or none is asked for.
    """
    if not 0 < first <= size:
        raise IndexError("a proof of consistency is between two trees with leaves")
    proof: list[bytes] = []
    start, end, wanted, known = 0, size, first, True
    while wanted != end - start:
        half = 1 << ((end - start - 1).bit_length() - 1)
        if wanted <= half:
            proof.append(part(start + half, end))
            end = start + half
        else:
            proof.append(part(start, start + half))
            start, wanted, known = start + half, wanted - half, False
    if not known:
        proof.append(part(start, end))
    return tuple(reversed(proof))


def consistent(*, first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether a proof shows that the tree of the second root begins with the tree of the first one."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    nodes = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not nodes:
        return False
    node, last = first - 1, second - 1
    while node % 2:
        node, last = node >> 1, last >> 1
    before = after = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if node % 2 or node == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not node % 2 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and before == first_root and after == second_root
