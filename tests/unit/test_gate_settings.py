"""Settings, the files of a dataset, and the protected place, each by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from geogate.gate.house import House
from geogate.gate.intake import MOST_FILES, dataset_files, dataset_name
from geogate.gate.place import PolicyPlace
from geogate.gate.settings import Settings
from geogate.model.errors import InputError, UsageError


def test_without_variables_everything_lies_below_the_working_folder() -> None:
    settings = Settings.from_environment({})
    here = Path.cwd()
    assert (settings.home, settings.policies) == (here / ".geogate", here / "expectations")
    assert settings.ledger_url.startswith("sqlite:///")
    assert (settings.releaser_role, settings.country) == ("", "")


def test_an_empty_variable_is_none() -> None:
    empty = dict.fromkeys(("GEOGATE_HOME", "GEOGATE_POLICIES", "GEOGATE_LEDGER"), "")
    assert Settings.from_environment(empty) == Settings.from_environment({})


@pytest.mark.parametrize("name", ["GEOGATE_", "GEOGATE_HOMES", "GEOGATE_home", "GEOGATE_LEDGER_URL"])
def test_a_variable_that_geogate_does_not_read_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"unknown setting {name} "):
        Settings.from_environment({name: "x"})


def test_variables_of_others_do_not_matter() -> None:
    assert Settings.from_environment({"GEOGATEWAY": "x", "MY_GEOGATE_HOME": "y"}) == Settings.from_environment({})


def test_who_acts_can_be_named() -> None:
    assert House.from_environment({}, actor="anna").actor == "anna"


def test_where_the_system_knows_no_user_one_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 3_999_999_999)
    with pytest.raises(UsageError, match="does not name the user"):
        House.from_environment({})
    assert House.from_environment({}, actor="anna").actor == "anna"


def test_ids_and_nonces_are_never_the_same() -> None:
    house = House.from_environment({}, actor="anna")
    assert len({house.new_nonce() for _ in range(100)} | {house.new_request_id() for _ in range(100)}) == 200


@pytest.mark.parametrize(
    ("dataset", "name"),
    [(["a.csv"], "a.csv"), (["x/y/a.csv"], "a.csv"), (["s3://b/x/y/"], "y"), (["a", "b", "c"], "a and 2 more")],
)
def test_a_dataset_is_named_by_its_last_part(dataset: list[str], name: str) -> None:
    assert dataset_name(dataset) == name


def test_the_files_of_a_folder_have_names_relative_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "sub" / "empty").mkdir(parents=True)
    for name in ("b.csv", ".hidden", "sub/a.csv"):
        (folder / name).write_text("x")
    with dataset_files([str(folder)], scratch=tmp_path) as files:
        assert sorted(files.values()) == [".hidden", "b.csv", "sub/a.csv"]
    assert [path for path in tmp_path.iterdir() if path != folder] == []


@pytest.mark.parametrize("dataset", [[], ["empty"]])
def test_a_dataset_has_files(tmp_path: Path, dataset: list[str]) -> None:
    (tmp_path / "empty").mkdir()
    with (
        pytest.raises(InputError, match="has no files"),
        dataset_files([str(tmp_path / name) for name in dataset], scratch=tmp_path),
    ):
        pass


def test_a_dataset_has_no_more_files_than_anybody_means(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(MOST_FILES):
        (folder / f"{number}.csv").touch()
    with dataset_files([str(folder)], scratch=tmp_path) as files:
        assert len(files) == MOST_FILES
    (folder / "more.csv").touch()
    with pytest.raises(InputError, match="more than 10,000 files"), dataset_files([str(folder)], scratch=tmp_path):
        pass


@pytest.mark.parametrize("name", ["", ".", "..", "../policies/test", "a/b", "A", "test.yaml", "recipients/", "-"])
def test_only_a_plain_name_names_a_policy(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="there is no policy"):
        PolicyPlace(root=tmp_path, home=tmp_path).policy(name)


def test_the_recipients_are_no_policy(tmp_path: Path) -> None:
    (tmp_path / "recipients.yaml").write_text("recipients: []\n")
    with pytest.raises(UsageError, match="there is no policy 'recipients'"):
        PolicyPlace(root=tmp_path, home=tmp_path).policy("recipients")
