"""Destinations have one normal form, and what could be written in two ways is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geogate.destinations.channel import MEBIBYTE, SMALLEST_PART, ChannelSettings, channel_for
from geogate.destinations.scheme_s3 import is_bucket
from geogate.destinations.uri import LONGEST, normalise
from geogate.model.errors import UsageError
from geogate.model.parties import Place

HOME = Path("/srv/geogate")


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("s3://bucket", "s3://bucket/"),
        ("s3://bucket/", "s3://bucket/"),
        ("s3://my.bucket-1/a/b=1,c", "s3://my.bucket-1/a/b=1,c/"),
        ("file:///srv/out/acme", "file:///srv/out/acme/"),
        ("file:/srv/out/acme/", "file:///srv/out/acme/"),
        ("file:outbox/acme/", "file:///srv/geogate/outbox/acme/"),
        ("outbox/acme", "file:///srv/geogate/outbox/acme/"),
        ("/srv/Stra\u00dfen und Wege/", "file:///srv/Stra\u00dfen und Wege/"),
        ("sftp://gate@Partner.Example:22/in", "sftp://gate@partner.example/in/"),
        ("sftp://gate@partner.example:2222/", "sftp://gate@partner.example:2222/"),
        ("sftp://gate@[2001:DB8::1]/in/", "sftp://gate@[2001:db8::1]/in/"),
    ],
)
def test_every_way_to_write_a_place_has_one_normal_form(written: str, normal: str) -> None:
    assert normalise(written, home=HOME) == normal
    assert normalise(normal, home=HOME) == normal


@pytest.mark.parametrize(
    "written",
    [
        "",
        "/",
        "file:",
        "file:///",
        "file://host/dir/",
        "~/out/",
        "file:~root/",
        ".",
        "..",
        "out/../../etc/",
        "/srv/./out/",
        "/srv//out/",
        "/srv/out//",
        "//srv/out/",
        "/srv/o\u0000t/",
        "/srv/o\nt/",
        "/srv/o%2e/",
        "/srv/o?x=1",
        "/srv/o#x",
        "/srv/o*",
        "/srv/$HOME/",
        "/srv\\out/",
        "/srv/ out/",
        "/srv/out /",
        "/srv/out\u200b/",
        "/srv/\u202etuo/",
        "/srv/a\u0308/",
        "s3:bucket/",
        "s3:/bucket/",
        "s3://",
        "s3:///prefix/",
        "s3://Bucket/",
        "s3://bu/",
        "s3://192.168.5.4/",
        "s3://bucket/../other/",
        "s3://bucket//x/",
        "s3://bucket/a%2f/",
        "s3://bucket/a b/",
        "s3://bucket/Stra\u00dfe/",
        "s3://bucket/\u0430bc/",
        "s3://user@bucket/",
        "s3://bucket:80/",
        "s3://bucket/?versionId=1",
        "s3://bucket/*/",
        "S3://bucket/",
        "FILE:///srv/",
        "http://example.org/",
        "sftp://example.org/",
        "sftp://gate@example.org",
        "sftp://gate:word@example.org/in/",
        "sftp://gate@example.org/in/$x/",
        "sftp://gate@example.org//in/",
        "sftp://gate@example.org/../in/",
        "sftp://gate@127.1/in/",
        "sftp:/gate@example.org/in/",
        "ftp://example.org/",
        " s3://bucket/",
    ],
)
def test_what_is_not_a_place_or_has_two_spellings_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match=r"is not a destination|cannot send to"):
        normalise(written, home=HOME)


def test_the_length_is_limited() -> None:
    longest = "s3://bucket/" + "a" * (LONGEST - len("s3://bucket//")) + "/"
    assert normalise(longest, home=HOME) == longest
    with pytest.raises(UsageError, match="too long"):
        normalise(longest[:-1] + "a/", home=HOME)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("abc", True),
        ("ab", False),
        ("a" * 63, True),
        ("a" * 64, False),
        ("a.b", True),
        ("a..b", False),
        ("a.-b", False),
        ("-abc", False),
        ("abc-", False),
        (".abc", False),
        ("a_b", False),
        ("abc\n", False),
        ("1.2.3.4", False),
        ("1.2.3", True),
        ("xn--abc", False),
        ("sthree-abc", False),
        ("abc-s3alias", False),
        ("abc--ol-s3", False),
        ("abc.mrap", False),
        ("abc--x-s3", False),
    ],
)
def test_buckets_are_named_as_s3_names_them(name: str, good: bool) -> None:  # noqa: FBT001
    assert is_bucket(name) is good


def test_links_in_home_are_resolved_and_links_below_it_are_not(tmp_path: Path) -> None:
    real = tmp_path / "real"
    (real / "elsewhere").mkdir(parents=True)
    (tmp_path / "home").symlink_to(real)
    (real / "out").symlink_to(real / "elsewhere")
    assert normalise("out/", home=tmp_path / "home") == f"file://{real.resolve()}/out/"


@given(st.text(max_size=12), st.sampled_from(["", "s3://", "s3://bucket/", "file:", "file:///", "/"]))
def test_whatever_is_written_the_normal_form_is_normal_or_refused(text: str, start: str) -> None:
    try:
        normal = normalise(start + text, home=HOME)
    except UsageError:
        return
    assert normalise(normal, home=Path("/elsewhere")) == normal
    assert normal.endswith("/")
    path = normal.split("://", 1)[1]
    assert not {"..", "."} & set(path.split("/"))
    assert "//" not in path
    assert not set("%?#*$\\") & set(path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"releaser_role": "geogate-releaser"}, "not the ARN of a role"),
        ({"releaser_role": "arn:aws:iam::111122223333:user/x"}, "not the ARN of a role"),
        ({"country": "Germany"}, "not an ISO 3166-1"),
        ({"country": "de"}, "not an ISO 3166-1"),
        ({"part_size": SMALLEST_PART - 1}, "part size"),
        ({"part_size": 1024 * MEBIBYTE + 1}, "part size"),
    ],
)
def test_settings_that_are_not_of_their_kind_are_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ChannelSettings(**settings)  # type: ignore[arg-type]


def test_settings_at_their_limits_are_taken() -> None:
    assert ChannelSettings(part_size=SMALLEST_PART).part_size == SMALLEST_PART
    assert ChannelSettings(part_size=1024 * MEBIBYTE, country="DE").country == "DE"
    assert ChannelSettings(releaser_role="arn:aws-cn:iam::111122223333:role/path/geogate-releaser").releaser_role


@pytest.mark.parametrize("destination", ["s3://bucket", "outbox/", "file:outbox/", "/srv/out/", "s3://bucket/../"])
def test_a_channel_is_opened_to_normal_forms_only(destination: str) -> None:
    with pytest.raises(UsageError):
        channel_for(destination, settings=ChannelSettings())


def test_the_owner_of_a_bucket_is_an_account() -> None:
    with pytest.raises(UsageError, match="twelve digits"):
        channel_for("s3://bucket/", settings=ChannelSettings(), registered=Place(uri="s3://bucket/", owner="acme"))


@pytest.mark.parametrize(
    "text",
    [
        "sftp://gate:word@example.org/in/",
        "https://gate:word@example.org/in/",
        "s3://AKIA:wo/rd@bucket/in/",
        "az://account/container/in/?sv=2026&sig=word",
        "gs://bucket/in/#word",
    ],
)
def test_a_text_that_is_no_destination_is_not_repeated_with_what_may_be_a_secret(text: str) -> None:
    with pytest.raises(UsageError) as error:
        normalise(text, home=Path("/"))
    assert "is not a destination" in str(error.value)
    assert "wo" not in error.value.summary
