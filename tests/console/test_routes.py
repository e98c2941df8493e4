"""Every route is authorised by the one table, and there is no other way to a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from consoling.desk import GROUP, Desk, console
from fastapi.routing import APIRoute
from starlette.routing import Mount

from geogate.console.desk import SERVICES, Allowed
from geogate.console.signing_in import OPEN
from geogate.model.authority import ALLOWED, Action, Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def desk(gate_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    import shutil

    from gating.gate import Gate

    gate = Gate(root=shutil.copytree(gate_template, tmp_path_factory.mktemp("console") / "gate"))
    with console(gate) as found:
        yield found


def routes(desk: Desk) -> list[APIRoute]:
    assert desk.app is not None
    return [route for route in desk.app.routes if isinstance(route, APIRoute)]


def action_of(route: APIRoute) -> Action | None:
    found = [each.dependency.action for each in route.dependencies if isinstance(each.dependency, Allowed)]
    return found[0] if found else None


def filled(route: APIRoute) -> str:
    values = {"request_id": "20260101-000000000000", "waiver_id": "w20260101-000000000000", "name": "test", "seq": "1"}
    return route.path.format(**values)


def test_there_are_routes_mounts_of_static_files_and_nothing_else(desk: Desk) -> None:
    assert desk.app is not None
    others = [route for route in desk.app.routes if not isinstance(route, APIRoute)]

    assert [(type(each), getattr(each, "path", "")) for each in others] == [(Mount, "/static")]
    assert len(routes(desk)) > 20


def test_every_route_says_which_action_it_is_or_is_one_of_the_open_ones(desk: Desk) -> None:
    undeclared = {route.path for route in routes(desk) if action_of(route) is None}

    assert undeclared == OPEN


def test_nobody_gets_past_a_route_without_being_signed_in(desk: Desk) -> None:
    for route in routes(desk):
        if action_of(route) is None:
            continue
        for method in route.methods:
            answer = httpx.request(method, desk.url + filled(route))
            wanted = {401} if method == "POST" or route.path.startswith(SERVICES) else {303}
            assert answer.status_code in wanted, (method, route.path, answer.status_code)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gets_as_far_as_the_table_says_and_no_further(desk: Desk, role: Role) -> None:
    with desk.visitor(f"some-{role}", GROUP[role]) as visitor:
        visitor.http.follow_redirects = True
        for route in routes(desk):
            action = action_of(route)
            if action is None or "GET" not in route.methods or route.path.startswith(SERVICES):
                continue
            code = visitor.get(filled(route)).status_code
            assert (code == 403) is (role not in ALLOWED[action]), (role, route.path, code)
            assert code < 500, (role, route.path, code)


@pytest.mark.parametrize("role", list(Role))
def test_a_form_of_a_role_that_may_not_is_refused_before_it_is_read(desk: Desk, role: Role) -> None:
    with desk.visitor(f"any-{role}", GROUP[role]) as visitor:
        visitor.get("/")  # begins the session, also of a role that sees no page
        for route in routes(desk):
            action = action_of(route)
            if action is None or "POST" not in route.methods or route.path.startswith("/api"):
                continue
            code = visitor.http.post(filled(route), data={"token": "made up"}).status_code
            assert (code == 403) is (role not in ALLOWED[action]), (role, route.path, code)
            assert code in {400, 403, 404, 409, 429}, (role, route.path, code)


def test_who_has_no_role_sees_nothing(desk: Desk) -> None:
    with desk.visitor("eve", "strangers") as eve:
        codes = {path: eve.get(path).status_code for path in ("/", "/waivers", "/ledger", "/policies", "/obligations")}

    assert set(codes.values()) == {403}
