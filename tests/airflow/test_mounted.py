"""The console within Airflow's API server, with Airflow's own users."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from dag_runs.gate_house import MIDDLE, PARTNER, GateHouse
from dag_runs.runs import DagRuns

from geogate.gate.house import Wish
from geogate.gate.submit import submit
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi.testclient import TestClient

    from geogate.model.names import RequestId

USERS = {"carol": "user", "vera": "viewer", "boss": "admin"}
ROLES = """
people:
  - {name: carol, roles: [reviewer]}
  - {name: olga, roles: [requester]}
groups:
  - {group: "airflow:admin", roles: [administrator]}
  - {group: admin, roles: [reviewer]}
"""
ORIGIN = "http://testserver"


@pytest.fixture(scope="module")
def mounted_house(tmp_path_factory: pytest.TempPathFactory, airflow_home: Path) -> Iterator[GateHouse]:
    del airflow_home
    house = GateHouse(root=tmp_path_factory.mktemp("mounted") / "house")
    house.build()
    (house.root / "policies" / "roles.yaml").write_text(ROLES)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in house.environment().items():
            patch.setenv(name, value)
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a secret of these tests, " * 4)
        patch.setenv(
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", ",".join(f"{name}:{role}" for name, role in USERS.items())
        )
        yield house


@pytest.fixture(scope="module")
def request_id(mounted_house: GateHouse) -> RequestId:
    folder = mounted_house.stage("france", decimals=MIDDLE, country="FR")
    wish = Wish(
        dataset=(str(folder / "france.parquet"),),
        policy="baseline",
        recipient=PARTNER,
        destination=f"file:outbox/{PARTNER}/france/",
        purpose="maps",
    )
    found = submit(wish, house=mounted_house.as_actor("olga"))
    assert found.state is State.HELD
    return found.request


@pytest.fixture(scope="module")
def server(mounted_house: GateHouse) -> Any:
    """Make Airflow's API server with its plugins."""
    del mounted_house
    from airflow.api_fastapi.app import create_app

    return create_app(apps="core")


def browser(server: Any, name: str = "") -> TestClient:
    """Give a browser with the session that Airflow's sign-in gives."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient

    client = TestClient(server, base_url=ORIGIN)
    if name:
        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=USERS.get(name)))
        client.cookies.set("_token", token)
    return client


def token_of(page: str, action: str) -> str:
    """Take the token of a form from a page."""
    form = page[page.index(f'action="{action}"') :]
    found = re.search(r'name="token" value="([^"]+)"', form)
    assert found
    return html.unescape(found[1])


def test_nobody_gets_in_without_airflows_own_session(server: Any, request_id: RequestId) -> None:
    nobody = browser(server)
    forged = browser(server)
    forged.cookies.set("_token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYXJvbCJ9.")
    named = browser(server)
    named.headers.update({"x-forwarded-user": "carol", "geogate.airflow.user": "carol"})

    for client in (nobody, forged, named):
        for path in ("/", f"/releases/{request_id}", "/airflow?dag=x", "/openapi.json", "/docs"):
            answer = client.get(f"/geogate{path}")
            assert answer.status_code in {401, 404}, path
            assert "france" not in answer.text


def test_who_is_signed_in_to_airflow_sees_what_the_roles_allow(server: Any, request_id: RequestId) -> None:
    carol, vera, boss = (browser(server, name) for name in USERS)

    page = carol.get(f"/geogate/releases/{request_id}")

    assert page.status_code == 200
    assert "france.parquet" in page.text
    assert vera.get(f"/geogate/releases/{request_id}").status_code == 403
    # The group ``admin`` of roles.yaml is another one than the role of that name in Airflow.
    assert boss.get(f"/geogate/releases/{request_id}").status_code == 200
    assert f'action="/geogate/releases/{request_id}/vote"' not in boss.get(f"/geogate/releases/{request_id}").text


def test_everything_that_a_page_loads_and_links_lies_below_the_mount(server: Any, request_id: RequestId) -> None:
    carol = browser(server, "carol")
    page = carol.get(f"/geogate/releases/{request_id}").text

    addresses = set(re.findall(r'(?:href|src|action|hx-get|hx-post|data-[a-z]+)="(/[^"]*)"', page))

    assert len(addresses) > 8
    assert all(address.startswith("/geogate/") for address in addresses)
    for address in addresses:
        if "/static/" in address:
            assert carol.get(address).status_code == 200, address


def test_the_frame_is_for_pages_of_airflow_only(server: Any) -> None:
    headers = browser(server, "carol").get("/geogate/").headers

    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_form_from_another_place_or_without_its_token_does_nothing(
    server: Any, mounted_house: GateHouse, request_id: RequestId
) -> None:
    carol = browser(server, "carol")
    place = f"/geogate/releases/{request_id}/vote"
    token = token_of(carol.get(f"/geogate/releases/{request_id}").text, place)
    wanted = {"token": token, "choice": "approve", "comment": "fine"}

    for headers in (
        {"origin": "https://example.org"},
        {"origin": "http://testserver.example.org"},
        {"origin": "null"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": ORIGIN},
    ):
        assert carol.post(place, data=wanted, headers=headers).status_code == 403, headers
    for bad in ("", token[:-4] + "AAAA"):
        assert carol.post(place, data=wanted | {"token": bad}, headers={"origin": ORIGIN}).status_code in {400, 409}
    with mounted_house.as_actor("reader").ledger() as ledger:
        assert ledger.votes(request_id) == ()


def test_a_session_of_the_console_is_worth_nothing_to_another_user_of_airflow(
    server: Any, request_id: RequestId
) -> None:
    carol = browser(server, "carol")
    carol.get("/geogate/")
    for other in ("vera", ""):
        thief = browser(server, other)
        thief.cookies.set("geogate", carol.cookies["geogate"])
        assert "france" not in thief.get(f"/geogate/releases/{request_id}").text


def kept(request: str, *, dag: str = "tabs", run: str = "manual__x/y", task: str = "gate", index: int = -1) -> None:
    """Keep what a gate keeps, beside a task that was run."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        XComModel.set(
            key="geogate_request",
            value=request,
            dag_id=dag,
            task_id=task,
            run_id=run,
            map_index=index,
            session=session,
        )


@pytest.fixture(scope="module")
def ran(mounted_house: GateHouse, bags: Any, request_id: RequestId) -> str:
    """Give the run of a DAG whose gate asked for the release."""
    del mounted_house
    ended = DagRuns(bags["single"].dags["one_gate"]).run(
        dataset="/not/there", destination=f"file:outbox/{PARTNER}/france/"
    )
    assert ended.state == "failed"
    kept(str(request_id), dag="one_gate", run=ended.run_id)
    return ended.run_id


def test_a_tab_leads_to_the_release_of_its_task(server: Any, ran: str, request_id: RequestId) -> None:
    carol, vera = browser(server, "carol"), browser(server, "vera")
    query = {"dag": "one_gate", "run": ran}

    task = carol.get("/geogate/airflow", params=query | {"task": "gate", "map_index": "{MAP_INDEX}"})
    whole, run = carol.get("/geogate/airflow", params={"dag": "one_gate"}), carol.get("/geogate/airflow", params=query)

    assert task.url.path == f"/geogate/releases/{request_id}"
    assert str(request_id) in whole.text
    assert str(request_id) in run.text
    assert "asked for no release" in carol.get("/geogate/airflow", params=query | {"task": "other"}).text
    assert str(request_id) not in vera.get("/geogate/airflow", params=query).text


def test_a_tab_shows_nothing_of_a_dag_that_airflow_does_not_show(
    server: Any, ran: str, request_id: RequestId, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", lambda *_, **__: False)

    answer = browser(server, "carol").get("/geogate/airflow", params={"dag": "one_gate", "run": ran})

    assert answer.status_code == 403
    assert str(request_id) not in answer.text


def test_what_somebody_wrote_into_an_xcom_is_no_more_than_an_unknown_name(
    server: Any, ran: str, request_id: RequestId
) -> None:
    carol = browser(server, "carol")
    query = {"dag": "one_gate", "run": ran, "task": "gate"}
    try:
        for written in ("../../ledger", "<script>", "20260101-000000000000", "x" * 100):
            kept(written, dag="one_gate", run=ran)
            page = carol.get("/geogate/airflow", params=query)
            assert page.status_code == 200
            assert written not in page.text.replace('<script src="/geogate', "")
    finally:
        kept(str(request_id), dag="one_gate", run=ran)


@pytest.mark.parametrize(
    ("user", "groups"),
    [
        (SimpleNamespace(role="admin"), ["airflow:admin"]),
        (SimpleNamespace(role=None), []),
        (
            SimpleNamespace(roles=[SimpleNamespace(name="Op"), SimpleNamespace(name="Admin")]),
            ["airflow:Admin", "airflow:Op"],
        ),
        (SimpleNamespace(roles=None), []),
        (SimpleNamespace(role=7, roles=[None, ""]), []),
        (SimpleNamespace(), []),
    ],
)
def test_roles_in_airflow_are_groups_of_their_own(user: Any, groups: list[str]) -> None:
    from geogate.console.airflow_users import groups_of

    assert groups_of(user) == groups


@pytest.mark.parametrize("name", ["", " carol", "car\nol", None, 7])
def test_who_has_no_name_in_airflow_is_nobody(name: object) -> None:
    from geogate.console.airflow_users import identity_of

    assert identity_of(SimpleNamespace(get_name=lambda: name)) is None
