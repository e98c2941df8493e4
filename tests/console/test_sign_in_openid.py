from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from consoling.desk import Desk, console
from consoling.provider import CLIENT, SECRET, OpenIdProvider
from consoling.served import serving
from consoling.visitor import Visitor, forms_of, text_of
from joserfc.jwk import OctKey, RSAKey

from geogate.console.settings import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gating.gate import Gate


@contextmanager
def signing_in(gate: Gate, *, name_claim: str = "preferred_username") -> Iterator[tuple[Desk, OpenIdProvider]]:
    provider = OpenIdProvider()
    with serving(provider.app) as issuer:
        known = Provider(
            issuer=issuer,
            client_id=CLIENT,
            client_secret=SECRET,
            name_claim=name_claim,
            groups_claim="groups",
            scope="openid profile",
        )
        with console(gate, provider=known) as desk:
            yield desk, provider


def test_who_signs_in_has_the_roles_of_the_groups_that_the_provider_names(gate: Gate) -> None:
    with signing_in(gate) as (desk, provider), Visitor(desk.url) as ada:
        page = text_of(ada.page("/"))
        asked = provider.seen[0]

    assert "ada" in page
    assert "reviewer" in page
    assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
    assert asked["nonce"]
    assert asked["redirect_uri"] == f"{desk.url}/sign-in/back"


def test_after_signing_in_one_is_where_one_wanted_to_be(gate: Gate) -> None:
    with signing_in(gate) as (desk, _), Visitor(desk.url) as ada:
        answer = ada.get("/waivers?all=true")

    assert str(answer.url) == f"{desk.url}/waivers?all=true"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:1"])
def test_nobody_is_sent_to_another_place_after_signing_in(gate: Gate, elsewhere: str) -> None:
    with signing_in(gate) as (desk, _), Visitor(desk.url) as ada:
        answer = ada.http.get("/sign-in", params={"next": elsewhere})

    assert str(answer.url) == f"{desk.url}/"


def spoilt(name: str, value: Any) -> Any:
    return lambda claims: claims.update({name: value})


SPOILT = {
    "another audience": spoilt("aud", "another-application"),
    "another issuer": spoilt("iss", "https://evil.example"),
    "expired": spoilt("exp", 1_000_000_000),
    "issued in the future": spoilt("iat", 4_000_000_000),
    "not valid yet": spoilt("nbf", 4_000_000_000),
    "another nonce": spoilt("nonce", "another"),
    "several audiences and no authorised party": spoilt("aud", [CLIENT, "another"]),
    "another authorised party": spoilt("azp", "another"),
    "no expiry": lambda claims: claims.pop("exp"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "no name": lambda claims: claims.pop("preferred_username"),
    "a name with a line break": spoilt("preferred_username", "ada\nboss"),
    "a name with a bidirectional override": spoilt("preferred_username", "ada\u202eboss"),
    "groups that are no texts": spoilt("groups", [1, 2]),
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_an_identity_token_that_is_not_good_signs_nobody_in(gate: Gate, spoil: str) -> None:
    with signing_in(gate) as (desk, provider), Visitor(desk.url) as ada:
        provider.spoil = SPOILT[spoil]
        answer = ada.get("/")
        again = ada.http.get("/", follow_redirects=False)

    assert answer.status_code == 409
    assert "reviewer" not in text_of(answer.text)
    assert again.status_code == 303


def test_a_token_that_somebody_else_signed_signs_nobody_in(gate: Gate) -> None:
    with signing_in(gate) as (desk, provider), Visitor(desk.url) as ada:
        provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})

        assert ada.get("/").status_code == 409


def test_a_token_that_is_signed_with_a_secret_that_two_know_signs_nobody_in(gate: Gate) -> None:
    with signing_in(gate) as (desk, provider), Visitor(desk.url) as ada:
        provider.signs_with = OctKey.import_key(SECRET, {"kid": "one"})
        provider.algorithm = "HS256"

        assert ada.get("/").status_code == 409


def departure(desk: Desk) -> tuple[httpx.Client, str, str]:
    """Begin a sign-in, and give the browser, and the state and code that the provider sends back."""
    browser = httpx.Client(base_url=desk.url, timeout=30)
    there = browser.get("/sign-in").headers["location"]
    back = httpx.get(there).headers["location"]
    query = parse_qs(urlsplit(back).query)
    return browser, query["state"][0], query["code"][0]


def test_another_browser_cannot_take_the_sign_in(gate: Gate) -> None:
    with signing_in(gate) as (desk, _):
        browser, state, code = departure(desk)
        with httpx.Client(base_url=desk.url) as other:
            refused = other.get("/sign-in/back", params={"state": state, "code": code})
        taken = browser.get("/sign-in/back", params={"state": state, "code": code})
        browser.close()

    assert refused.status_code == 409
    assert "did not begin" in text_of(refused.text)
    assert taken.status_code == 303


def test_a_sign_in_is_taken_once(gate: Gate) -> None:
    with signing_in(gate) as (desk, _):
        browser, state, code = departure(desk)
        cookies = dict(browser.cookies)
        first = browser.get("/sign-in/back", params={"state": state, "code": code})
        with httpx.Client(base_url=desk.url, cookies=cookies) as thief:
            second = thief.get("/sign-in/back", params={"state": state, "code": code})
        browser.close()

    assert (first.status_code, second.status_code) == (303, 409)


def test_a_sign_in_that_takes_too_long_is_refused(gate: Gate) -> None:
    with signing_in(gate) as (desk, _):
        browser, state, code = departure(desk)
        desk.ahead = timedelta(minutes=11)
        late = browser.get("/sign-in/back", params={"state": state, "code": code})
        browser.close()

    assert late.status_code == 409


def test_a_code_of_another_sign_in_is_worth_nothing(gate: Gate) -> None:
    with signing_in(gate) as (desk, _):
        victim, state, _ = departure(desk)
        attacker, _, code = departure(desk)
        mixed = victim.get("/sign-in/back", params={"state": state, "code": code})
        victim.close()
        attacker.close()

    assert mixed.status_code == 409


def test_a_provider_that_calls_itself_another_is_not_used(gate: Gate) -> None:
    with signing_in(gate) as (desk, provider), Visitor(desk.url) as ada:
        provider.issuer = "https://evil.example"

        assert ada.get("/").status_code == 503


def test_the_cookie_is_renewed_at_each_sign_in_and_the_old_one_is_worth_nothing(gate: Gate) -> None:
    with signing_in(gate) as (desk, _), Visitor(desk.url) as ada:
        ada.page("/")
        before = ada.http.cookies["geogate"]
        ada.page("/sign-in")
        after = ada.http.cookies["geogate"]
        with httpx.Client(base_url=desk.url, cookies={"geogate": before}) as old:
            stale = old.get("/")

    assert before != after
    assert stale.status_code == 303


def test_signing_out_ends_the_session_at_the_server(gate: Gate) -> None:
    with signing_in(gate) as (desk, _), Visitor(desk.url) as ada:
        page = ada.page("/")
        stolen = ada.http.cookies["geogate"]
        ada.send(forms_of(page)["/sign-out"])
        with httpx.Client(base_url=desk.url, cookies={"geogate": stolen}) as thief:
            refused = thief.get("/")

    assert refused.status_code == 303


@pytest.mark.parametrize(
    ("ahead", "good"), [(timedelta(minutes=29), True), (timedelta(minutes=31), False), (timedelta(minutes=-5), False)]
)
def test_a_session_ends_when_it_is_not_used_or_a_clock_goes_back(gate: Gate, ahead: timedelta, good: bool) -> None:  # noqa: FBT001
    with signing_in(gate) as (desk, _), Visitor(desk.url) as ada:
        ada.page("/")
        desk.ahead = ahead
        answer = ada.http.get("/", follow_redirects=False)

    assert (answer.status_code == 200) is good


def test_a_session_ends_after_some_hours_however_much_it_is_used(gate: Gate) -> None:
    with signing_in(gate) as (desk, _), Visitor(desk.url) as ada:
        ada.page("/")
        codes = []
        for minutes in range(25, 8 * 60 + 26, 25):
            desk.ahead = timedelta(minutes=minutes)
            codes.append(ada.http.get("/waivers", follow_redirects=False).status_code)

    assert set(codes[:-1]) == {200}
    assert codes[-1] == 303


def test_sign_ins_of_one_address_are_limited(gate: Gate) -> None:
    with signing_in(gate) as (desk, _), httpx.Client(base_url=desk.url) as many:
        codes = [many.get("/sign-in").status_code for _ in range(31)]

    assert codes == [303] * 30 + [429]
