"""Restore a backup where there is no ledger: verified as a whole, and shut until ``reopen`` has settled it.

A ledger of yesterday does not know what was sent since. If the gate simply went on, clearances that were spent after
the backup could be spent again, what was revoked would hold again, and totals would be too low.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.destinations.vault import vault_at
from geogate.gate.backup import Passing, chosen, digest_of, lines_of, object_name, said_of
from geogate.gate.keys import trusted_keys
from geogate.ledger.audit import KnownHead
from geogate.ledger.ledger import Ledger
from geogate.ledger.schema import HEAD
from geogate.model.errors import InputError, RefusedError, UsageError
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from geogate.destinations.vault import Vault
    from geogate.gate.backup import Manifest
    from geogate.gate.house import House
    from geogate.gate.keyfile import PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored; ``fetched`` of its objects were not in staging, and ``absent`` ones were in no backup."""

    manifest: Manifest
    fetched: int
    absent: tuple[Sha256, ...]


def restore(place: str, *, named: str = "", keys: Sequence[PublicKey] = (), house: House) -> Restored:
    """Restore ledger and staging from the newest backup at a place, or the one that is ``named``.

    ``keys`` are further public keys by which it may be signed. Sealed bytes come first and the ledger last and as a
    whole, so that an interrupted restore leaves no ledger and can be repeated. The ledger is shut afterwards.

    Raises: RefusedError when there is a ledger, or the backup is not whole or not what was signed; UsageError where
        there is no backup; InputError when a file of it is missing; ServiceError.
    """
    known = (*_own(house), *keys)
    if not known:
        raise UsageError(
            "there is no public key to verify the backup with",
            hint="put keys/ back into the home, or name it with --key",
        )
    vault = vault_at(place)
    manifest = chosen(vault, named, keys=known)
    if manifest.schema > HEAD:
        raise RefusedError("a newer geogate made the backup", hint="restore it with that version")
    for folder in (house.settings.home, house.settings.staging):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with house.staging().scratch() as scratch:
        file = scratch / "ledger.jsonl.gz"
        vault.get(f"ledgers/{manifest.id}.jsonl.gz", file)
        if digest_of(file) != manifest.ledger:
            raise RefusedError("the ledger of the backup is not the one that was signed", hint="take another backup")
        passing = Passing()
        for _ in passing.through(lines_of(file)):
            pass
        fetched, absent = _fetch(sorted(passing.objects), vault, scratch, house)
        said = "the head that was signed with the backup"
        head = KnownHead(size=manifest.size, root=manifest.root, last=manifest.last, said=said)
        Ledger.fill(
            house.settings.ledger_url,
            lines_of(file),
            head=head,
            actor=house.actor,
            at=house.clock(),
            said=said_of(manifest),
        ).close()
    _forget_heads(house)
    return Restored(manifest=manifest, fetched=fetched, absent=absent)


def _own(house: House) -> tuple[PublicKey, ...]:
    with suppress(UsageError):
        return trusted_keys(house.settings)
    return ()


def _fetch(wanted: Sequence[str], vault: Vault, scratch: Path, house: House) -> tuple[int, tuple[Sha256, ...]]:
    """Fetch what staging does not have; bytes that are not those of their name are as good as missing."""
    staging, fetched, absent = house.staging(), 0, []
    for each in wanted:
        sha256 = Sha256(each)
        try:
            staging.open(sha256)
            continue
        except RefusedError:
            pass
        try:
            vault.get(object_name(each), scratch / each)
        except InputError:
            absent.append(sha256)
            continue
        if digest_of(scratch / each) != sha256:
            absent.append(sha256)
            continue
        staging.adopt([scratch / each], names=[each])
        fetched += 1
    return fetched, tuple(absent)


def _forget_heads(house: House) -> None:
    """Take away what this home knows of the ledger's head and counts: they were of the ledger that is lost."""
    for name in ("heads/latest.json", "heads/tiles", "heads/anchored.json", "metrics.json", "health.json"):
        (house.settings.home / name).unlink(missing_ok=True)
