"""Approvals are of the verdict that reviewers saw: another one, by other software or on another day, voids them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from gating.files import MIDDLE, stage
from gating.gate import at
from gating.place import RULES, destination

from geogate.gate.versions import versions
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gating.gate import Gate

NOW = at("2026-11-22T12:00:00")
DAYS = 10


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Let another version of a library be the installed one, as its metadata say."""

    def another(name: str, version: str) -> None:
        folder = tmp_path / "site" / f"{name}-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        monkeypatch.syspath_prepend(tmp_path / "site")
        versions.cache_clear()

    yield another
    monkeypatch.undo()
    versions.cache_clear()


@pytest.mark.parametrize("name", ["shapely", "geogate"])
@pytest.mark.parametrize("earlier", [0, 1])
def test_an_approval_after_an_upgrade_is_refused_until_it_is_submitted_again(
    gate: Gate, install: Callable[[str, str], None], name: str, earlier: int
) -> None:
    held = gate.hold(stage("CSV", gate.staged, MIDDLE))
    for number in range(earlier):
        gate.approve(held, f"early{number}")
    install(name, "99.1")
    with pytest.raises(RefusedError, match=f"other versions are installed .*: {name}") as refused:
        gate.approve(held, "anna")
    assert "submit it again" in refused.value.hint
    again = gate.hold(gate.staged / "data.csv")
    assert again != held
    assert [gate.approve(again, name).state for name in ("anna", "bob")] == ["held", "cleared"]


def contracted(gate: Gate) -> None:
    """Warn of a contract that ends within ten days; it ends on the 12th of December."""
    gate.now = NOW
    contract = destination(contract_min_days_left=DAYS) | {"severity": "warning"}
    gate.policies.write_policy([*RULES[:3], contract], review_days=300)
    gate.policies.write_recipients(contract={"reference": "C-1", "ends": date(2026, 12, 12)})


def test_a_finding_that_earlier_reviewers_did_not_see_voids_the_last_approval(gate: Gate) -> None:
    contracted(gate)
    held = gate.hold(stage("CSV", gate.staged, MIDDLE))
    gate.approve(held, "anna")
    gate.now = at("2026-12-03T12:00:00")
    with pytest.raises(RefusedError, match="differs from the one that reviewers were shown") as refused:
        gate.approve(held, "bob")
    assert "submit it again" in refused.value.hint
    assert gate.states() == [State.HELD]
    again = gate.hold(gate.staged / "data.csv")
    assert again != held, "a submission must not join a review whose approvals are void"
    assert [gate.approve(again, name).state for name in ("anna", "bob")] == ["held", "cleared"]


def test_a_finding_that_is_gone_voids_the_last_approval_too(gate: Gate) -> None:
    contracted(gate)
    gate.now = at("2026-12-03T12:00:00")
    held = gate.hold(stage("CSV", gate.staged, MIDDLE))
    gate.approve(held, "anna")
    gate.now = NOW
    with pytest.raises(RefusedError, match="differs from the one that reviewers were shown"):
        gate.approve(held, "bob")


def test_days_that_pass_do_not_void_an_approval(gate: Gate) -> None:
    contracted(gate)
    gate.now = at("2026-12-03T12:00:00")
    held = gate.hold(stage("CSV", gate.staged, MIDDLE))
    gate.approve(held, "anna")
    gate.now = at("2026-12-05T12:00:00")
    assert gate.submit(gate.staged / "data.csv").request == held
    assert gate.approve(held, "bob").state is State.CLEARED
