"""Every smuggling case of the corpus, submitted as a user would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from smuggling.attempt import STOPPED, attempt, prepare
from smuggling.corpus import cases, class_names

if TYPE_CHECKING:
    from gating.gate import Gate

CASES = cases()


def test_each_class_has_cases() -> None:
    assert {key.split("/")[0] for key in CASES} == set(class_names())


@pytest.mark.parametrize("key", CASES)
def test_the_secret_does_not_get_out(key: str, gate: Gate) -> None:
    prepare(gate.policies)

    ended = attempt(key, CASES[key], gate=gate)

    assert ended.end in STOPPED, (ended.end, ended.findings)
