"""Credentials for SFTP servers: files of the operator, one for each account, and nothing else on the machine."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import asyncssh

from geogate.destinations.errors import ForbiddenError, StrangerError

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.policy.place_sftp import Account

ENDING: Final = ".password"
"""What the name of a file with a password ends in."""

LARGEST: Final = 1 << 16
OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What proves to a server who the gate is: a key pair, or a password, which is never shown."""

    keys: tuple[asyncssh.SSHKey, ...] = field(default=(), repr=False)
    password: str | None = field(default=None, repr=False)


def credentials_for(account: Account, *, folder: Path | None) -> Credentials:
    """Read the private key in the file ``user@host`` of the folder, or the password in ``user@host.password``.

    Raises: StrangerError where there is none; ForbiddenError for one that cannot be read, that others may read, or that
        has a passphrase.
    """
    if folder is None:
        raise StrangerError(
            f"no keys for SFTP servers are set, so none for {account.text}", hint="set GEOGATE_SFTP_KEYS"
        )
    key = _read(folder / account.text)
    if key is not None:
        try:
            return Credentials(keys=(asyncssh.import_private_key(key),))
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            said = f"the key of {account.text} is no private key without a passphrase"
            raise ForbiddenError(said, hint="make one with ssh-keygen, with an empty passphrase") from error
    password = _read(folder / (account.text + ENDING))
    if password is None:
        hint = f"put its private key into the file {account.text} there (GEOGATE_SFTP_KEYS)"
        raise StrangerError(f"there is no key of {account.text}", hint=hint)
    try:
        return Credentials(password=password.decode().removesuffix("\n"))
    except UnicodeDecodeError as error:
        raise ForbiddenError(f"the password of {account.text} is no text") from error


def _read(path: Path) -> bytes | None:
    """Read a file that only its owner may read, ``None`` where there is none.

    Raises: ForbiddenError.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        said = f"the file {path.name!r} of the keys for SFTP cannot be read ({error.strerror})"
        raise ForbiddenError(said) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & OTHERS:
            said = f"the file {path.name!r} of the keys for SFTP is open to others, or no file"
            raise ForbiddenError(said, hint=f"chmod 600 {path.name}")
        return os.read(descriptor, LARGEST)
    finally:
        os.close(descriptor)
