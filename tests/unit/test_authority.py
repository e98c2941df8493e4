"""The authorisation table row by row, and how people come to their roles."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations

import pytest

from geogate.model.authority import ALLOWED, Action, Identity, Role, Source, why_not
from geogate.model.errors import PolicyError
from geogate.model.names import Actor
from geogate.policy.roles import Roles, parse_roles, roles_of

Q, V, P, A, M = Role.REQUESTER, Role.REVIEWER, Role.POLICY_OWNER, Role.AUDITOR, Role.ADMINISTRATOR
W = Role.MONITOR

ROWS = {
    "submit": {Q},
    "withdraw": {Q},
    "comment": {Q, V, P, A},
    "see own releases": {Q, V, P, A, M},
    "see all releases": {V, P, A, M},
    "vote": {V},
    "unmask": {V, P},
    "see zones": {P},
    "download an artefact": {V},
    "ask for a waiver": {Q, V, P},
    "approve a waiver": {P},
    "revoke a waiver": {V, P, A, M},
    "see waivers": {Q, V, P, A, M},
    "recall a release": {P, A, M},
    "end a recall": {P, A, M},
    "stop a feed": {Q, V, P, A, M},
    "resume a feed": {V, P},
    "expire and remind": {V, A, M},
    "discharge an obligation": {P, A, M},
    "read the ledger": {A, M},
    "audit": {A, M},
    "take evidence": {P, A, M},
    "administer": {M},
    "see metrics and health": {W, A, M},
}
"""The table once more, by hand: who changes one of them has to change the other."""


def test_every_action_has_a_row() -> None:
    assert set(ALLOWED) == set(Action) == {Action(name) for name in ROWS}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_what_its_row_says_and_nothing_else(name: str, role: Role) -> None:
    why = why_not(Action(name), frozenset({role}))
    assert (why == "") == (role in ROWS[name])
    assert not why or why.startswith(f"to {name} needs the role ")


@pytest.mark.parametrize("action", list(Action))
def test_more_roles_never_take_anything_away_and_none_allow_nothing(action: Action) -> None:
    every = chain.from_iterable(combinations(Role, size) for size in range(len(Role) + 1))
    for roles in map(frozenset, every):
        assert (why_not(action, roles) == "") == bool(roles & ROWS[action])


FILE = b"""
groups:
  - {group: geo-reviewers, roles: [reviewer]}
  - {group: geo-lead, roles: [reviewer, policy-owner]}
people:
  - {name: Ann, roles: [auditor]}
everyone: [requester]
"""


def who(name: str = "x", *groups: str, source: Source = Source.OIDC) -> Identity:
    return Identity(name=Actor(name), groups=groups, source=source)


@pytest.mark.parametrize(
    ("identity", "roles"),
    [
        (who(), {Q}),
        (who("x", "geo-reviewers"), {Q, V}),
        (who("x", "Geo-Reviewers"), {Q}),
        (who("x", "geo-lead", "other"), {Q, V, P}),
        (who("ann"), {Q, A}),
        (who("ANN ", "geo-reviewers"), {Q, A, V}),
        (who("anna"), {Q}),
    ],
)
def test_roles_come_from_groups_names_and_everyone(identity: Identity, roles: set[Role]) -> None:
    assert roles_of(identity, parse_roles(FILE, file="roles.yaml")) == roles


@pytest.mark.parametrize("source", list(Source))
def test_without_a_file_only_the_users_of_the_machine_have_roles(source: Source) -> None:
    found = roles_of(who("x", "geo-lead", source=source), None)
    assert found == (frozenset(Role) if source is Source.LOCAL else frozenset())


def test_with_a_file_the_users_of_the_machine_have_only_its_roles() -> None:
    assert roles_of(who(source=Source.LOCAL), Roles()) == frozenset()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"everyone: [reviewer]", "everyone"),
        (b"everyone: [administrator]", "everyone"),
        (b"groups: [{group: a, roles: []}]", "roles"),
        (b"groups: [{group: a, roles: [king]}]", "roles"),
        (b"people: [{name: '', roles: [auditor]}]", "name"),
        (b"persons: []", "persons"),
        (b"people: [{name: ann, roles: [auditor]}, {name: ' ANN', roles: [reviewer]}]", "name"),
        (b"people: [{name: ann, roles: [auditor]}, {name: 'ANN ', roles: [reviewer]}]", "stands twice"),
        (b"groups: [{group: a, roles: [auditor]}, {group: a, roles: [reviewer]}]", "stands twice"),
        (b"", "roles.yaml"),
    ],
)
def test_a_file_of_roles_that_is_not_wholly_valid_is_refused(text: bytes, what: str) -> None:
    with pytest.raises(PolicyError, match=what):
        parse_roles(text, file="roles.yaml")


@pytest.mark.parametrize("source", [Source.OIDC, Source.PROXY, Source.AIRFLOW])
@pytest.mark.parametrize("name", ["token:pipeline", "Token:Pipeline", "airflow:export"])
def test_a_person_by_the_name_of_a_service_has_no_roles(source: Source, name: str) -> None:
    text = b"people:\n- {name: 'token:pipeline', roles: [reviewer]}\n- {name: 'airflow:export', roles: [requester]}\n"
    roles = parse_roles(text, file="roles.yaml")

    assert not roles_of(Identity(name=Actor(name), source=source), roles)
    assert roles_of(Identity(name=Actor("token:pipeline"), source=Source.TOKEN), roles) == {Role.REVIEWER}
    assert roles_of(Identity(name=Actor("airflow:export")), roles) == {Role.REQUESTER}


def test_a_token_has_no_roles_beyond_its_scope() -> None:
    roles = parse_roles(b"people:\n- {name: 'token:pipeline', roles: [requester, auditor]}\n", file="roles.yaml")
    scope = frozenset({Role.REQUESTER, Role.REVIEWER})
    token = Identity(name=Actor("token:pipeline"), source=Source.TOKEN, scope=scope)

    assert roles_of(token, roles) == {Role.REQUESTER}
    assert not roles_of(replace(token, scope=frozenset()), roles)
