"""Places: an address is inside one only if it says so in the one normal form."""

from __future__ import annotations

import pytest

from geogate.model.parties import Place
from geogate.policy.places import inside, is_normal, is_place


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/",
        "s3://bucket/prefix/",
        "s3://buck.et-1/a/b_c/d=e/f.csv",
        "file:outbox/x/",
        "file:///srv/out box/x/",
        "file:///srv/größe/",
    ],
)
def test_normal_forms_are_recognised(uri: str) -> None:
    assert is_normal(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "bucket/prefix/",
        "/srv/x/",
        "s3:/bucket/x/",
        "s3://bucket",
        "s3:///x/",
        "s3://Bucket/x/",
        "s3://bu..cket/x/",
        "s3://bucket//x/",
        "s3://bucket/x//",
        "s3://bucket/../x/",
        "s3://bucket/./x/",
        "s3://bucket/x/..",
        "s3://bucket/.../x/",
        "s3://bucket/a%2Fb/",
        "s3://bucket/a?b/",
        "s3://bucket/a#b/",
        "s3://bucket/a\\b/",
        "s3://bucket/a b/",
        "s3://bucket/ä/",
        "s3://bucket/x/\n",
        "s3://b\u0430cket/x/",
        "s3://user@bucket/x/",
        "s3://bucket:443/x/",
        "S3://bucket/x/",
        "s3a://bucket/x/",
        "https://bucket/x/",
        "file:",
        "file:/srv/x/",
        "file://srv/x/",
        "file:///",
        "file:////srv/",
        "FILE:///srv/x/",
        "file:../x/",
        "file:a/../../x/",
        "file:///srv/%2e%2e/x/",
        "file:///srv/x/ /",
        "file:///srv/gro\u0308sse/",
        "file:///srv/x\u200b/",
        "file:" + "a" * 1024,
    ],
)
def test_other_spellings_are_not_normal_and_lie_nowhere(uri: str) -> None:
    assert not is_normal(uri)
    assert not inside(uri, Place(uri=uri, owner=""))


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://bucket/a/", "s3://bucket/a/"),
        ("s3://bucket/a/b/c.parquet", "s3://bucket/a/"),
        ("s3://bucket/a/", "s3://bucket/"),
        ("file:///srv/a/b/", "file:///srv/a/"),
    ],
)
def test_what_lies_below_a_place_is_inside(uri: str, place: str) -> None:
    assert inside(uri, Place(uri=place, owner=""))


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://bucket-evil/a/", "s3://bucket/"),
        ("s3://bucket/ab/", "s3://bucket/a/"),
        ("s3://bucket/a", "s3://bucket/a/"),
        ("s3://bucket/A/", "s3://bucket/a/"),
        ("s3://bucket/a/../b/", "s3://bucket/a/"),
        ("s3://bucket/a/%2e%2e/b/", "s3://bucket/a/"),
        ("s3://bucket/a//b/", "s3://bucket/a/"),
        ("s3://bucket/\u0430/", "s3://bucket/a/"),
        ("s3://bucket/ab/", "s3://bucket/a"),
        ("s3://bucket/", "s3://bucket/a/"),
        ("file:srv/a/", "file:///srv/a/"),
        ("file:///srv/a/", "file:srv/a/"),
        ("s3://bucket/a/", ""),
    ],
)
def test_what_only_looks_like_it_is_outside(uri: str, place: str) -> None:
    assert not inside(uri, Place(uri=place, owner=""))


def test_a_place_ends_in_a_slash() -> None:
    assert is_place("s3://bucket/a/")
    assert not is_place("s3://bucket/a")
