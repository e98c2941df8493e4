"""Containers of Azure and buckets of Google, through obstore: one key at a time, created and never overwritten.

Credentials and endpoints are the variables of the stores themselves; the account and the container are those of the
destination. Where the environment names a proxy, the store must be exempt from it: cleared bytes go to nobody else.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import AzureStore, GCSStore

from geogate.destinations.blobs_errors import translated
from geogate.destinations.errors import MisconfiguredError, StrangerError
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from obstore import Attributes

MEBIBYTE: Final = 1 << 20
PIECE: Final = 8 * MEBIBYTE
MOST_PIECES: Final = 10_000
"""Source: Google Cloud Storage, XML API multipart uploads; Azure allows 50,000 blocks."""

AT_ONCE: Final = 4
MOST_TRIES: Final = 3
CONNECT_S: Final = 5
PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
OWN_WORDS: Final[Mapping[str, tuple[str, ...]]] = {"az": ("AZURE_",), "gs": ("GOOGLE_",)}
"""What the names of the stores' own variables begin with."""

ENDPOINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the store says of an object."""

    size: int
    marks: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blobs:
    """A container or a bucket.

    Raises: ServiceError from all that asks the store.
    """

    store: AzureStore | GCSStore
    what: str

    def look(self, key: str) -> Found | None:
        """Ask for an object; ``None`` where there is none."""
        with translated(self.what):
            try:
                answer = obstore.get(self.store, key, options={"head": True})
            except FileNotFoundError:
                return None
            return Found(size=answer.meta["size"], marks={str(k): v for k, v in answer.attributes.items()})

    def sha256(self, key: str, *, size: int) -> Sha256 | None:
        """Read an object of ``size`` bytes back; ``None`` where it has other bytes in number, or is gone."""
        digest, read = hashlib.sha256(), 0
        found = self.look(key)
        if found is None or found.size != size:
            return None
        for piece in self.pieces(key, size=size):
            digest.update(piece)
            read += len(piece)
        return Sha256(digest.hexdigest()) if read == size else None

    def pieces(self, key: str, *, size: int) -> Iterator[bytes]:
        """Read an object piece by piece; what comes short of ``size`` has changed meanwhile."""
        for start in range(0, size, PIECE):
            with translated(self.what):
                try:
                    piece = obstore.get_range(self.store, key, start=start, end=min(start + PIECE, size))
                except FileNotFoundError:
                    return
            yield bytes(piece)

    def put(self, key: str, source: Path, *, size: int, marks: Attributes) -> None:
        """Put a file in pieces, over what is there: for names that only one clearance uses."""
        piece = max(PIECE, -(-size // MOST_PIECES))
        with translated(self.what):
            obstore.put(
                self.store,
                key,
                source,
                attributes=marks,
                use_multipart=size > PIECE,
                chunk_size=piece,
                max_concurrency=AT_ONCE,
            )

    def copied(self, key: str, new: str) -> bool:
        """Copy an object in the store to a key that is free; says whether it was."""
        with translated(self.what):
            try:
                obstore.copy(self.store, key, new, overwrite=False)
            except AlreadyExistsError:
                return False
            return True

    def removed(self, key: str) -> None:
        """Remove an object if it is there."""
        with translated(self.what):
            try:
                obstore.delete(self.store, key)
            except FileNotFoundError:
                return

    def listed(self, prefix: str) -> Iterator[tuple[str, int, str]]:
        """List what lies below a prefix: keys, sizes, and entity tags."""
        with translated(self.what):
            for batch in obstore.list(self.store, prefix.rstrip("/") or None):
                for each in batch:
                    yield each["path"], each["size"], each["e_tag"] or ""


def opened(scheme: str, name: str, *, patience_s: float, anonymous: bool = False) -> Blobs:
    """Open ``account/container`` in Azure, or a bucket of Google, with the credentials of the surroundings.

    Raises: StrangerError where there are none; MisconfiguredError where a proxy stands between.
    """
    if not anonymous and not any(each.startswith(OWN_WORDS[scheme]) for each in os.environ):
        said = f"there are no credentials for {scheme}: destinations"
        raise StrangerError(said, hint=f"set the variables {OWN_WORDS[scheme][0]}… of the store")
    account, _, container = name.rpartition("/")
    endpoint = urlsplit(next((os.environ[each] for each in ENDPOINTS[scheme] if os.environ.get(each)), ""))
    host = endpoint.hostname or (f"{account}.blob.core.windows.net" if scheme == "az" else "storage.googleapis.com")
    _require_no_proxy(host)
    what = f"{'container' if scheme == 'az' else 'bucket'} {container}"
    more: dict[str, Any] = {
        "client_options": {
            "allow_http": host in LOOPBACK,
            "connect_timeout": timedelta(seconds=min(CONNECT_S, patience_s)),
            "timeout": timedelta(seconds=patience_s),
        },
        "retry_config": {"max_retries": MOST_TRIES, "retry_timeout": timedelta(seconds=patience_s)},
    } | ({"skip_signature": True} if anonymous else {})
    with translated(what):
        if scheme == "az":
            # The emulator's variables lead to any address, without TLS.
            return Blobs(store=AzureStore(container, account_name=account, use_emulator=False, **more), what=what)
        # A file of credentials can name a store of its own, and would be believed.
        base = endpoint.geturl() or f"https://{host}"
        return Blobs(store=GCSStore(container, base_url=base, **more), what=what)


def open_to_all(blobs: Blobs, prefix: str) -> bool:
    """Say whether anybody may list what lies below a prefix; where that cannot be found out, it is not said."""
    try:
        next(iter(obstore.list(blobs.store, prefix.rstrip("/") or None)), None)
    except (BaseError, OSError):
        return False
    return True


def _require_no_proxy(host: str) -> None:
    exempt = {each.strip() for name in ("NO_PROXY", "no_proxy") for each in os.environ.get(name, "").split(",")}
    spared = host in exempt or any(host.endswith(f".{each.lstrip('.')}") for each in exempt if each)
    if any(os.environ.get(each) for each in PROXIES) and not spared:
        raise MisconfiguredError(
            "the environment names a proxy, through which cleared bytes do not go", hint=f"name {host} in NO_PROXY"
        )
