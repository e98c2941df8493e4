"""The keys of a house: the one that signs its clearances, and those that it trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.gate.keyfile import PublicKey, SigningKey

if TYPE_CHECKING:
    from geogate.gate.settings import Settings


def signing_key(settings: Settings) -> SigningKey:
    """Read the private key that signs clearances.

    Raises: UsageError.
    """
    return SigningKey.load(settings.signing_key)


def trusted_keys(settings: Settings) -> tuple[PublicKey, ...]:
    """Read the public keys by which clearances are verified.

    Raises: UsageError.
    """
    return (PublicKey.load(settings.public_key),)
