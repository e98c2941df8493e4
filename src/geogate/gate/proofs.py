"""Proofs about the ledger that anybody checks offline with the public key: of entries in it, and that it only grew."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from geogate.gate.authority import require
from geogate.gate.heads import SignedHead, current_head, keep_tiles, kept_tiles, read_head
from geogate.gate.history import VOTE, held_votes
from geogate.gate.keys import trusted_keys
from geogate.ledger.audit import leaf_of
from geogate.ledger.chain import entry_hash
from geogate.ledger.failures import DamagedError
from geogate.ledger.merkle import consistent, included, root_of
from geogate.ledger.tiles import TILE, TiledTree
from geogate.model.authority import Action
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import RefusedError, UsageError
from geogate.model.names import SHA256, RequestId, Sha256
from geogate.model.release import Entry  # noqa: TC001 - documents are read by the annotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from geogate.gate.house import House
    from geogate.gate.keyfile import PublicKey
    from geogate.ledger.ledger import Ledger

INCLUSION: Final = "geogate inclusion proof 1"
CONSISTENCY: Final = "geogate consistency proof 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEntry:
    """An entry with the path from its leaf to the root."""

    entry: Entry
    path: tuple[Sha256, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """Entries of the ledger under one signed head, whose envelope ``head`` is."""

    type: str = field(default=INCLUSION)
    head: str
    entries: tuple[ProvenEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyProof:
    """That the ledger of the head ``after`` begins with all that the ledger of the head ``before`` was."""

    type: str = field(default=CONSISTENCY)
    before: str
    after: str
    path: tuple[Sha256, ...]


def prove(what: str, *, house: House) -> InclusionProof:
    """Prove that all entries of a request, or the entry of a number, are in the ledger.

    Raises: ForbiddenError, UsageError when there is none; DamagedError when the ledger is not what was signed.
    """
    require(Action.EVIDENCE, house=house)
    signed = current_head(house=house)
    with house.ledger() as ledger:
        entries = _wanted(what, ledger=ledger, size=signed.head.size)
        return proof_of(entries, signed, ledger=ledger, house=house)


def proof_of(
    entries: Sequence[Entry], signed: SignedHead, *, ledger: Ledger, house: House | None = None
) -> InclusionProof:
    """Prove that entries are in the ledger of a head; in a house what is kept there saves reading it all.

    Raises: DamagedError.
    """
    tree = tree_of(signed, ledger=ledger, house=house)
    with _told():
        paths = tree.inclusions([entry.seq - 1 for entry in entries])
    proven = tuple(ProvenEntry(entry=entry, path=_texts(path)) for entry, path in zip(entries, paths, strict=True))
    return InclusionProof(head=signed.envelope, entries=proven)


def prove_growth(before: str, *, house: House) -> ConsistencyProof:
    """Prove that the ledger has grown from an earlier head, of which nothing was changed.

    Raises: ForbiddenError, RefusedError when the text is no head of this gate's; DamagedError when the ledger changed.
    """
    require(Action.EVIDENCE, house=house)
    earlier = read_head(before, keys=trusted_keys(house.settings))
    signed = current_head(house=house)
    size = earlier.head.size
    with house.ledger() as ledger:
        tree = tree_of(signed, ledger=ledger, house=house)
        with _told():
            if not 0 < size <= tree.size or tree.part(0, size).hex() != earlier.head.root:
                raise DamagedError("the ledger does not begin with what the head says")
            path = tree.consistency(size)
    return ConsistencyProof(before=earlier.envelope, after=signed.envelope, path=_texts(path))


def check(text: str, *, keys: Sequence[PublicKey]) -> tuple[str, ...]:
    """Check a proof with public keys alone, and say what it proves.

    Raises: RefusedError when it proves nothing.
    """
    try:
        kind = json.loads(text)["type"]
        if kind == INCLUSION:
            proof = from_json(InclusionProof, text)
            return _check_inclusion(proof, keys=keys)
        if kind == CONSISTENCY:
            return _check_consistency(from_json(ConsistencyProof, text), keys=keys)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RefusedError("this is no proof that can be read") from error
    raise RefusedError("this is no proof of a kind that is known")


def document(proof: InclusionProof | ConsistencyProof) -> str:
    """Write a proof as JSON."""
    return canonical_json(proof)


def _check_inclusion(proof: InclusionProof, *, keys: Sequence[PublicKey]) -> tuple[str, ...]:
    head = read_head(proof.head, keys=keys).head
    if not proof.entries:
        raise RefusedError("the proof is about no entry")
    for each in proof.entries:
        entry = each.entry
        if not all(SHA256.fullmatch(digest) for digest in (entry.hash, *each.path)):
            raise RefusedError(f"the proof of entry {entry.seq} cannot be read")
        if entry_hash(entry) != entry.hash:
            raise RefusedError(f"entry {entry.seq} was edited")
        path, root = [bytes.fromhex(digest) for digest in each.path], bytes.fromhex(head.root)
        if not included(leaf_of(entry.hash), index=entry.seq - 1, size=head.size, path=path, root=root):
            raise RefusedError(f"entry {entry.seq} is not in the ledger that was signed")
    said = tuple(_said(each.entry) for each in proof.entries)
    return (*said, f"in the ledger of {head.size} entries that was signed at {head.at:%Y-%m-%d %H:%M:%S} UTC")


def _said(entry: Entry) -> str:
    about = f" of {entry.request}" if entry.request else ""
    return f"entry {entry.seq}, {entry.kind}{about} by {entry.actor} at {entry.at[:19]} UTC"


def _check_consistency(proof: ConsistencyProof, *, keys: Sequence[PublicKey]) -> tuple[str, ...]:
    before, after = (read_head(text, keys=keys).head for text in (proof.before, proof.after))
    if not all(SHA256.fullmatch(digest) for digest in proof.path):
        raise RefusedError("the proof cannot be read")
    holds = consistent(
        first=before.size,
        second=after.size,
        first_root=bytes.fromhex(before.root),
        second_root=bytes.fromhex(after.root),
        proof=[bytes.fromhex(digest) for digest in proof.path],
    )
    if not holds:
        raise RefusedError("the later ledger does not begin with the earlier one")
    return (
        f"the ledger of {after.size} entries that was signed at {after.at:%Y-%m-%d %H:%M:%S} UTC",
        f"begins with that of {before.size} entries that was signed at {before.at:%Y-%m-%d %H:%M:%S} UTC",
    )


def readable(entries: Iterable[Entry], *, ledger: Ledger) -> tuple[Entry, ...]:
    """Leave out the votes of reviews that last: with the hash alone somebody could try out what a vote says."""
    entries = tuple(entries)
    held = held_votes(entries, ledger)
    return tuple(entry for entry in entries if entry.kind != VOTE or entry.request not in held)


def _wanted(what: str, *, ledger: Ledger, size: int) -> tuple[Entry, ...]:
    if what.isdecimal():
        found = tuple(ledger.entries(after=int(what) - 1, limit=1)) if 0 < int(what) <= size else ()
    else:
        found = tuple(entry for entry in ledger.entries_of(RequestId(what)) if entry.seq <= size)
    if not found:
        raise UsageError("the ledger has no entry of this number or request", hint="geogate ledger show lists them")
    shown = readable(found, ledger=ledger)
    if not shown:
        raise RefusedError("a vote is shown when the review is over")
    return shown


def tree_of(signed: SignedHead, *, ledger: Ledger, house: House | None) -> TiledTree:
    """Give the tree of a head by its tiles: those that were kept where they make up its root, or all of them anew.

    Raises: DamagedError when the ledger's entries are not those that were signed.
    """
    size, root = signed.head.size, signed.head.root

    def leaves(start: int, end: int) -> list[bytes]:
        return [leaf_of(digest) for digest in ledger.hashes(first=start + 1, last=end)]

    with _told():
        kept = kept_tiles(house)[: size // TILE] if house else ()
        tree = TiledTree(size=size, tiles=kept, leaves=leaves)
        if len(kept) == size // TILE and tree.root().hex() == root:
            return tree
        tiles = tuple(root_of(leaves(start, start + TILE)) for start in range(0, size - TILE + 1, TILE))
        tree = TiledTree(size=size, tiles=tiles, leaves=leaves)
        if tree.root().hex() != root:
            raise DamagedError("the entries are not those that were signed")
    if tiles and house:
        keep_tiles(tiles, house=house)
    return tree


@contextmanager
def _told() -> Iterator[None]:
    """Call entries damaged that are not those of their tile, or have no hash that can be read.

    Raises: DamagedError.
    """
    try:
        yield
    except (LookupError, ValueError) as error:
        raise DamagedError("the entries are not those that were signed") from error


def _texts(path: Sequence[bytes]) -> tuple[Sha256, ...]:
    return tuple(Sha256(each.hex()) for each in path)
