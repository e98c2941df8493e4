"""Places in normal form, and whether an address lies inside one; text is compared, nothing is resolved or decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from geogate.policy.place_forms import form_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from geogate.model.parties import Place, Recipient

MOST_LETTERS = 1024


def is_normal(uri: str) -> bool:
    """Tell whether a URI is in the one form in which it may be compared, with or without a slash at the end.

    The forms are those of ``FORMS``, for example ``s3://bucket/key``. Refused are other schemes and spellings of them,
    empty and dotted segments, escapes, queries, fragments, and text that Unicode can compose.

    >>> is_normal("s3://partner-data/in/"), is_normal("s3://partner-data/in/../out/"), is_normal("S3://partner-data/")
    (True, False, False)
    """
    form = form_of(uri)
    return len(uri) <= MOST_LETTERS and form is not None and form.is_normal(uri.partition(":")[2])


def is_place(uri: str) -> bool:
    """Tell whether a URI can be a place: in normal form, a folder, ending in a slash."""
    return uri.endswith("/") and is_normal(uri)


def is_described(uri: str) -> bool:
    """Tell whether the account that a clearance names is all that a registration can say of such a place."""
    form = form_of(uri)
    return form is not None and form.keys <= {"owner"}


def inside(uri: str, place: Place) -> bool:
    """Tell whether a URI lies inside a place, or is the place itself; what is not in normal form lies nowhere."""
    return is_place(place.uri) and is_normal(uri) and uri.startswith(place.uri)


def shared(recipients: Sequence[Recipient]) -> tuple[tuple[Recipient, Recipient], ...]:
    """Give the pairs of recipients where a place of the first lies in a place of the second, or is the same.

    Folders and collections of one web server have paths in one tree. So have, as far as anybody knows, the folders that
    its host shows over SFTP, whoever signs in.
    """
    same = ((one, other) for one, other, _ in _nested(recipients, _in_web))
    across = ((one, other) for one, other, schemes in _nested(recipients, _on_host) if len(schemes) > 1)
    return (*same, *across)


def _nested(
    recipients: Sequence[Recipient], spelt: Callable[[str], str]
) -> Iterator[tuple[Recipient, Recipient, frozenset[str]]]:
    """Give those of whom a place lies in one of another's as it is ``spelt``, with the schemes of the two."""
    of: dict[str, list[tuple[Recipient, str]]] = {}
    for recipient in recipients:
        for place in recipient.destinations:
            if text := spelt(place.uri):
                of.setdefault(text, []).append((recipient, _in_web(place.uri).partition(":")[0]))
    for text, below in of.items():
        for above in _places_around(text):
            for one, its in below:
                for other, others in of.get(above, ()):
                    if one.id != other.id:
                        yield one, other, frozenset({its, others})


def _in_web(uri: str) -> str:
    """Write a collection of features as a folder of its server."""
    return uri.replace("ogcapi://", "https://", 1) if uri.startswith("ogcapi://") else uri


def _on_host(uri: str) -> str:
    """Write a place as a path of its host, without user and port; empty where it is on none."""
    parts = urlsplit(_in_web(uri))
    return f"//{parts.hostname}{parts.path}" if parts.scheme in {"https", "sftp"} else ""


def _places_around(uri: str) -> tuple[str, ...]:
    """Give every text in which a place could be written that has this one in it, itself with them."""
    return tuple(uri[: end + 1] for end, letter in enumerate(uri) if letter == "/")
