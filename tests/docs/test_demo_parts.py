"""The demonstration must fail when anything comes out otherwise, and must not touch what it has not made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from docs.demonstration import REPOSITORY, Demonstration

from geogate.gate.house import House
from geogate.gate.place import PolicyPlace
from geogate.model.lifecycle import State
from infra.demo.bucket import Arrived, require_only_cleared
from infra.demo.folder import MARK, DemoError, Folder
from infra.demo.outcomes import Outcome, cleared_digests, of_kind, outcomes, require_expected
from infra.demo.policies import write_policies
from infra.demo.run import main
from infra.demo.surroundings import clean_environment, gate_settings
from infra.deploy import Perimeter

if TYPE_CHECKING:
    from pathlib import Path

EGRESS = "geogate-egress-111122223333"
PERIMETER = Perimeter(
    account="111122223333",
    staging="geogate-staging-111122223333",
    egress=EGRESS,
    evidence="geogate-evidence-111122223333",
    releaser_role_arn="",
    worker_role_arn="",
    gate_role_arn="",
    console_role_arn="",
    auditor_role_arn="",
    gate_policy_arn="",
    worker_boundary_arn="",
    egress_key_arn="",
    parameters={},
)


@pytest.fixture(scope="module")
def after(demonstration: Demonstration) -> tuple[Outcome, ...]:
    """Read from the ledger that the run left what became of each export, the review included."""
    house = House.from_environment(gate_settings(Folder(root=demonstration.folder)), actor="test")
    return outcomes(house, bucket=EGRESS)


@pytest.fixture
def found(after: tuple[Outcome, ...]) -> list[Outcome]:
    """Give the outcomes as they were before the review."""
    held = of_kind(after, "hold")
    before = replace(held, request=replace(held.request, state=State.HELD), clearance=None)
    return [before if outcome is held else outcome for outcome in after]


def there(outcomes: tuple[Outcome, ...]) -> list[Arrived]:
    return [Arrived(key=key, size=1, sha256=digest) for key, digest in cleared_digests(outcomes).items()]


def test_outcomes_as_they_must_be_are_accepted(found: list[Outcome]) -> None:
    require_expected(tuple(found))


@pytest.mark.parametrize("number", range(6))
def test_another_decision_than_expected_fails(found: list[Outcome], number: int) -> None:
    other = "hold" if found[number].export.decision != "hold" else "clear"
    found[number] = replace(found[number], export=replace(found[number].export, decision=other))
    with pytest.raises(DemoError, match=f"{found[number].export.name} has the decision"):
        require_expected(tuple(found))


@pytest.mark.parametrize("number", range(6))
def test_another_reason_than_expected_fails(found: list[Outcome], number: int) -> None:
    rules = found[number].export.rules ^ {"layer-inventory"}
    found[number] = replace(found[number], export=replace(found[number].export, rules=rules))
    with pytest.raises(DemoError, match=f"{found[number].export.name} has the reasons"):
        require_expected(tuple(found))


def test_a_denied_export_that_was_sent_fails(found: list[Outcome]) -> None:
    sent = replace(found[2], request=replace(found[2].request, state=State.SENT))
    with pytest.raises(DemoError, match="race-track has the state 'sent', not 'denied'"):
        require_expected((*found[:2], sent, *found[3:]))


def test_an_export_without_a_request_fails(demonstration: Demonstration) -> None:
    house = House.from_environment(gate_settings(Folder(root=demonstration.folder)), actor="test")
    with pytest.raises(DemoError, match="town-index has 0 requests with a verdict instead of one"):
        outcomes(house, bucket="another-bucket")


def test_the_bucket_with_exactly_what_was_cleared_is_accepted(after: tuple[Outcome, ...]) -> None:
    assert len(there(after)) == 2
    require_only_cleared(tuple(there(after)), after)


def test_one_object_more_fails(after: tuple[Outcome, ...]) -> None:
    more = Arrived(key="example-partner/race-track/race-track.csv", size=1, sha256="0" * 64)
    with pytest.raises(DemoError, match="the bucket has 3 objects, of which 2 were cleared as they are"):
        require_only_cleared((*there(after), more), after)


def test_one_object_less_fails(after: tuple[Outcome, ...]) -> None:
    with pytest.raises(DemoError, match="the bucket has 1 objects, of which 1 were cleared as they are"):
        require_only_cleared(tuple(there(after)[1:]), after)


def test_an_object_with_another_digest_fails(after: tuple[Outcome, ...]) -> None:
    first, second = there(after)
    with pytest.raises(DemoError, match="the bucket has 2 objects, of which 1 were cleared as they are"):
        require_only_cleared((first, replace(second, sha256="0" * 64)), after)


def test_an_empty_bucket_proves_nothing(after: tuple[Outcome, ...]) -> None:
    denied = tuple(outcome for outcome in after if outcome.clearance is None)
    with pytest.raises(DemoError, match="the bucket has 0 objects"):
        require_only_cleared((), denied)


def test_a_folder_that_no_run_has_made_is_not_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DemoError, match="move it away"):
        Folder(root=tmp_path).renew()
    assert main(["--folder", str(tmp_path)]) == 1
    assert "THE DEMONSTRATION FAILED  DemoError" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / MARK).touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(DemoError, match="move it away"):
        Folder(root=tmp_path / "link").renew()


def test_what_the_last_run_left_is_removed(tmp_path: Path) -> None:
    folder = Folder(root=tmp_path / "demo")
    folder.renew()
    (folder.received / "old.txt").touch()
    folder.renew()
    assert not list(folder.received.iterdir())


def test_the_policies_are_those_that_are_shipped_with_the_recipients_of_the_perimeter(tmp_path: Path) -> None:
    folder = Folder(root=tmp_path / "demo")
    folder.renew()
    write_policies(folder, perimeter=PERIMETER)
    shipped = REPOSITORY / "expectations"
    for file in (path for path in shipped.rglob("*") if path.is_file() and path.name != "recipients.yaml"):
        assert (folder.policies / file.relative_to(shipped)).read_bytes() == file.read_bytes()
    book = PolicyPlace(root=folder.policies, home=folder.root).recipients()
    places = [place for recipient in book.recipients for place in recipient.destinations]
    assert {(place.uri.split("/")[2], place.owner) for place in places if place.owner} == {(EGRESS, "111122223333")}


def test_no_setting_of_another_gate_or_account_reaches_into_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "GEOGATE_HOME", "AIRFLOW_HOME", "https_proxy", "PYTHONPATH"):
        monkeypatch.setenv(name, "another")
    assert "another" not in clean_environment().values()
