"""The table of schemes: which module knows a kind of destination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geogate.destinations.scheme_blobs import BlobScheme
from geogate.destinations.scheme_file import FileScheme
from geogate.destinations.scheme_https import HttpsScheme
from geogate.destinations.scheme_ogc_api import OgcApiScheme
from geogate.destinations.scheme_s3 import S3Scheme
from geogate.destinations.scheme_sftp import SftpScheme
from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.destinations.scheme import Scheme

SCHEMES: Final[Mapping[str, Scheme]] = {
    "az": BlobScheme(example="az://account/container/prefix/", named=2),
    "gs": BlobScheme(example="gs://bucket/prefix/", named=1),
    "file": FileScheme(),
    "sftp": SftpScheme(),
    "https": HttpsScheme(),
    "ogcapi": OgcApiScheme(),
    "s3": S3Scheme(),
}
"""Every scheme that geogate sends to, in lower case; a bare path is a ``file``."""


def scheme_named(name: str) -> Scheme:
    """Find a scheme.

    Raises: UsageError for one that there is not.
    """
    found = SCHEMES.get(name)
    if found is None:
        raise UsageError(
            f"geogate cannot send to {name}: destinations",
            hint=f"it sends to {', '.join(each.example for each in SCHEMES.values())}",
        )
    return found


def scheme_of(destination: str) -> Scheme:
    """Find the scheme of a destination in its normal form.

    Raises: UsageError for one that there is not.
    """
    return scheme_named(destination.partition(":")[0])
