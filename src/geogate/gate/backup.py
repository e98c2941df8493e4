"""Backups: the ledger as it was at one moment, all sealed bytes that it speaks of, and a signed head that binds both.

A backup holds no private key. Sealed bytes never change, so that a further backup at the same place adds new ones only.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - documents are read by the annotations
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from securesystemslib.dsse import Envelope

from geogate.destinations.vault import vault_at
from geogate.gate.authority import require
from geogate.gate.keys import signing_key
from geogate.gate.place import place_of
from geogate.gate.signing import signed_payload
from geogate.ledger.audit import leaf_of
from geogate.ledger.chain import GENESIS
from geogate.ledger.merkle import Tree
from geogate.ledger.schema import HEAD
from geogate.model.authority import Action
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import RefusedError, UsageError
from geogate.model.names import SHA256, Sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from geogate.destinations.vault import Vault
    from geogate.gate.house import House
    from geogate.gate.keyfile import PublicKey
    from geogate.ledger.ledger import Ledger

PAYLOAD_TYPE: Final = "application/vnd.geogate.backup+json"
MANIFESTS: Final = "backups"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup is: when it was taken, the digest of its ledger, and what that ledger's tree of entries was.

    ``absent`` are digests of sealed bytes that the ledger speaks of and staging did not have, or not any more as they
    were sealed. ``schema`` is the revision of the tables.
    """

    id: str
    at: datetime
    ledger: Sha256
    schema: str
    size: int
    root: Sha256
    last: Sha256
    objects: int
    absent: tuple[Sha256, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A backup that was made; ``added`` of its objects were not at the place before."""

    place: str
    manifest: Manifest
    added: int


@dataclass(slots=True)
class Passing:
    """What is learnt of a ledger while its rows pass by: the tree of its entries, and the sealed bytes it speaks of."""

    tree: Tree = field(default_factory=Tree)
    last: Sha256 = GENESIS
    objects: set[str] = field(default_factory=set)

    def through(self, lines: Iterable[str]) -> Iterator[str]:
        """Give rows on."""
        for line in lines:
            table, row = json.loads(line)
            if table == "entries":
                self.last = Sha256(row["hash"])
                self.tree.add(leaf_of(self.last))
            elif table == "requests":
                for name in ("dataset", "artefact"):
                    files = json.loads(row[name])["files"] if row[name] else ()
                    self.objects.update(each["sha256"] for each in files)
            yield line


def back_up(place: str, *, house: House) -> Made:
    """Back up ledger and staging to a folder or an ``s3://`` prefix, where nothing is replaced.

    The ledger is read as it is at one moment. What it speaks of was sealed before, so that the bytes that are copied
    afterwards are all that belong to it.

    Raises: ForbiddenError; UsageError without a signing key, or for a place of a recipient; PolicyError, ServiceError
        when recipients, ledger, staging or place do not answer.
    """
    require(Action.ADMINISTER, house=house)
    key = signing_key(house.settings)
    vault = vault_at(place)
    _require_own(place, house)
    at = house.clock()
    named = f"{at:%Y%m%dT%H%M%S%f}Z-{secrets.token_hex(4)}"
    with house.staging().scratch() as folder, house.ledger() as ledger:
        file = folder / "ledger.jsonl.gz"
        passing = _write(ledger, file)
        added, absent = _objects(passing.objects, vault, house)
        manifest = Manifest(
            id=named,
            at=at,
            ledger=digest_of(file),
            schema=HEAD,
            size=passing.tree.size,
            root=Sha256(passing.tree.root().hex()),
            last=passing.last,
            objects=len(passing.objects),
            absent=absent,
        )
        vault.put(f"ledgers/{named}.jsonl.gz", file)
        envelope = Envelope(canonical_json(manifest).encode(), PAYLOAD_TYPE, {})
        envelope.sign(key.signer)
        signed = folder / "manifest.json"
        signed.write_text(canonical_json(envelope.to_dict()), encoding="utf-8")
        # The last file: without it there is no backup.
        vault.put(f"{MANIFESTS}/{named}.json", signed)
    return Made(place=place, manifest=manifest, added=added)


def _require_own(place: str, house: House) -> None:
    """Refuse a place where a recipient reads: a backup holds what was denied, too.

    Raises: UsageError; PolicyError when nobody knows which places those are.
    """
    from pathlib import Path

    folder = Path(place.removeprefix("file://")).resolve().as_posix().rstrip("/")
    uri = place if place.startswith("s3://") else f"file://{folder}/"
    for recipient in place_of(house).recipients().recipients:
        if any(uri.startswith(each.uri) for each in recipient.destinations):
            raise UsageError(
                f"recipient {recipient.id} reads at that place, and a backup holds what was denied, too",
                hint="keep backups where nobody else reads",
            )


def _write(ledger: Ledger, file: Path) -> Passing:
    passing = Passing()
    with gzip.open(file, "wt", encoding="utf-8", compresslevel=6) as out:
        for line in passing.through(ledger.rows()):
            out.write(line + "\n")
    return passing


def object_name(sha256: str) -> str:
    """Name the file of sealed bytes in a backup."""
    return f"objects/{sha256[:2]}/{sha256}"


def _objects(wanted: Iterable[str], vault: Vault, house: House) -> tuple[int, tuple[Sha256, ...]]:
    """Put what is not there yet, each read again and hashed; say how many those were, and which cannot be read."""
    there = {name for name, _ in vault.names("objects")}
    staging, added, absent = house.staging(), 0, []
    for each in sorted(wanted):
        if object_name(each) in there:
            continue
        try:
            path = staging.open(Sha256(each))
        except RefusedError:
            absent.append(Sha256(each))
            continue
        vault.put(object_name(each), path)
        added += 1
    return added, tuple(absent)


def manifests(vault: Vault, *, keys: Sequence[PublicKey]) -> Iterator[Manifest]:
    """Read the backups at a place that one of the keys signed, the oldest first.

    Raises: RefusedError for one that is not what was signed; ServiceError.
    """
    for name, _ in sorted(vault.names(MANIFESTS)):
        yield read_manifest(vault, name, keys=keys)


def read_manifest(vault: Vault, name: str, *, keys: Sequence[PublicKey]) -> Manifest:
    """Read one.

    Raises: RefusedError when it is not what one of the keys signed; InputError, ServiceError.
    """
    with TemporaryDirectory(prefix="geogate-") as folder:
        from pathlib import Path

        path = Path(folder) / "manifest"
        vault.get(name, path)
        payload = signed_payload(_text(path), keys=keys, payload_type=PAYLOAD_TYPE, what="backup")
    try:
        found: Manifest = from_json(Manifest, payload.decode())
    except (ValueError, RecursionError) as error:
        raise RefusedError("the signed document is not a backup") from error
    if name != f"{MANIFESTS}/{found.id}.json" or not SHA256.fullmatch(found.ledger):
        raise RefusedError("a backup has the name of another one")
    return found


def chosen(vault: Vault, named: str, *, keys: Sequence[PublicKey]) -> Manifest:
    """Read the backup that is named, or the newest.

    Raises: UsageError where there is none; as ``read_manifest``.
    """
    names = sorted(name for name, _ in vault.names(MANIFESTS))
    wanted = [name for name in names if not named or name == f"{MANIFESTS}/{named}.json"]
    if not wanted:
        raise UsageError("there is no such backup at that place", hint="geogate backup PLACE makes one")
    return read_manifest(vault, wanted[-1], keys=keys)


def digest_of(path: Path) -> Sha256:
    """Digest a file."""
    with path.open("rb") as stream:
        return Sha256(hashlib.file_digest(stream, "sha256").hexdigest())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise RefusedError("the signed document is not a backup") from error


def lines_of(path: Path) -> Iterator[str]:
    """Read the rows of a backup's ledger.

    Raises: RefusedError when the file is damaged.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for line in stream:
                yield line.rstrip("\n")
    except (OSError, EOFError, ValueError) as error:
        raise RefusedError("the ledger of the backup is damaged", hint="take another backup") from error


def said_of(manifest: Manifest) -> dict[str, Any]:
    """Say in the ledger from what it was restored."""
    return {"backup": manifest.id, "taken": manifest.at.isoformat(), "size": manifest.size, "root": manifest.root}
