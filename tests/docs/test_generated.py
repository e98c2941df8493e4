from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from docs.markdown import ROOT, table

from docs.generate import DOCS, pages
from geogate.cli.main import EXIT_CODES
from geogate.cli.render import EXIT
from geogate.gate.settings import Settings
from geogate.model.errors import GeogateError, InputError, PolicyError, RefusedError, ServiceError, UsageError
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = pages()

PROBE = "GEOGATE_NO_SUCH_SETTING"


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name], "run python docs/generate.py"


def test_there_is_a_page_for_each_rule_and_no_other() -> None:
    assert {path.stem for path in (DOCS / "rules").iterdir()} == {*registered(), "index"}


def codes() -> Iterator[int]:
    yield from EXIT.values()
    yield from (
        kind.exit_code for kind in (GeogateError, UsageError, InputError, PolicyError, ServiceError, RefusedError)
    )


@pytest.mark.parametrize("page", ["README.md", "docs/operation.md"])
def test_the_table_of_exit_codes_is_that_of_the_code(page: str) -> None:
    documented = [int(code) for code, _ in table(ROOT / page, "Exit code")]

    assert documented == sorted(set(codes()))


def test_the_help_the_readme_and_the_page_on_operation_say_the_same_of_exit_codes() -> None:
    readme, operation = (table(ROOT / page, "Exit code") for page in ("README.md", "docs/operation.md"))
    said = " ".join(EXIT_CODES.split())

    assert readme == operation
    assert all(f"{code} {means.split(';')[0]}" in said for code, means in readme)


def test_the_table_of_variables_has_those_that_the_settings_read() -> None:
    with pytest.raises(UsageError) as refused:
        Settings.from_environment({PROBE: ""})
    known = refused.value.hint.removeprefix("geogate reads ").split(", ")

    documented = [row[0].strip("`") for row in table(ROOT / "docs/operation.md", "Variable")]

    assert sorted(documented) == known


def test_the_defaults_of_the_variables_are_as_documented() -> None:
    settings = Settings.from_environment({})
    defaults = {row[0].strip("`"): row[2].strip("`") for row in table(ROOT / "docs/operation.md", "Variable")}

    assert os.path.relpath(settings.home) == defaults["GEOGATE_HOME"]
    assert os.path.relpath(settings.policies) == defaults["GEOGATE_POLICIES"]


def test_the_changelog_has_the_heading_for_changes_that_can_alter_verdicts() -> None:
    assert "### Changes that can alter verdicts" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_findings_of_the_gate_itself_are_explained() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    page = (ROOT / "docs/operation.md").read_text(encoding="utf-8")
    names = set(re.findall(r'gate_finding\(\s*"([a-z-]+)"', sources))

    assert len(names) > 5
    assert {name for name in names if f"`gate/{name}`" not in page} == set()
