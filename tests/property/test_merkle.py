"""Trees and proofs are those of RFC 6962, written out as its text says; no changed proof holds."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geogate.ledger.merkle import EMPTY, Tree, consistency, consistent, included, inclusions, leaf_hash, root_of
from geogate.ledger.tiles import TILE, GrowingTree, TiledTree

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 70
# The test vectors of Certificate Transparency's reference implementation, which the RFC came with.
DATA = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def _half(count: int) -> int:
    """The largest power of two smaller than ``count``."""
    half = 1
    while half * 2 < count:
        half *= 2
    return half


def mth(data: Sequence[bytes]) -> bytes:
    if not data:
        return hashlib.sha256().digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    half = _half(len(data))
    return hashlib.sha256(b"\x01" + mth(data[:half]) + mth(data[half:])).digest()


def path(index: int, data: Sequence[bytes]) -> list[bytes]:
    if len(data) == 1:
        return []
    half = _half(len(data))
    if index < half:
        return [*path(index, data[:half]), mth(data[half:])]
    return [*path(index - half, data[half:]), mth(data[:half])]


def proof(first: int, data: Sequence[bytes]) -> list[bytes]:
    return _subproof(first, data, known=True)


def _subproof(first: int, data: Sequence[bytes], *, known: bool) -> list[bytes]:
    if first == len(data):
        return [] if known else [mth(data)]
    half = _half(len(data))
    if first <= half:
        return [*_subproof(first, data[:half], known=known), mth(data[half:])]
    return [*_subproof(first - half, data[half:], known=False), mth(data[:half])]


def _data(size: int) -> list[bytes]:
    return [number.to_bytes(2, "big") for number in range(size)]


def test_roots_are_those_of_the_reference_implementation() -> None:
    tree = Tree()
    assert tree.root() == EMPTY == mth([])
    for data, root in zip(DATA, ROOTS, strict=True):
        tree.add(leaf_hash(data))
        assert tree.possible
        assert tree.root().hex() == root


@pytest.mark.parametrize("size", range(1, 34))
def test_roots_and_proofs_of_every_small_tree_are_those_of_the_text(size: int) -> None:
    data = _data(size)
    leaves = [leaf_hash(each) for each in data]
    assert root_of(leaves) == mth(data)
    paths = inclusions(leaves, range(size))
    for index in range(size):
        assert list(paths[index]) == path(index, data)
        assert included(leaves[index], index=index, size=size, path=paths[index], root=mth(data))
    for first in range(1, size + 1):
        shown = consistency(leaves, first)
        assert list(shown) == proof(first, data)
        roots = {"first_root": mth(data[:first]), "second_root": mth(data)}
        assert consistent(first=first, second=size, proof=shown, **roots)


@given(size=st.integers(1, MOST), data=st.data())
@settings(deadline=None)
def test_a_changed_proof_of_inclusion_does_not_hold(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(each) for each in _data(size)]
    index = data.draw(st.integers(0, size - 1))
    (shown,) = inclusions(leaves, [index])
    root = root_of(leaves)
    other = data.draw(st.integers(-1, size + 2).filter(lambda number: number != index))
    assert not included(leaves[index], index=other, size=size, path=shown, root=root)
    assert not included(leaf_hash(b"another"), index=index, size=size, path=shown, root=root)
    assert not included(leaves[index], index=index, size=size, path=(*shown, root), root=root)
    assert not included(leaves[index], index=index, size=size, path=shown, root=EMPTY)
    if shown:
        at = data.draw(st.integers(0, len(shown) - 1))
        assert not included(
            leaves[index], index=index, size=size, path=(*shown[:at], root, *shown[at + 1 :]), root=root
        )
        assert not included(leaves[index], index=index, size=size, path=shown[:-1], root=root)


@given(second=st.integers(2, MOST), data=st.data())
@settings(deadline=None)
def test_a_changed_proof_of_consistency_does_not_hold(second: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(each) for each in _data(second)]
    first = data.draw(st.integers(1, second - 1))
    before, after = root_of(leaves[:first]), root_of(leaves)
    shown = consistency(leaves, first)
    at = data.draw(st.integers(0, len(shown) - 1))
    changes = [(*shown, before), shown[:-1], (*shown[:at], EMPTY, *shown[at + 1 :]), ()]
    for changed in changes:
        assert not consistent(first=first, second=second, first_root=before, second_root=after, proof=changed)
    assert not consistent(first=first, second=second, first_root=after, second_root=after, proof=shown)
    assert not consistent(first=first, second=second, first_root=before, second_root=before, proof=shown)
    edited = [leaf_hash(b"edited"), *leaves[1:]]
    assert not consistent(
        first=first, second=second, first_root=before, second_root=root_of(edited), proof=consistency(edited, first)
    )


@given(first=st.integers(-3, 9), second=st.integers(-3, 9), shown=st.lists(st.binary(min_size=32, max_size=32)))
def test_a_proof_that_somebody_made_up_does_not_hold(first: int, second: int, shown: list[bytes]) -> None:
    roots = {"first_root": root_of([b"1"]), "second_root": root_of([b"2"])}
    assert not consistent(first=first, second=second, proof=shown, **roots)
    assert not included(b"3", index=first, size=second, path=shown, root=EMPTY)


def test_a_leaf_that_is_not_there_has_no_proof() -> None:
    for index in (-1, 3):
        with pytest.raises(IndexError):
            inclusions([EMPTY] * 3, [0, index])
    for first in (0, 4):
        with pytest.raises(IndexError):
            consistency([EMPTY] * 3, first)


def test_peaks_that_no_tree_of_that_size_has_are_not_possible() -> None:
    assert not Tree(size=3, peaks=[EMPTY]).possible
    assert not Tree(size=-1, peaks=[EMPTY]).possible
    assert Tree(size=2, peaks=[EMPTY]).possible


SIZES = (1, 2, TILE - 1, TILE, TILE + 1, 2 * TILE - 1, 2 * TILE, 3 * TILE, 3 * TILE + 5, 5 * TILE + 1, 7 * TILE + 255)
LEAVES = [leaf_hash(each) for each in _data(max(SIZES))]


def _grown(size: int, *, cut: int) -> GrowingTree:
    """Grow a tree, and go on with what is known of it at a place on the way."""
    tree = GrowingTree()
    for number, leaf in enumerate(LEAVES[:size]):
        if number == cut:
            again = GrowingTree.of(tree.size, tree.peaks)
            assert again is not None
            again.filled = tree.filled
            tree = again
        tree.add(leaf)
    return tree


@pytest.mark.parametrize("size", SIZES)
def test_a_tree_by_tiles_is_the_same_tree(size: int) -> None:
    leaves = LEAVES[:size]
    for cut in (0, size // 3, size // TILE * TILE, size - 1):
        grown = _grown(size, cut=cut)
        assert (grown.root(), grown.size, len(grown.filled)) == (root_of(leaves), size, size // TILE)
    tree = TiledTree(size=size, tiles=tuple(grown.filled), leaves=lambda start, end: leaves[start:end])
    assert tree.root() == root_of(leaves)
    places = sorted({0, 1 % size, size // 2, size - 1, *(at for at in (TILE - 1, TILE, 3 * TILE) if at < size)})
    assert tree.inclusions(places) == inclusions(leaves, places)
    for first in {1, *places, size} - {0}:
        assert tree.consistency(first) == consistency(leaves, first)
        assert tree.part(0, first) == root_of(leaves[:first])
    for index in (-1, size):
        with pytest.raises(IndexError):
            tree.inclusions([index])
    with pytest.raises(IndexError):
        tree.consistency(size + 1)


@pytest.mark.parametrize("edited", [0, TILE + 3, 3 * TILE - 1])
def test_leaves_that_are_not_those_of_their_tile_prove_nothing(edited: int) -> None:
    size = 3 * TILE + 5
    now = [*LEAVES[:edited], leaf_hash(b"edited"), *LEAVES[edited + 1 : size]]
    tree = TiledTree(size=size, tiles=tuple(_grown(size, cut=0).filled), leaves=lambda start, end: now[start:end])
    with pytest.raises(LookupError, match="not those of their tile"):
        tree.inclusions([edited])
    with pytest.raises(LookupError, match="not those of their tile"):
        tree.part(0, edited // TILE * TILE + 7)


def test_a_tree_that_cannot_be_is_not_gone_on_with() -> None:
    assert GrowingTree.of(3, [EMPTY]) is None
    assert GrowingTree.of(TILE + 1, [EMPTY, EMPTY]) is not None
