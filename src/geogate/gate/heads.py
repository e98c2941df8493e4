"""Signed tree heads: what the whole ledger is at a moment, in one line that is signed and can be kept elsewhere.

A head is made from the last one that this gate signed and the entries since then: each is hashed again and must follow
the one before. A ledger that no longer has what was signed gets no new head.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - documents are read by the annotations
from typing import TYPE_CHECKING, Final

from securesystemslib.dsse import Envelope

from geogate.gate.keys import signing_key, trusted_keys
from geogate.gate.signing import signed_payload
from geogate.ledger.audit import KnownHead, leaf_of
from geogate.ledger.chain import GENESIS, entry_hash
from geogate.ledger.failures import DamagedError
from geogate.ledger.tiles import GrowingTree
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import RefusedError, ServiceError
from geogate.model.names import SHA256, Sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from geogate.gate.house import House
    from geogate.gate.keyfile import PublicKey, SigningKey
    from geogate.ledger.ledger import Ledger

_DIGEST_BYTES: Final = 32
PAYLOAD_TYPE: Final = "application/vnd.geogate.tree-head+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeHead:
    """The ledger at a moment: how many entries it had, the root of their tree, and the chain's hash of the last one."""

    size: int
    root: Sha256
    last: Sha256
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """A head, and the envelope in which its key signed it; ``key`` is the id of that key."""

    head: TreeHead
    envelope: str
    key: str

    @property
    def known(self) -> KnownHead:
        """The head as the ledger is compared with it."""
        at = f"the head that was signed at {self.head.at:%Y-%m-%d %H:%M:%S} UTC over {self.head.size} entries"
        return KnownHead(size=self.head.size, root=self.head.root, last=self.head.last, said=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """The last head of this gate with the peaks of its tree, from which the next one is made."""

    envelope: str
    peaks: tuple[Sha256, ...]


def sign_head(head: TreeHead, key: SigningKey) -> SignedHead:
    """Sign a head."""
    envelope = Envelope(canonical_json(head).encode(), PAYLOAD_TYPE, {})
    envelope.sign(key.signer)
    return SignedHead(head=head, envelope=canonical_json(envelope.to_dict()), key=key.public.id)


def read_head(text: str, *, keys: Sequence[PublicKey]) -> SignedHead:
    """Read a head that one of the keys signed.

    Raises: RefusedError.
    """
    text = text.strip()
    payload = signed_payload(text, keys=keys, payload_type=PAYLOAD_TYPE, what="head")
    try:
        head = from_json(TreeHead, payload.decode())
    except (ValueError, RecursionError) as error:
        raise RefusedError("the signed document is not a head") from error
    if head.size < 0 or not (SHA256.fullmatch(head.root) and SHA256.fullmatch(head.last)):
        raise RefusedError("the signed document is not a head")
    return SignedHead(head=head, envelope=text, key=json.loads(text)["signatures"][0]["keyid"])


def current_head(*, house: House) -> SignedHead:
    """Make and sign the head of the ledger as it is now.

    Raises: DamagedError when the entries since the last head do not follow each other, or those before it are not
        those that were signed; UsageError without a signing key; ServiceError.
    """
    key = signing_key(house.settings)
    place = house.settings.home / "heads" / "latest.json"
    with house.ledger() as ledger:
        tree, last = _before(place, ledger=ledger, house=house)
        tiles = kept_tiles(house)[: tree.above.size]
        for entry in ledger.entries(after=tree.size):
            if (entry.seq, entry.prev) != (tree.size + 1, last) or entry_hash(entry) != entry.hash:
                raise DamagedError(f"entry {entry.seq} does not follow the one before it, or was edited")
            tree.add(leaf_of(entry.hash))
            last = entry.hash
    head = TreeHead(size=tree.size, root=Sha256(tree.root().hex()), last=last, at=house.clock())
    signed = sign_head(head, key)
    _keep(place, canonical_json(_Kept(envelope=signed.envelope, peaks=tuple(map(_text, tree.peaks)))).encode())
    if len(tiles) + len(tree.filled) == tree.above.size and tree.filled:
        keep_tiles((*tiles, *tree.filled), house=house)
    return signed


def kept_tiles(house: House) -> tuple[bytes, ...]:
    """Read the roots of the ledger's full tiles, as far as they were kept; whoever uses them proves them first."""
    try:
        content = _tiles(house).read_bytes()
    except OSError:
        return ()
    return tuple(content[start : start + _DIGEST_BYTES] for start in range(0, len(content), _DIGEST_BYTES))


def keep_tiles(tiles: Sequence[bytes], *, house: House) -> None:
    """Keep the roots of full tiles, which save reading the ledger again.

    Raises: ServiceError.
    """
    _keep(_tiles(house), b"".join(tiles))


def _tiles(house: House) -> Path:
    return house.settings.home / "heads" / "tiles"


def _text(digest: bytes) -> Sha256:
    return Sha256(digest.hex())


def _before(place: Path, *, ledger: Ledger, house: House) -> tuple[GrowingTree, Sha256]:
    """Give the tree of the last head and the hash of its last entry, which the ledger must still have.

    What was kept is only there to save time: where it is missing or damaged, or signed with an earlier key, the tree is
    made from the first entry on. Its peaks are believed because they make up the signed root.
    """
    try:
        kept = from_json(_Kept, place.read_text(encoding="utf-8"))
        head = read_head(kept.envelope, keys=trusted_keys(house.settings)).head
        tree = GrowingTree.of(head.size, [bytes.fromhex(peak) for peak in kept.peaks])
    except (OSError, ValueError, RefusedError):
        return GrowingTree(), GENESIS
    if tree is None or tree.root().hex() != head.root:
        return GrowingTree(), GENESIS
    if head.size and ledger.hashes(first=head.size, last=head.size) != (head.last,):
        raise DamagedError(f"the ledger no longer has entry {head.size} as it was signed")
    return tree, head.last


def _keep(place: Path, content: bytes) -> None:
    new = place.with_name(f"{place.name}.{os.getpid()}.new")
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new.write_bytes(content)
        new.replace(place)
    except OSError as error:
        raise ServiceError(f"the head cannot be kept in the gate's home ({error.strerror})") from error
