"""Nothing that resolves outside a place is ever inside it, whatever letters it is made of."""

from __future__ import annotations

import posixpath
import unicodedata
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from geogate.model.parties import Place
from geogate.policy.places import inside, is_normal

PLACE = Place(uri="s3://bucket/partner/", owner="123456789012")

tricky = st.sampled_from(
    [
        *(
            "..",
            ".",
            "/",
            "//",
            "%2e%2e",
            "%2F",
            "\\",
            "a",
            "partner",
            "bucket",
            "-evil",
            "s3://",
            "?",
            "#",
            " ",
            "@",
            ":",
        ),
        *("\u2024", "\uff0e", "\u0430", "\x00", "\n", "file:", "S3"),
    ]
)
tails = st.lists(tricky | st.characters(), max_size=6).map("".join)


def resolved(uri: str) -> str:
    """Resolve a URI as generously as any client could: composed, unescaped, lower case, dots followed."""
    text = unicodedata.normalize("NFKC", unquote(unquote(uri))).replace("\\", "/").lower()
    scheme, _, path = text.partition("://")
    return f"{scheme}://{posixpath.normpath('/' + path.partition('?')[0].partition('#')[0]).lstrip('/')}/"


@given(tails)
def test_what_is_inside_stays_inside_however_it_is_resolved(tail: str) -> None:
    for uri in (PLACE.uri + tail, PLACE.uri.removesuffix("/") + tail, "s3://bucket" + tail, tail):
        if inside(uri, PLACE):
            assert resolved(uri).startswith(PLACE.uri)


@given(st.lists(st.text("abcXYZ019._=@+,~-", min_size=1, max_size=8).filter(lambda s: s.strip(".")), max_size=4))
def test_plain_segments_below_a_place_are_inside(segments: list[str]) -> None:
    assert inside(PLACE.uri + "".join(f"{segment}/" for segment in segments), PLACE)


@given(tails, tails)
def test_only_normal_addresses_are_inside_and_only_of_normal_places(uri: str, place: str) -> None:
    if inside(uri, Place(uri=place, owner="")):
        assert is_normal(uri)
        assert is_normal(place)
        assert place.endswith("/")
        assert uri.startswith(place)
