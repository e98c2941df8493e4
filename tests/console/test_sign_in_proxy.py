from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest
from consoling.desk import LOOPBACK, console
from consoling.visitor import GROUPS, USER, Visitor, text_of

from geogate.console.app import create_app
from geogate.console.settings import ConsoleSettings
from geogate.gate.settings import Settings
from geogate.model.authority import Identity, Source
from geogate.model.errors import UsageError
from geogate.model.names import Actor

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import Request
    from gating.gate import Gate


def test_whom_the_proxy_names_is_signed_in_with_the_groups_that_it_says(gate: Gate) -> None:
    with console(gate) as desk, desk.visitor("ada", "reviewers", "others") as ada:
        page = text_of(ada.page("/"))

    assert "ada" in page
    assert "reviewer" in page


def test_a_header_from_another_peer_is_worth_nothing(gate: Gate) -> None:
    elsewhere = replace(LOOPBACK, peers=(ipaddress.ip_network("192.0.2.0/24"),))
    with console(gate, proxy=elsewhere) as desk, desk.visitor("ada", "reviewers") as ada:
        answer = ada.get("/")

    assert answer.status_code == 401
    assert "nobody vouches" in text_of(answer.text).lower()


def test_a_forwarded_address_does_not_make_a_peer_the_proxy(gate: Gate) -> None:
    elsewhere = replace(LOOPBACK, peers=(ipaddress.ip_network("192.0.2.7"),))
    with console(gate, proxy=elsewhere) as desk, desk.visitor("ada", "reviewers") as ada:
        ada.http.headers.update(
            {"x-forwarded-for": "192.0.2.7", "forwarded": "for=192.0.2.7", "x-real-ip": "192.0.2.7"}
        )

        assert ada.get("/").status_code == 401


@pytest.mark.parametrize("headers", [
    [(USER, "ada"), (USER, "boss"), (GROUPS, "reviewers")],
    [(USER, "ada"), (GROUPS, "reviewers"), (GROUPS, "administrators")],
    [(GROUPS, "reviewers")],
    [(USER, ""), (GROUPS, "reviewers")],
    [(USER, "a" * 301), (GROUPS, "reviewers")],
])  # fmt: skip
def test_headers_that_do_not_name_one_person_sign_nobody_in(gate: Gate, headers: list[tuple[str, str]]) -> None:
    with console(gate) as desk:
        answer = httpx.get(f"{desk.url}/sign-in", headers=headers)

    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_a_session_is_worth_nothing_to_whom_the_proxy_names_otherwise(gate: Gate) -> None:
    with console(gate) as desk, desk.reviewer() as ada:
        ada.page("/")
        cookies = dict(ada.http.cookies)
        for headers in ({USER: "eve", GROUPS: "reviewers"}, {USER: "ada", GROUPS: "administrators"}, {}):
            answer = httpx.get(f"{desk.url}/", headers=headers, cookies=cookies)
            assert answer.status_code == 303, headers


def test_the_application_around_the_console_can_vouch_for_people(gate: Gate) -> None:
    def vouching(request: Request) -> Identity | None:
        name = request.headers.get("x-airflow")
        return Identity(name=Actor(name), groups=("reviewers",), source=Source.AIRFLOW) if name else None

    from consoling.desk import ROLES
    from consoling.served import serving

    (gate.policies.root / "roles.yaml").write_text(ROLES)
    settings = ConsoleSettings(url="", store=gate.home / "console.db", framed=True)
    with serving(lambda _: create_app(gate.house(), settings, vouching=vouching)) as url, Visitor(url) as ada:
        nobody = ada.get("/")
        ada.http.headers["x-airflow"] = "ada"
        somebody = ada.get("/")

    assert nobody.status_code == 401
    assert somebody.status_code == 200
    assert "frame-ancestors 'self'" in somebody.headers["content-security-policy"]


GOOD = {
    "GEOGATE_CONSOLE_AUTH": "proxy",
    "GEOGATE_CONSOLE_URL": "https://gate.example.org",
    "GEOGATE_CONSOLE_PROXY_PEERS": "10.0.0.5, 10.1.0.0/28",
}
BAD = [
    {"GEOGATE_CONSOLE_AUTH": ""},
    {"GEOGATE_CONSOLE_AUTH": "none"},
    {"GEOGATE_CONSOLE_URL": ""},
    {"GEOGATE_CONSOLE_URL": "http://gate.example.org"},
    {"GEOGATE_CONSOLE_URL": "https://gate.example.org/console"},
    {"GEOGATE_CONSOLE_URL": "https://user@gate.example.org"},
    {"GEOGATE_CONSOLE_PROXY_PEERS": ""},
    {"GEOGATE_CONSOLE_PROXY_PEERS": "0.0.0.0/0"},
    {"GEOGATE_CONSOLE_PROXY_PEERS": "::/0"},
    {"GEOGATE_CONSOLE_PROXY_PEERS": "the-proxy"},
    {"GEOGATE_CONSOLE_SESSION_HOURS": "25"},
    {"GEOGATE_CONSOLE_IDLE_MINUTES": "0"},
    {"GEOGATE_CONSOLE_AUTH": "oidc"},
    {"GEOGATE_CONSOLE_AUTH": "oidc", "GEOGATE_CONSOLE_OIDC_ISSUER": "http://id.example.org"},
]


def read(environment: dict[str, str], tmp_path: Path) -> ConsoleSettings:
    gate = Settings.from_environment({"GEOGATE_HOME": str(tmp_path)} | environment)
    return ConsoleSettings.from_environment(environment, gate=gate)


def test_the_settings_of_a_proxy_are_read(tmp_path: Path) -> None:
    settings = read(GOOD, tmp_path)

    assert settings.secure
    assert settings.proxy is not None
    assert len(settings.proxy.peers) == 2
    assert (settings.host, settings.origin) == ("gate.example.org", "https://gate.example.org")


@pytest.mark.parametrize("change", BAD, ids=lambda change: " ".join(f"{k[16:]}={v}" for k, v in change.items()))
def test_the_console_does_not_start_where_anybody_could_sign_in_or_nobody(
    change: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="GEOGATE_CONSOLE_"):
        read(GOOD | change, tmp_path)


def test_there_is_no_application_without_a_way_to_sign_in(gate: Gate) -> None:
    settings = ConsoleSettings(url="http://localhost:1", store=gate.home / "console.db")

    with pytest.raises(UsageError, match="exactly one way"):
        create_app(gate.house(), settings)
