"""The ring of a house's public keys: the one that signs now, those whose time runs out, and those that were revoked.

It is a file beside the private key. A key that is not in it, nor the public key of the home, is trusted by nobody.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime  # noqa: TC003 - documents are read by the annotations
from typing import TYPE_CHECKING, Final

from geogate.gate.keyfile import KeyFileError, PublicKey
from geogate.model.document import canonical_json, from_json

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.gate.settings import Settings

RING: Final = "ring.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RingKey:
    """A public key as PEM text; ``until`` ends its clearances, ``None`` while it signs. ``revoked`` ends everything."""

    id: str
    pem: str
    until: datetime | None = None
    revoked: datetime | None = None

    @property
    def public(self) -> PublicKey:
        """The key itself.

        Raises: KeyFileError.
        """
        key = PublicKey.from_pem(self.pem)
        if key.id != self.id:
            raise KeyFileError("the ring of keys names a key by the id of another", hint="restore keys/ from its copy")
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """All keys that there ever were, the oldest first; ``pepper`` is hexadecimal, empty before the first rotation.

    The pepper makes hashes of ids that the ledger keeps. It is that of the first key for ever, so that what recipients
    got before a rotation counts as the same afterwards.
    """

    keys: tuple[RingKey, ...] = ()
    pepper: str = ""

    def find(self, key_id: str) -> RingKey | None:
        """Find a key by its id, or the beginning of it that no other key has."""
        found = [key for key in self.keys if key.id.startswith(key_id)] if key_id else []
        return found[0] if len(found) == 1 else None

    def changed(self, key: RingKey) -> Ring:
        """Put a key in, in the place of what the ring has of it."""
        others = [each for each in self.keys if each.id != key.id]
        before = next((number for number, each in enumerate(self.keys) if each.id == key.id), len(others))
        return replace(self, keys=(*others[:before], key, *others[before:]))


def ring_path(settings: Settings) -> Path:
    """Name the file of the ring."""
    return settings.signing_key.with_name(RING)


def read_ring(settings: Settings) -> Ring:
    """Read the ring with the home's public key in it; before the first rotation that is all there is.

    Raises: KeyFileError when the file cannot be read, or there is no key at all.
    """
    path = ring_path(settings)
    ring = Ring()
    if os.path.lexists(path):
        try:
            ring = from_json(Ring, path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise KeyFileError("the ring of keys cannot be read", hint="restore keys/ from its copy") from error
    with suppress(KeyFileError):
        own = PublicKey.load(settings.public_key)
        if all(key.id != own.id for key in ring.keys):
            ring = ring.changed(RingKey(id=own.id, pem=own.pem()))
    if not ring.keys:
        PublicKey.load(settings.public_key)  # says what is wrong with it
    return ring


def write_ring(ring: Ring, settings: Settings) -> None:
    """Replace the ring as a whole.

    Raises: KeyFileError.
    """
    write_private(ring_path(settings), canonical_json(ring))


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner reads, as a whole and for good.

    Raises: KeyFileError.
    """
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            os.fchmod(descriptor, 0o600)
            stream.write(text)
            stream.flush()
            os.fsync(descriptor)
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise KeyFileError("a file of the keys cannot be written", hint="see that the home can be written") from error
