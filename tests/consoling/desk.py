"""A console over a test's gate, with people in every role."""

from __future__ import annotations

import ipaddress
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from consoling.served import serving
from consoling.visitor import GROUPS, USER, Visitor
from gating.files import MIDDLE, frame

from geogate.console.app import create_app
from geogate.console.settings import ConsoleSettings, Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fastapi import FastAPI
    from gating.gate import Gate

    from geogate.console.settings import Provider
    from geogate.model.names import RequestId

ROLES = """
groups:
  - {group: requesters, roles: [requester]}
  - {group: reviewers, roles: [reviewer]}
  - {group: owners, roles: [policy-owner]}
  - {group: auditors, roles: [auditor]}
  - {group: administrators, roles: [administrator]}
  - {group: monitors, roles: [monitor]}
people:
  - {name: rita, roles: [requester]}
  - {name: "token:pipeline", roles: [requester, reviewer, auditor]}
  - {name: "token:prometheus", roles: [monitor]}
"""
GROUP = {
    "requester": "requesters",
    "reviewer": "reviewers",
    "policy-owner": "owners",
    "auditor": "auditors",
    "administrator": "administrators",
    "monitor": "monitors",
}
LOOPBACK = Proxy(peers=(ipaddress.ip_network("127.0.0.1"),), user_header=USER, groups_header=GROUPS)


@dataclass(slots=True, kw_only=True)
class Desk:
    """A console that is being served; its clock goes ``ahead`` of the real one by what a test says."""

    gate: Gate
    url: str = ""
    ahead: timedelta = timedelta()
    app: FastAPI | None = None

    def visitor(self, name: str, *groups: str) -> Visitor:
        return Visitor(self.url, name, *groups)

    def reviewer(self, name: str = "ada") -> Visitor:
        return self.visitor(name, "reviewers")


@contextmanager
def console(gate: Gate, *, provider: Provider | None = None, proxy: Proxy | None = LOOPBACK) -> Iterator[Desk]:
    """Serve a console over a gate."""
    roles = gate.policies.root / "roles.yaml"
    if not roles.exists():
        roles.write_text(ROLES)
    desk = Desk(gate=gate)
    house = gate.house()
    clock = house.clock

    def now() -> datetime:
        return clock() + desk.ahead

    def make(url: str) -> FastAPI:
        settings = ConsoleSettings(
            url=url, store=gate.home / "console.db", provider=provider, proxy=None if provider else proxy
        )
        desk.app = create_app(replace(house, clock=now), settings)
        return desk.app

    with serving(make) as url:
        desk.url = url
        yield desk


def held(
    gate: Gate, name: str = "places", *, names: Sequence[str] = ("somewhere",), purpose: str = "a study"
) -> RequestId:
    """Submit a dataset that is held."""
    path = gate.staged / f"{name}.gpkg"
    frame(MIDDLE, names).to_file(path)
    return gate.hold(path, purpose=purpose)
