"""The gate's Ed25519 keys as files: a private one that only its owner can read, a public one for everybody."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, SSlibKey

from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 4096


class KeyFileError(UsageError):
    """A key file is missing, is not a key of the right kind, or can be read by others."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key of the gate; ``id`` is the SHA-256 that an envelope names it by."""

    key: SSlibKey

    @property
    def id(self) -> str:
        """The key's id in envelopes."""
        return str(self.key.keyid)

    @classmethod
    def from_pem(cls, text: str) -> Self:
        """Read a public key from PEM text.

        Raises: KeyFileError.
        """
        try:
            key = load_pem_public_key(text.encode())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyFileError("this is not a public key in PEM form") from error
        if not isinstance(key, Ed25519PublicKey):
            raise KeyFileError("the public key is not an Ed25519 key")
        return cls(SSlibKey.from_crypto(key))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a public key from a file.

        Raises: KeyFileError.
        """
        try:
            return cls.from_pem(path.read_text(encoding="ascii"))
        except (OSError, UnicodeDecodeError) as error:
            raise KeyFileError("the public key's file cannot be read") from error

    def pem(self) -> str:
        """Write the key as PEM text, for those who verify."""
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key.keyval["public"]))
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key of the gate; it is never shown, and written only by ``save``."""

    signer: CryptoSigner = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey(self.signer.public_key)

    @classmethod
    def generate(cls) -> Self:
        """Make a new key from the system's randomness."""
        return cls(CryptoSigner.generate_ed25519())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a private key from a PEM file (PKCS #8, no password) that nobody but its owner can read.

        Raises: KeyFileError.
        """
        try:
            key: Any = load_pem_private_key(_read_private(path), None)
        except OSError as error:
            raise KeyFileError("the signing key's file cannot be read", hint="run geogate init") from error
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyFileError("the signing key's file does not hold a private key in PEM form") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError("the signing key is not an Ed25519 key")
        return cls(CryptoSigner(key))

    def save(self, path: Path) -> None:
        """Write the key to a new file that only its owner can read; a file that is there is never replaced.

        Raises: KeyFileError.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileExistsError as error:
            raise KeyFileError("there is a file at the signing key's place already", hint="keep it") from error
        except OSError as error:
            raise KeyFileError("the signing key's file cannot be made") from error
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, 0o600)  # whatever the umask says
            stream.write(self.signer.private_bytes)
            stream.flush()
            os.fsync(descriptor)


def _read_private(path: Path) -> bytes:
    # Checked and read through one descriptor, so that nobody swaps the file in between.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise KeyFileError("the signing key is not an ordinary file")
        if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyFileError("the signing key's file is open to others", hint="chmod 600 it, and consider a new key")
        return stream.read(_LARGEST)
