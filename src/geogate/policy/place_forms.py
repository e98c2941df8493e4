"""How places of each scheme are written, and what a registration says of one; one entry a scheme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.policy.place_blobs import is_azure_place, is_google_place
from geogate.policy.place_https import is_collection, is_https
from geogate.policy.place_parts import BUCKET, key_is_plain, path_is_plain
from geogate.policy.place_sftp import is_server_place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The places of one scheme.

    ``is_normal`` tells whether what follows the scheme's colon is in normal form, with or without a slash at the end.
    ``needs`` are the keys of a registration that must be there, ``may`` those that can be; no other key can.
    """

    example: str
    is_normal: Callable[[str], bool]
    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()

    @property
    def keys(self) -> frozenset[str]:
        """All keys that a registration can have."""
        return self.needs | self.may


def _is_bucket_and_key(rest: str) -> bool:
    bucket, slash, key = rest.removeprefix("//").partition("/")
    whole = rest.startswith("//") and bool(BUCKET.fullmatch(bucket)) and ".." not in bucket and slash == "/"
    return whole and (not key or key_is_plain(key))


def _is_directory(rest: str) -> bool:
    return path_is_plain(rest.removeprefix("///"))


_ATTESTED: Final = frozenset({"country", "certificate_keys"})

_WHERE: Final = frozenset({"country", "region"})

FORMS: Final[Mapping[str, Form]] = {
    "az": Form(example="az://account/container/prefix/", is_normal=is_azure_place, may=_WHERE),
    "gs": Form(example="gs://bucket/prefix/", is_normal=is_google_place, may=_WHERE),
    "file": Form(example="file:///folder/ or file:folder/", is_normal=_is_directory),
    "https": Form(example="https://host/path/", is_normal=is_https, may=_ATTESTED),
    "ogcapi": Form(example="ogcapi://host/path/collections/id/", is_normal=is_collection, may=_ATTESTED),
    "s3": Form(example="s3://bucket/prefix/", is_normal=_is_bucket_and_key, needs=frozenset({"owner"})),
    "sftp": Form(
        example="sftp://user@host/folder/",
        is_normal=is_server_place,
        needs=frozenset({"host_keys"}),
        may=frozenset({"country"}),
    ),
}
"""Every scheme of which a place can be registered."""

KEYS: Final[Mapping[str, str]] = {
    "owner": "the twelve digits of the account that owns the bucket",
    "country": "the country in which the server or the account is, as somebody attested",
    "region": "the region of the account, as its provider names it",
    "host_keys": "the public keys of the server",
    "certificate_keys": "the digests of the public keys in the server's certificates",
}
"""What a registration can say of a place, for messages."""


def form_of(uri: str) -> Form | None:
    """Find the form of a URI's scheme, ``None`` for one that there is not."""
    scheme, colon, _ = uri.partition(":")
    return FORMS.get(scheme) if colon else None
