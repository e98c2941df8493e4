from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import airportsdata
import geopandas
import pytest
from docs.markdown import ROOT, anchors, blocks, documents, links
from docs.transcript import Session
from gating.command import Command
from ruamel.yaml import YAML

import geogate.gate.home
from geogate.airflow.release_file import read_release
from geogate.gate.house import House, Wish
from geogate.gate.submit import submit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {
    "cafes.csv": "name,lon,lat\nAt the lake,8.3,47.0\nIn the valley,8.5,47.2\n",
    "districts.csv": "name,lon,lat\nA,8.31,47.05\nB,8.52,47.21\n",
}
"""What the documents judge: coarse enough to be cleared, and so fine that the baseline holds it."""

EXECUTED = {"console", "python"}
READ = {"json", "yaml"}
SHOWN = {"mermaid", "text", "sql"}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a reader has it: the example policies, some data, an outbox, and no settings."""
    for name in [name for name in os.environ if name.startswith("GEOGATE_")]:
        monkeypatch.delenv(name)
    shutil.copytree(ROOT / "expectations", tmp_path / "expectations")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "outbox" / "example-partner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def session(place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Session:
    assert place.is_dir()
    return Session(Command(capsys, monkeypatch, dict), monkeypatch)


@pytest.fixture
def in_germany(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place.is_dir()
    monkeypatch.setenv("GEOGATE_COUNTRY", "DE")


def run_document(name: str, session: Session, *, on_python: Callable[[str], None]) -> None:
    """Run a document from its top to its end: write the files that it shows, run its commands and programs."""
    for block in blocks(ROOT / name):
        if block.note.startswith("file: "):
            path = ROOT.joinpath(block.note.removeprefix("file: ")).relative_to(ROOT)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        if block.language == "console":
            session.run(block.text)
        if block.language == "python":
            on_python(block.text)


def hold_a_release() -> str:
    """Submit something that the baseline holds, as somebody else, and return the request's id."""
    house = House.from_environment(actor="clerk")
    assert list(geogate.gate.home.initialise(house.settings))
    wish = Wish(
        dataset=("districts.csv",),
        policy="baseline",
        recipient="example-partner",
        destination="outbox/example-partner/",
    )
    return str(submit(wish, house=house).request)


def test_the_readme_is_true_for_a_file_of_the_readers_own(
    place: Path, session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    coarse = [each for each in airportsdata.load("IATA").values() if each["country"] == "NO"]
    points = geopandas.points_from_xy([round(a["lon"]) for a in coarse], [round(a["lat"]) for a in coarse])
    geopandas.GeoDataFrame({"iata": [a["iata"] for a in coarse]}, geometry=points, crs="EPSG:4326").to_parquet(
        place / "your-file.parquet"
    )
    with monkeypatch.context() as patch:
        patch.setenv("GEOGATE_COUNTRY", "DE")
        session.known["REQUEST"] = hold_a_release()

    def run_python(text: str) -> None:
        if "airflow" in text:
            run_apart(text, place)
        else:
            exec(compile(text, "README.md", "exec"), {})
            assert capsys.readouterr().out == "clear []\n"

    run_document("README.md", session, on_python=run_python)

    assert [path.name for path in (place / "outbox" / "example-partner").iterdir()] == ["your-file.parquet"]


@pytest.mark.usefixtures("in_germany")
def test_the_page_on_operation_shows_what_the_commands_print(place: Path, session: Session) -> None:
    run_document("docs/operation.md", session, on_python=pytest.fail)

    assert session.ran == (ROOT / "docs/operation.md").read_text(encoding="utf-8").count("\n$ ")
    assert {path.name for path in (place / "outbox" / "example-partner").iterdir()} == {"cafes.csv", "districts.csv"}


def test_the_page_on_zone_lists_is_true(session: Session) -> None:
    run_document("docs/zone-lists.md", session, on_python=pytest.fail)


@pytest.mark.usefixtures("in_germany")
def test_the_page_on_obligations_shows_what_the_commands_print(session: Session) -> None:
    run_document("docs/obligations.md", session, on_python=pytest.fail)


@pytest.mark.usefixtures("in_germany")
def test_the_page_on_feeds_shows_what_the_commands_print(place: Path, session: Session) -> None:
    programs: list[str] = []

    run_document("docs/feeds.md", session, on_python=programs.append)

    assert {path.name for path in (place / "outbox" / "example-partner").iterdir()} == {"fleet-1.csv"}
    assert [run_apart(program, place) for program in programs] == [0]


@pytest.mark.usefixtures("in_germany")
def test_the_page_on_remedies_shows_what_the_commands_print(session: Session) -> None:
    run_document("docs/remedies.md", session, on_python=pytest.fail)


@pytest.mark.usefixtures("in_germany")
def test_the_page_on_policies_shows_files_that_work(session: Session) -> None:
    run_document("docs/policies.md", session, on_python=pytest.fail)

    wish = ("cafes.csv", "-p", "maps", "-r", "example-partner", "-t", "outbox/example-partner/")
    assert session.geogate("screen", *wish).code == 0


@pytest.mark.parametrize("page", ["docs/airflow.md", "docs/airflow-enforcement.md"])
def test_the_dags_of_the_pages_on_airflow_can_be_loaded(session: Session, place: Path, page: str) -> None:
    programs: list[str] = []

    run_document(page, session, on_python=programs.append)

    assert [run_apart(program, place) for program in programs] == [0]


def test_the_release_file_of_the_page_on_airflow_is_one() -> None:
    (release,) = [block for block in blocks(ROOT / "docs/airflow.md") if block.note == "release file"]

    assert read_release(release.text.encode(), file="release.yaml").files == ("flights.parquet",)


def run_apart(program: str, place: Path) -> int:
    """Run a program in a process of its own, because Airflow settles in the one that imports it."""
    environment = {**os.environ, "AIRFLOW_HOME": str(place / "airflow")}
    done = subprocess.run(
        [sys.executable, "-"], input=program, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.returncode


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_block_is_of_a_kind_that_is_executed_read_or_only_shown(path: Path) -> None:
    for block in blocks(path):
        assert block.language in EXECUTED | READ | SHOWN
        if block.language == "json":
            json.loads(block.text)
        if block.language == "yaml":
            YAML(typ="safe", pure=True).load(block.text)


def test_console_and_python_stand_only_in_documents_that_are_run() -> None:
    run = {
        "README.md",
        "CONTRIBUTING.md",
        "docs/feeds.md",
        "docs/obligations.md",
        "docs/operation.md",
        "docs/policies.md",
        "docs/remedies.md",
        "docs/airflow.md",
        "docs/airflow-enforcement.md",
        "docs/zone-lists.md",
    }

    assert {
        path.relative_to(ROOT).as_posix()
        for path in documents()
        for block in blocks(path)
        if block.language in EXECUTED
    } == run


def test_the_targets_of_the_page_for_contributors_exist(session: Session) -> None:
    run_document("CONTRIBUTING.md", session, on_python=pytest.fail)

    assert session.ran == 4


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_something(path: Path) -> None:
    for target in links(path):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{target} leads nowhere"
        if anchor:
            assert anchor in anchors(there), f"{target} names no heading"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached or not path.is_file():
            continue
        reached.add(path)
        targets = [target.partition("#")[0] for target in links(path) if not target.startswith("http")]
        waiting += [(path.parent / each).resolve() for each in targets if each.endswith(".md")]

    assert set(documents()) <= reached
