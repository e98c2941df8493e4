"""Ways into the console that were tried: names of others, tokens with more than they are for, looks without a trace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from console.test_sign_in_openid import signing_in
from consoling.desk import console, held
from consoling.visitor import GROUPS, USER, Visitor, text_of
from gating.files import COARSE, frame
from gating.gate import REQUESTER

from geogate.console.client import Client
from geogate.console.oidc import own_page
from geogate.console.people import Lasting, begin, end_all, identified, make_token, resume
from geogate.console.store import Store
from geogate.gate.reviews_release import release
from geogate.gate.submit import submit
from geogate.model.authority import ForbiddenError, Identity, Role, Source
from geogate.model.errors import UsageError
from geogate.model.names import Actor

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PEOPLE = [Source.OIDC, Source.PROXY, Source.AIRFLOW]


@pytest.mark.parametrize("source", PEOPLE)
@pytest.mark.parametrize("name", ["token:pipeline", "TOKEN:pipeline", "token\uff1apipeline", "airflow:export"])
def test_nobody_signs_in_by_the_name_of_a_service(source: Source, name: str) -> None:
    with pytest.raises(UsageError, match="does not name you"):
        identified(name, (), source)


@pytest.mark.parametrize("source", PEOPLE)
@pytest.mark.parametrize("name", ["ada\ufe0f", "a\u034fda", "ada\u200b", "\u3164", "a\u115fda", "ada\U000e0100"])
def test_nobody_signs_in_by_a_name_that_hides_something(source: Source, name: str) -> None:
    with pytest.raises(UsageError, match="does not name you"):
        identified(name, (), source)


@pytest.mark.parametrize(
    "name", ["ada", "Zo\u00eb M\u00fcller", "\u674e\u96f7", "tokens", "ada@example.org", "an:airflow"]
)
def test_people_sign_in_by_their_names(name: str) -> None:
    assert identified(name, ["a"], Source.OIDC) == Identity(name=Actor(name), groups=("a",), source=Source.OIDC)


@pytest.mark.parametrize("verified", [False, "true", None])
def test_an_address_that_nobody_verified_is_no_name(gate: Gate, verified: object) -> None:
    with signing_in(gate, name_claim="email") as (desk, provider), Visitor(desk.url) as ada:
        said: dict[str, Any] = {"email": "ada@example.org"} | ({} if verified is None else {"email_verified": verified})
        provider.spoil = lambda claims: claims.update(said)
        refused = ada.get("/")
        provider.spoil = lambda claims: claims.update({**said, "email_verified": True})
        taken = ada.get("/")

    assert refused.status_code == 409
    assert "has not verified" in text_of(refused.text)
    assert "ada@example.org" in text_of(taken.text)


def test_a_name_that_a_proxy_sends_is_the_same_as_elsewhere(gate: Gate) -> None:
    with console(gate) as desk:
        name, groups = "Zo\u00eb".encode(), (GROUPS.encode(), b"reviewers")
        user = USER.encode()
        good = httpx.get(f"{desk.url}/sign-in", headers=[(user, name), groups], follow_redirects=False)
        bad = httpx.get(f"{desk.url}/sign-in", headers=[(user, b"Zo\xeb"), groups], follow_redirects=False)
        page = httpx.get(desk.url, headers=[(user, name), groups], cookies=dict(good.cookies))

    assert (good.status_code, bad.status_code) == (303, 401)
    assert "Zo\u00eb" in text_of(page.text)


def test_a_token_sees_no_more_than_its_own_roles_show(gate: Gate) -> None:
    request = held(gate)
    store = Store(gate.home / "console.db")
    tokens = {
        role: make_token(store, "pipeline", roles=frozenset({role}), lasts=timedelta(1), at=gate.house().clock())
        for role in (Role.REQUESTER, Role.REVIEWER)
    }
    with console(gate) as desk:
        with Client(desk.url, tokens[Role.REQUESTER]) as narrow:
            assert narrow.releases(state="all").own_only
            with pytest.raises(ForbiddenError):
                narrow.release(request)
            with pytest.raises(ForbiddenError):
                narrow.comment(request, "hello")
        cells = f"{desk.url}/api/v1/releases/{request}/cells"
        answer = httpx.get(cells, headers={"authorization": f"Bearer {tokens[Role.REQUESTER]}"})
        with Client(desk.url, tokens[Role.REVIEWER]) as wide:
            assert wide.release(request).request == request

    assert answer.status_code == 403


def test_who_looks_at_the_map_alone_leaves_an_entry(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("mallory") as mallory:
        before = len(gate.kinds())
        mallory.page(f"/releases/{request}/cells")
        assert gate.kinds()[before:] == ["viewed"]
        mallory.page(f"/releases/{request}")
        assert gate.kinds()[before:] == ["viewed"]


def test_a_requester_does_not_read_of_others_on_the_own_page(gate: Gate) -> None:
    request = held(gate)
    path = gate.staged / "theirs.gpkg"
    frame(COARSE, ["x"]).to_file(path)
    submit(gate.wish(path, purpose="nobody's business"), house=gate.house("otto"))
    (gate.policies.root / "roles.yaml").write_text(
        f"people:\n- {{name: {REQUESTER}, roles: [requester]}}\n- {{name: ada, roles: [reviewer]}}\n"
    )

    assert not release(request, house=gate.house()).earlier
    assert [each.purpose for each in release(request, house=gate.house("ada")).earlier] == ["nobody's business"]


@pytest.mark.parametrize("wanted", ["//[", "http://[", "[", "//[x]/"])
def test_a_page_that_cannot_be_is_the_queue(wanted: str) -> None:
    assert own_page(wanted) == "/"


def test_a_person_is_signed_out_however_the_name_is_written(tmp_path: Path) -> None:
    store = Store(tmp_path / "console.db")
    secrets = [
        begin(store, Identity(name=Actor(name), source=Source.OIDC), at=NOW)
        for name in ("Ada", "ada", "\uff21da", "eve")
    ]

    assert end_all(store, "ADA") == 3

    lasting = Lasting(lasts=timedelta(hours=8), idle=timedelta(minutes=30))
    assert [resume(store, secret, lasting, at=NOW) is None for secret in secrets] == [True, True, True, False]
