from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest
from consoling.desk import console, held
from consoling.visitor import forms_of

from geogate.console.guard import LARGEST_BODY

if TYPE_CHECKING:
    from gating.gate import Gate

PAGES = ("/", "/waivers", "/policies", "/obligations", "/signed-out", "/static/console.css", "/nowhere")


def test_every_answer_says_what_browsers_may_do(gate: Gate) -> None:
    with console(gate) as desk, desk.reviewer() as ada:
        for path in PAGES:
            headers = ada.get(path).headers
            policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
            assert policy["default-src"] == "'none'", path
            assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'", path
            assert policy["frame-ancestors"] == policy["base-uri"] == "'none'", path
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert "server" not in headers
            assert "static" in path or headers["cache-control"] == "no-store"


def test_pages_have_no_script_or_style_of_their_own_and_name_no_other_host(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer() as ada:
        for path in ("/", f"/releases/{request}", "/waivers", "/policies", "/policies/test", "/obligations"):
            page = ada.page(path)
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page), path
            assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page)), path
            assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", page), path


def test_a_cookie_is_for_this_host_and_for_no_script(gate: Gate) -> None:
    with console(gate) as desk, desk.reviewer() as ada:
        cookie = ada.http.get("/sign-in", follow_redirects=False).headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_a_cookie_over_https_is_secure_and_named_so_that_no_other_host_can_set_it(gate: Gate) -> None:
    from consoling.desk import LOOPBACK, ROLES
    from consoling.served import serving
    from consoling.visitor import GROUPS, USER

    from geogate.console.app import create_app
    from geogate.console.settings import ConsoleSettings

    (gate.policies.root / "roles.yaml").write_text(ROLES)
    settings = ConsoleSettings(url="https://gate.example.org", store=gate.home / "console.db", proxy=LOOPBACK)
    with serving(lambda _: create_app(gate.house(), settings)) as url:
        answer = httpx.get(f"{url}/sign-in", headers={USER: "ada", GROUPS: "", "host": "gate.example.org"})

    assert answer.headers["set-cookie"].startswith("__Host-geogate=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize(("size", "code"), [(LARGEST_BODY, 409), (LARGEST_BODY + 1, 413)])
def test_a_body_that_is_too_large_is_not_read(gate: Gate, size: int, code: int) -> None:
    with console(gate) as desk, desk.reviewer() as ada:
        ada.page("/")
        body = b"token=x&comment=" + b"a" * (size - 16)
        form = {"content-type": "application/x-www-form-urlencoded"}
        said = ada.http.post("/sign-out", content=body, headers=form)
        streamed = ada.http.post("/sign-out", content=iter([body]), headers=form)

    assert {said.status_code, streamed.status_code} <= {code, 400}
    assert (said.status_code == 413) is (code == 413)


@pytest.mark.parametrize("headers", [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
])  # fmt: skip
def test_a_form_of_another_place_is_refused(gate: Gate, headers: dict[str, str]) -> None:
    with console(gate) as desk, desk.reviewer() as ada:
        form = forms_of(ada.page("/"))["/sign-out"]
        refused = ada.http.post("/sign-out", data=form.fields, headers=headers)
        still = ada.http.get("/", follow_redirects=False)

    assert refused.status_code == 403
    assert still.status_code == 200


def test_another_host_is_refused(gate: Gate) -> None:
    with console(gate) as desk:
        assert httpx.get(f"{desk.url}/", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(gate: Gate, method: str) -> None:
    with console(gate) as desk:
        assert httpx.request(method, f"{desk.url}/").status_code == 405


def test_an_address_that_is_too_long_is_refused(gate: Gate) -> None:
    with console(gate) as desk:
        assert httpx.get(f"{desk.url}/?text={'a' * 5000}").status_code == 414


def test_there_is_no_page_that_describes_the_console_to_strangers(gate: Gate) -> None:
    with console(gate) as desk, desk.reviewer() as ada:
        codes = {path: ada.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")}

    assert set(codes.values()) == {404}


def test_forms_of_one_person_are_limited(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer() as ada:
        ada.page("/")
        sent = [
            ada.http.post(f"/releases/{request}/comment", data={"token": "made up", "comment": "x"}).status_code
            for _ in range(31)
        ]

    assert sent == [409] * 30 + [429]
