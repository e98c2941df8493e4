"""Places in Azure Blob Storage, ``az://account/container/prefix/``, and in Google's, ``gs://bucket/prefix/``."""

from __future__ import annotations

import re
from typing import Final

from geogate.policy.place_parts import key_is_plain

ACCOUNT: Final = re.compile(r"[a-z0-9]{3,24}")
CONTAINER: Final = re.compile(r"(?=.{3,63}$)[a-z0-9](?:-?[a-z0-9])+")
"""Source: Microsoft, Naming and Referencing Containers; ``$root``, ``$web`` and ``$logs`` are no places."""

BUCKET: Final = re.compile(r"(?=.{3,63}$)[a-z0-9](?:[a-z0-9_-]|\.(?=[a-z0-9]))*[a-z0-9]")
ADDRESS: Final = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
"""Source: Google Cloud Storage, bucket naming; longer names with dots are left out."""


def is_azure_place(rest: str) -> bool:
    """Tell whether what follows ``az:`` is in normal form, with or without a slash at the end."""
    account, _, path = rest.removeprefix("//").partition("/")
    container, slash, key = path.partition("/")
    whole = bool(ACCOUNT.fullmatch(account)) and bool(CONTAINER.fullmatch(container)) and slash == "/"
    return rest.startswith("//") and whole and (not key or key_is_plain(key))


def is_google_place(rest: str) -> bool:
    """Tell whether what follows ``gs:`` is in normal form, with or without a slash at the end."""
    bucket, slash, key = rest.removeprefix("//").partition("/")
    reserved = bucket.startswith("goog") or "google" in bucket or bool(ADDRESS.fullmatch(bucket))
    whole = bool(BUCKET.fullmatch(bucket)) and not reserved and slash == "/"
    return rest.startswith("//") and whole and (not key or key_is_plain(key))
