"""Places: an address is inside one only if it says so in the one normal form."""

from __future__ import annotations

import pytest

from geogate.model.names import RecipientId
from geogate.model.parties import Place, Recipient
from geogate.policy.places import inside, is_normal, is_place, shared


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/",
        "s3://bucket/prefix/",
        "s3://buck.et-1/a/b_c/d=e/f.csv",
        "file:outbox/x/",
        "file:///srv/out box/x/",
        "file:///srv/größe/",
        "sftp://gate@partner.example/",
        "sftp://gate@partner.example:2222/in box/größe/a.csv",
        "sftp://a_b-c.d@10.0.0.1/in/",
        "sftp://gate@[2001:db8::1]/in/",
        "sftp://gate@[2001:db8::1]:2222/in/",
        "az://account1/box/",
        "az://account1/my-box/a/b=1.csv",
        "gs://my_bucket.eu-1/",
        "gs://bucket/prefix/",
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
        "ftp://bucket/x/",
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
        "sftp://partner.example/in/",
        "sftp://gate:secret@partner.example/in/",
        "sftp://gate@Partner.example/in/",
        "sftp://gate@partner.example./in/",
        "sftp://gate@partner..example/in/",
        "sftp://gate@-partner.example/in/",
        "sftp://gate@partner.example:22/in/",
        "sftp://gate@partner.example:022/in/",
        "sftp://gate@partner.example:0/in/",
        "sftp://gate@partner.example:65536/in/",
        "sftp://gate@partner.example:/in/",
        "sftp://gate@partner.example",
        "sftp://gate@partner.example/~/in/",
        "sftp://gate@partner.example//in/",
        "sftp://gate@partner.example/in/../out/",
        "sftp://gate@partner.example/$HOME/",
        "sftp://gate@partner.example/a%2Fb/",
        "sftp://gate@127.1/in/",
        "sftp://gate@010.0.0.1/in/",
        "sftp://gate@0x7f.1/in/",
        "sftp://gate@127.0x1/in/",
        "sftp://gate@0x7f000001/in/",
        "sftp://gate@2001:db8::1/in/",
        "sftp://gate@[2001:DB8::1]/in/",
        "sftp://gate@[2001:db8:0::1]/in/",
        "sftp://gate@[10.0.0.1]/in/",
        "sftp://gate@[fe80::1%eth0]/in/",
        "sftp://@partner.example/in/",
        "sftp://a@b@partner.example/in/",
        "sftp:gate@partner.example/in/",
        "SFTP://gate@partner.example/in/",
        "az://account1/",
        "az://account1/box",
        "az://ac/box/",
        "az://Account1/box/",
        "az://my-account/box/",
        "az://account1/my--box/",
        "az://account1/-box/",
        "az://account1/$web/",
        "az://account1/ab/",
        "az://account1/box//x/",
        "az://account1/box/a b/",
        "az://key@account1/box/",
        "azure://account1/box/",
        "gs://goog-bucket/x/",
        "gs://my-google-bucket/x/",
        "gs://10.0.0.1/x/",
        "gs://b..ucket/x/",
        "gs://Bucket/x/",
        "gs://bucket",
        "gs://ab/x/",
        "gs://bucket/../x/",
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
        ("sftp://gate@partner.example/in-evil/", "sftp://gate@partner.example/in/"),
        ("sftp://other@partner.example/in/", "sftp://gate@partner.example/in/"),
        ("sftp://gate@partner.example:2222/in/", "sftp://gate@partner.example/in/"),
        ("sftp://gate@partner.example.evil.test/in/", "sftp://gate@partner.example/in/"),
        ("az://account2/box/a/", "az://account1/box/"),
        ("az://account1/box2/a/", "az://account1/box/"),
        ("gs://bucket/a/", "s3://bucket/a/"),
    ],
)
def test_what_only_looks_like_it_is_outside(uri: str, place: str) -> None:
    assert not inside(uri, Place(uri=place, owner=""))


def test_a_place_ends_in_a_slash() -> None:
    assert is_place("s3://bucket/a/")
    assert not is_place("s3://bucket/a")


def of(name: str, *uris: str) -> Recipient:
    places = tuple(Place(uri=uri, owner="") for uri in uris)
    return Recipient(id=RecipientId(name), name=name, country="DE", owners=(), contract=None, destinations=places)


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("s3://bucket/in/a/", "s3://bucket/in/"),
        ("https://host.example/in/", "https://host.example/in/"),
        ("ogcapi://host.example/in/collections/roads/", "https://host.example/in/"),
        ("https://host.example/in/collections/roads/deep/", "ogcapi://host.example/in/collections/roads/"),
        ("sftp://me@host.example/in/a/", "https://host.example/in/"),
        ("https://host.example:8443/in/", "sftp://me@host.example:2222/in/"),
        ("ogcapi://host.example/in/collections/roads/", "sftp://me@host.example/in/"),
        ("sftp://me@host.example/in/a/", "sftp://me@host.example/in/"),
    ],
)
def test_a_place_that_somebody_else_can_read_by_another_way_is_shared(inner: str, outer: str) -> None:
    one, other = of("one", inner), of("other", outer)
    assert (one, other) in shared([one, other])
    assert (one, other) in shared([other, one])
    assert not shared([of("one", inner, outer)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://host.example/in/", "https://host.example/out/"),
        ("https://host.example/in/", "https://host.example:8443/in/"),
        ("https://host.example/in/", "https://other.example/in/"),
        ("ogcapi://host.example/in/collections/roads/", "https://host.example/in/collections/rivers/"),
        ("sftp://me@host.example/in/", "https://host.example/out/"),
        ("sftp://me@host.example/in/", "https://other.example/in/"),
        ("sftp://me@host.example/in/", "sftp://you@host.example/in/"),
        ("s3://host.example/in/", "https://host.example/in/"),
        ("file:///in/", "sftp://me@host.example/in/"),
    ],
)
def test_places_beside_each_other_are_not_shared(one: str, other: str) -> None:
    assert not shared([of("one", one), of("other", other)])
