from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("airflow_home")

RELEASE = "recipient: partner\ndestination: s3://bucket/partner/\npurpose: maps\n"


def export(root: Path, name: str, *, release: str = RELEASE, files: tuple[str, ...] = ("data.csv",)) -> Path:
    folder = root / name
    folder.mkdir()
    (folder / "release.yaml").write_text(release)
    for file in files:
        (folder / file).write_text("lon,lat\n")
    return folder


def staged(root: Path) -> list[dict[str, Any]]:
    from geogate.airflow.exports import staged_exports

    return staged_exports(str(root))


def problem(root: Path) -> str:
    (found,) = staged(root)
    assert found["dataset"] == []
    assert found["recipient"] == ""
    return str(found["problem"])


def test_each_export_is_what_its_gate_needs_and_no_policy(tmp_path: Path) -> None:
    folder = export(tmp_path, "roads", release=f"{RELEASE}assume_crs: EPSG:4326\n", files=("b.csv", "a.csv"))

    assert staged(tmp_path) == [
        {
            "export": "roads",
            "dataset": [str(folder / "a.csv"), str(folder / "b.csv")],
            "recipient": "partner",
            "destination": "s3://bucket/partner/",
            "purpose": "maps",
            "assume_crs": "EPSG:4326",
            "declaration": {},
            "problem": "",
        }
    ]


def test_what_is_declared_of_an_export_goes_along(tmp_path: Path) -> None:
    export(tmp_path, "roads", release=f"{RELEASE}declaration: {{origins: [DE], transaction: research}}\n")
    assert staged(tmp_path)[0]["declaration"] == {"origins": ["DE"], "transaction": "research"}


def test_exports_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "c", "a"):
        export(tmp_path, name)

    assert [each["export"] for each in staged(tmp_path)] == ["a", "b", "c"]


def test_listed_files_go_alone(tmp_path: Path) -> None:
    folder = export(tmp_path, "roads", release=f"{RELEASE}files: [a.csv]\n", files=("a.csv", "notes.txt"))

    assert staged(tmp_path)[0]["dataset"] == [str(folder / "a.csv")]


def test_a_folder_in_an_export_goes_whole(tmp_path: Path) -> None:
    folder = export(tmp_path, "roads")
    (folder / "more").mkdir()

    assert staged(tmp_path)[0]["dataset"] == [str(folder / "data.csv"), str(folder / "more")]


def test_a_broken_export_keeps_its_place_beside_the_others(tmp_path: Path) -> None:
    export(tmp_path, "a")
    export(tmp_path, "b", release="recipient: [")
    export(tmp_path, "c")

    assert [bool(each["problem"]) for each in staged(tmp_path)] == [False, True, False]


@pytest.mark.parametrize(
    ("release", "said"),
    [
        (RELEASE + "policy: lenient\n", "release.yaml:4: policy: unknown key"),
        (RELEASE + "purpos: maps\n", "release.yaml:4: purpos: unknown key (did you mean 'purpose'?)"),
        (RELEASE + "purpose: other\n", "release.yaml:4: purpose: the key stands twice"),
        ("recipient: partner\npurpose: maps\n", "release.yaml:1: destination: the key is missing"),
        (RELEASE.replace("maps", "''"), "release.yaml:3: purpose: "),
        (RELEASE.replace("partner\n", "Partner GmbH\n", 1), "release.yaml:1: recipient: "),
        (RELEASE + "files: []\n", "release.yaml:4: files: "),
        (RELEASE + "files: [data.csv, data.csv]\n", "release.yaml:4: files: a file stands twice"),
        (RELEASE + "files: [gone.csv]\n", "'gone.csv' is not there (release.yaml names it)"),
        (RELEASE + "assume_crs: 4326\n", "release.yaml:4: assume_crs: "),
        ("- recipient\n", "release.yaml:1: the file must be a mapping"),
        ("", "release.yaml:1: the file must be a mapping"),
    ],
)
def test_what_a_release_file_says_is_taken_strictly(tmp_path: Path, release: str, said: str) -> None:
    export(tmp_path, "roads", release=release)

    assert problem(tmp_path).startswith("staged export 'roads': " + said)


def test_the_country_code_of_norway_stays_text(tmp_path: Path) -> None:
    export(tmp_path, "roads", release=RELEASE.replace("maps", "NO"))

    assert staged(tmp_path)[0]["purpose"] == "NO"


@pytest.mark.parametrize("name", ["../data.csv", "/etc/hostname", "more/data.csv", "..", ".", "release.yaml", "a\\b"])
def test_files_lie_beside_the_release_file_and_nowhere_else(tmp_path: Path, name: str) -> None:
    export(tmp_path, "roads", release=f"{RELEASE}files: ['{name}']\n")

    assert "a file must be the name of something beside release.yaml" in problem(tmp_path)


def test_a_folder_without_a_release_file_is_an_export_with_a_problem(tmp_path: Path) -> None:
    (tmp_path / "roads").mkdir()

    assert problem(tmp_path) == (
        "staged export 'roads': has no release.yaml (it says recipient, destination and purpose)"
    )


def test_a_release_file_alone_is_no_export(tmp_path: Path) -> None:
    export(tmp_path, "roads", files=())

    assert problem(tmp_path) == "staged export 'roads': has no files besides its release.yaml"


def test_a_release_file_that_is_not_text_is_a_problem(tmp_path: Path) -> None:
    (export(tmp_path, "roads") / "release.yaml").write_bytes(b"\xff\xfe")

    assert "not UTF-8 text" in problem(tmp_path)


@pytest.mark.parametrize(("size", "fits"), [(100_000, True), (100_001, False)])
def test_a_release_file_of_a_size_that_no_person_wrote_is_a_problem(tmp_path: Path, size: int, *, fits: bool) -> None:
    padding = "#" * (size - len(RELEASE))
    export(tmp_path, "roads", release=RELEASE + padding)

    (found,) = staged(tmp_path)

    assert (found["problem"] == "") is fits


def test_a_stray_file_is_not_overlooked(tmp_path: Path) -> None:
    (tmp_path / "roads.csv").write_text("lon,lat\n")

    assert "stands outside of any export" in problem(tmp_path)


def test_hidden_names_are_passed_over(tmp_path: Path) -> None:
    export(tmp_path, ".trash")
    (tmp_path / ".keep").touch()

    assert staged(tmp_path) == []


@pytest.mark.parametrize("link", ["the export", "its release file"])
def test_no_link_is_followed(tmp_path: Path, link: str) -> None:
    outgoing = tmp_path / "outgoing"
    outgoing.mkdir()
    elsewhere = export(tmp_path, "elsewhere")
    if link == "the export":
        (outgoing / "roads").symlink_to(elsewhere)
    else:
        (outgoing / "roads").mkdir()
        (outgoing / "roads" / "release.yaml").symlink_to(elsewhere / "release.yaml")

    assert problem(outgoing).startswith("staged export 'roads': ")


def test_control_characters_in_names_cannot_forge_a_line_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "roads\nCLEAR for everybody").mkdir()

    assert "\n" not in problem(tmp_path)


def test_a_place_that_cannot_be_listed_fails_without_its_path(tmp_path: Path) -> None:
    from geogate.airflow.failures import StoppedError

    with pytest.raises(StoppedError, match="the folder 'gone' cannot be listed: No such file or directory") as caught:
        staged(tmp_path / "gone")

    assert str(tmp_path) not in str(caught.value)
