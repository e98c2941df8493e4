"""The perimeter on a real server refuses every attack, and lets through what is legitimate."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from attack.case import Case, holds
from attack.corpus import ACCEPTED, REFUSED, SENT_BY_CASES
from attack.field import Field
from attack.not_evaluated import UNPROVED, Unproved, present
from integration.fixtures_s3 import deployed, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.deploy import Perimeter
    from infra.ministack import Ministack
    from infra.users import DemoUsers

__all__ = ["deployed", "s3_server"]

FEWEST_REFUSED, FEWEST_ACCEPTED = 30, 6


@pytest.fixture(scope="module")
def field(
    s3_server: Ministack, deployed: tuple[Perimeter, DemoUsers], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Field]:
    perimeter, users = deployed
    folder = tmp_path_factory.mktemp("gates")
    with patch.dict(os.environ, s3_server.environment(users.worker.keys)):
        yield Field(server=s3_server, perimeter=perimeter, users=users, folder=folder)


@pytest.mark.parametrize("case", [*REFUSED, *ACCEPTED], ids=lambda case: case.name)
def test_every_attack_is_refused_and_everything_legitimate_accepted(case: Case, field: Field) -> None:
    right, ended = holds(case, field)
    assert right, f"{ended.word}: {ended.said}"


def test_nothing_is_left_in_egress_but_what_was_sent(field: Field) -> None:
    sent = {key for key in field.stored() if key.startswith(("gate/", "late/"))}
    assert field.stored() - sent <= SENT_BY_CASES
    assert not any(key.startswith("late/") or "unspent" in key or "altered" in key for key in sent)


@pytest.mark.parametrize("unproved", UNPROVED, ids=lambda each: each.name)
def test_what_the_server_does_not_evaluate_is_at_least_in_the_policy_in_force(unproved: Unproved, field: Field) -> None:
    assert present(field, unproved)


def test_there_are_enough_cases_and_each_has_a_name_of_its_own() -> None:
    names = [case.name for case in (*REFUSED, *ACCEPTED)]
    assert len(set(names)) == len(names)
    assert len(REFUSED) >= FEWEST_REFUSED
    assert len(ACCEPTED) >= FEWEST_ACCEPTED
