from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from consoling.desk import ROLES, Desk, console, held
from consoling.tokens import token_for
from docs.markdown import ROOT

from geogate.console.client import Client
from geogate.console.openapi import openapi_text
from geogate.console.people import revoke_token, tokens
from geogate.console.store import Store
from geogate.model.authority import ForbiddenError, Role
from geogate.model.errors import RefusedError, UsageError
from geogate.model.release import Choice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gating.gate import Gate


@contextmanager
def client(gate: Gate, *roles: Role) -> Iterator[tuple[Desk, Client]]:
    with console(gate) as desk, Client(desk.url, token_for(gate, *roles)) as found:
        yield desk, found


def test_the_description_of_the_api_is_that_of_the_code() -> None:
    kept = (ROOT / "docs/schema/console.openapi.json").read_text(encoding="utf-8")

    assert kept == openapi_text(), "run python docs/schema/generate.py"


def test_a_service_reviews_as_a_person_does_and_is_as_blind(gate: Gate) -> None:
    request = held(gate)
    with client(gate) as (desk, pipeline), desk.reviewer("ada") as ada:
        ada.vote(request, "approve", "ada is content")
        seen = pipeline.release(request)
        tally = pipeline.vote(seen, Choice.APPROVE, comment="checked")
        after = pipeline.release(request)

    assert (seen.state, seen.hidden_votes, seen.votes) == ("held", 1, ())
    assert {each.step: each.why_not for each in seen.actions}["approve"] == ""
    assert tally.state == after.state == "cleared"
    assert [vote.reviewer for vote in after.votes] == ["ada", "token:pipeline"]


def test_the_queue_and_the_ledger_are_told(gate: Gate) -> None:
    request = held(gate)
    with client(gate) as (_, pipeline):
        found, entries = pipeline.releases(), pipeline.ledger(request=request)

    assert [row.request for row in found.rows] == [request]
    assert found.counts["held"] == 1  # type: ignore[index]  # states are texts
    assert entries.lines[-1].kind == "open"


def test_a_vote_on_what_is_not_there_any_more_is_refused(gate: Gate) -> None:
    request = held(gate)
    with client(gate) as (_, pipeline):
        older = pipeline.release(request).model_copy(update={"seen": "0" * 64})
        with pytest.raises(RefusedError, match="not any more what was looked at"):
            pipeline.vote(older, Choice.APPROVE)


def test_a_token_may_do_what_it_is_for_and_what_its_roles_allow_and_nothing_else(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk:
        narrow, strange = token_for(gate, Role.REQUESTER), token_for(gate, Role.REVIEWER, name="stranger")
        with Client(desk.url, narrow) as one, Client(desk.url, strange) as other:
            with pytest.raises(ForbiddenError, match="read the ledger"):
                one.ledger()
            with pytest.raises(ForbiddenError):
                other.release(request)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer gg_1_made-up", "Basic YTpi", "bearer"])
def test_without_a_good_token_there_is_nothing(gate: Gate, header: str) -> None:
    with console(gate) as desk, desk.reviewer("ada") as ada:
        ada.page("/")
        answer = ada.http.get("/api/v1/releases", headers={"authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_ends_when_it_is_revoked_or_its_time_is_over(gate: Gate) -> None:
    with console(gate) as desk:
        token = token_for(gate)
        bearer = {"authorization": f"Bearer {token}"}
        good = httpx.get(f"{desk.url}/api/v1/releases", headers=bearer).status_code
        desk.ahead = timedelta(days=1)
        over = httpx.get(f"{desk.url}/api/v1/releases", headers=bearer).status_code
        desk.ahead = timedelta()
        store = Store(gate.home / "console.db")
        revoke_token(store, tokens(store)[0].id, at=gate.house().clock())
        revoked = httpx.get(f"{desk.url}/api/v1/releases", headers=bearer).status_code

    assert (good, over, revoked) == (200, 401, 401)


def test_a_token_is_kept_as_a_digest_only(gate: Gate) -> None:
    token = token_for(gate)

    assert token.encode() not in (gate.home / "console.db").read_bytes()
    assert (gate.home / "console.db").stat().st_mode & 0o077 == 0


def test_a_token_lasts_a_year_at_most_and_has_roles(gate: Gate) -> None:
    with pytest.raises(UsageError, match="a year at most"):
        token_for(gate, days=400)


def test_what_is_not_known_in_an_order_is_refused(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk:
        bearer = {"authorization": f"Bearer {token_for(gate)}"}
        order = {"choice": "approve", "seen": "0" * 64, "force": True}
        answer = httpx.post(f"{desk.url}/api/v1/releases/{request}/votes", headers=bearer, json=order)

    assert answer.status_code == 400


def test_the_roles_of_a_token_are_those_of_today(gate: Gate) -> None:
    request = held(gate)
    with client(gate) as (_, pipeline):
        seen = pipeline.release(request)
        (gate.policies.root / "roles.yaml").write_text(ROLES.replace("[requester, reviewer, auditor]", "[auditor]"))
        with pytest.raises(ForbiddenError, match="vote"):
            pipeline.vote(seen, Choice.APPROVE)
