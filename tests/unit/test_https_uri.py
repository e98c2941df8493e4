"""Places behind HTTPS have one normal form, on which the gate and the file of recipients agree, without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geogate.destinations.https_uri import escaped, path_of, server_of
from geogate.destinations.uri import normalise
from geogate.model.errors import UsageError
from geogate.policy.places import is_place

HOME = Path("/srv/geogate")


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("https://partner.example", "https://partner.example/"),
        ("https://Partner.Example:443/in", "https://partner.example/in/"),
        ("https://partner.example:8443/in/a=1@x/", "https://partner.example:8443/in/a=1@x/"),
        ("https://127.0.0.1/in/", "https://127.0.0.1/in/"),
        ("https://xn--mnchen-3ya.example/", "https://xn--mnchen-3ya.example/"),
        ("ogcapi://partner.example/api/collections/roads", "ogcapi://partner.example/api/collections/roads/"),
        ("ogcapi://localhost:5000/collections/roads/", "ogcapi://localhost:5000/collections/roads/"),
    ],
)
def test_every_way_to_write_a_place_has_one_normal_form(written: str, normal: str) -> None:
    assert normalise(written, home=HOME) == normal
    assert normalise(normal, home=HOME) == normal
    assert is_place(normal)
    assert written == normal or not is_place(written)


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "//",
        "///in/",
        "partner.example/in/",
        "//partner.example.//in/",
        "//partner.example./in/",
        "//partner_.example/in/",
        "//-partner.example/in/",
        "//münchen.example/in/",
        "//partner.example:0/in/",
        "//partner.example:065/in/",
        "//partner.example:65536/in/",
        "//partner.example:/in/",
        "//partner.example:٤٤٤/in/",
        "//127.1/in/",
        "//127.0.0.01/in/",
        "//2130706433/in/",
        "//0x7f.0.0.0x1/in/",
        "//[::1]/in/",
        "//user@partner.example/in/",
        "//user:secret@partner.example/in/",
        "//partner.example/in/../out/",
        "//partner.example/./in/",
        "//partner.example/in//x/",
        "//partner.example/in/?token=1",
        "//partner.example/in/#x",
        "//partner.example/in/%2e%2e/",
        "//partner.example/a b/",
        "//partner.example/ü/",
        "//partner.example/a\\b/",
        "//partner.example\\@other.example/in/",
        "//partner.example/" + "x" * 900,
        "//" + "a" * 64 + ".example/in/",
    ],
)
@pytest.mark.parametrize("scheme", ["https", "ogcapi"])
def test_what_is_not_a_place_or_has_two_spellings_is_refused(scheme: str, rest: str) -> None:
    more = "collections/roads/" if scheme == "ogcapi" and rest.endswith("/") else ""
    with pytest.raises(UsageError):
        normalise(f"{scheme}:{rest}{more}", home=HOME)
    assert len(rest) > 900 or not is_place(f"{scheme}:{rest}{more}")


@pytest.mark.parametrize("uri", ["ogcapi://h/", "ogcapi://h/api/", "ogcapi://h/collections/", "ogcapi://h/a/roads/"])
def test_features_go_into_a_collection_only(uri: str) -> None:
    with pytest.raises(UsageError, match="name a collection"):
        normalise(uri, home=HOME)
    assert not is_place(uri)


@pytest.mark.parametrize("password", ["hidden", "hidden/1"])
def test_a_password_in_a_destination_is_not_repeated(password: str) -> None:
    with pytest.raises(UsageError, match=r"'https://\.\.\.@partner\.example/in/' is not a destination") as caught:
        normalise(f"https://me:{password}@partner.example/in/", home=HOME)
    assert "hidden" not in str(caught.value)


def test_plain_http_is_no_scheme() -> None:
    with pytest.raises(UsageError, match="cannot send to http:"):
        normalise("http://partner.example/in/", home=HOME)


@given(st.text(alphabet="abAB019.:-_@%/~\u00e4 ", max_size=30))
def test_the_gate_and_the_file_of_recipients_agree(text: str) -> None:
    uri = f"https://{text}/"
    try:
        normal = normalise(uri, home=HOME)
    except UsageError:
        assert not is_place(uri)
        return
    assert is_place(normal)
    assert is_place(uri) == (uri == normal)
    assert server_of(normal).authority == normal.split("/")[2]


def test_names_are_escaped_over_the_wire() -> None:
    assert path_of("https://partner.example/in/a=1/") == "/in/a%3D1/"
    assert escaped("sub/ü a&b.gpkg") == "sub/%C3%BC%20a%26b.gpkg"
