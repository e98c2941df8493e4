"""The gate's home: created once, on purpose; nothing else ever makes a ledger or a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.gate.keyfile import PublicKey, SigningKey
from geogate.gate.keys import signing_key
from geogate.ledger.ledger import Ledger
from geogate.model.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.gate.settings import Settings


def initialise(settings: Settings) -> Iterator[str]:
    """Create what is missing of home, signing key and ledger; yield a line about each.

    Raises: ServiceError when something cannot be made, UsageError when a key that is there cannot be used.
    """
    try:
        for folder in (settings.home, settings.staging, settings.signing_key.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield _key(settings)
    except OSError as error:
        raise ServiceError(f"the home cannot be made ({error.strerror})", hint="set GEOGATE_HOME") from error
    Ledger.create(settings.ledger_url).close()
    yield "ledger: ready"


def _key(settings: Settings) -> str:
    if settings.public_key.exists() and not settings.signing_key.exists():
        raise UsageError(
            "the public key is there and its signing key is not",
            hint="put the signing key back, or move the public key away to begin with a new pair",
        )
    if settings.signing_key.exists():
        key, what = signing_key(settings), "kept"
    else:
        key, what = SigningKey.generate(), "made"
        key.save(settings.signing_key)
    if settings.public_key.exists() and PublicKey.load(settings.public_key).id != key.public.id:
        raise UsageError("the public key is not that of the signing key", hint="find out which of the two was replaced")
    if not settings.public_key.exists():
        settings.public_key.write_text(key.public.pem(), encoding="utf-8")
    return f"signing key: {what}, {key.public.id[:16]}; give {settings.public_key.name} to whoever verifies"
