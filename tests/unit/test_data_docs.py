"""Offline Data Docs: complete, self-contained, and whatever comes from data is text."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from judging import BASIS, CIRCUMSTANCES, case_of, policy_of, summary
from suite_rules import RULES, Broken, Unsure, layer, policy, use

from geogate.measures.source import UnreadableError
from geogate.model.errors import ServiceError
from geogate.model.names import LayerName
from geogate.policy.decide import decide, gate_finding
from geogate.suites.data_docs import write_data_docs
from geogate.suites.judge import SuiteAnswer, judge_layers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from geogate.model.finding import Finding
    from geogate.model.verdict import Verdict
    from geogate.policy.policy import PolicyRule
    from geogate.suites.subject import LayerUnderTest

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7*7 }}${x}"


def judged(
    rules: list[PolicyRule], layers: list[LayerUnderTest], gate: Iterable[Finding] = ()
) -> tuple[SuiteAnswer, Verdict]:
    chosen = policy(*rules)
    answer = judge_layers(chosen, layers, circumstances=CIRCUMSTANCES, zone_lists={}, rules=RULES)
    verdict = decide(
        case_of(chosen),
        policy=chosen,
        layers=[summary(each.layer) for each in answer.layers],
        outcomes=answer.outcomes,
        gate_findings=(*answer.findings, *gate),
    )
    return answer, verdict


def pages(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}


class Links(HTMLParser):
    """Collects what a page loads or links, and the elements that it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.elements: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action", "data", "style"}]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("docs")
    unreadable = layer("cut.csv", failure=UnreadableError("the file ends early", remedy="export again"))
    rules = [use("one", most=4), use("warned", most=2), use("broken", kind=Broken, most=7), use("unsure", kind=Unsure)]
    gate = gate_finding("no-reference", layer=LayerName("lost.csv"), summary="no reference", remedy="declare it")
    answer, verdict = judged(rules, [layer("a.csv", rows=3), layer(HOSTILE, rows=9), unreadable], [gate])
    index = write_data_docs(answer, verdict=verdict, folder=folder)
    assert index == folder / "index.html"
    return pages(folder)


def test_there_is_a_page_for_each_layer_and_one_that_links_them(site: dict[str, str]) -> None:
    assert set(site) == {"index", "layer-1", "layer-2", "layer-3"}
    for number in (1, 2, 3):
        assert re.search(rf'href="validations/a-policy/layer-{number}/[0-9TZ.]+/layer-{number}\.html"', site["index"])


def test_the_links_lead_to_files(tmp_path: Path) -> None:
    answer, verdict = judged([use("one")], [layer()])
    index = write_data_docs(answer, verdict=verdict, folder=tmp_path)
    (link,) = [link for link in Links(index.read_text(encoding="utf-8")).links if link.endswith(".html")]
    page = tmp_path / link
    (back,) = [link for link in Links(page.read_text(encoding="utf-8")).links if link.endswith(".html")]
    assert (page.parent / back).resolve() == index.resolve()


def test_no_page_loads_anything_and_the_browser_is_told_so(site: dict[str, str]) -> None:
    for page in site.values():
        found = Links(page)
        assert not [link for link in found.links if ":" in link or link.startswith("//")]
        assert not found.elements & {"script", "img", "iframe", "object", "embed", "link", "form", "base"}
        assert "default-src 'none'" in page
        assert "url(" not in page
        assert "@import" not in page


def test_a_hostile_layer_name_is_text(site: dict[str, str]) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in site["layer-2"]
    assert "<script" not in site["layer-2"] + site["index"]
    assert "{{ 7*7 }}" in site["layer-2"]


def test_the_first_page_says_the_decision_and_what_it_was_reached_with(site: dict[str, str]) -> None:
    index = site["index"]
    assert '<span class="tag deny">deny</span>' in index
    for text in ("A policy", "a-policy 1", "partner", CIRCUMSTANCES.destination, "d" * 64):
        assert text in index


def test_a_finding_about_a_layer_without_a_page_is_on_the_first_page(site: dict[str, str]) -> None:
    assert "no reference" in site["index"]
    assert "no reference" not in site["layer-1"]


def test_a_page_says_severity_legal_basis_and_remedy(site: dict[str, str]) -> None:
    page = site["layer-2"]
    for text in (
        "critical",
        "warning",
        BASIS.section,
        BASIS.source,
        "2026-01-01",
        "do as the policy says",
        "too many",
        "fewer",
    ):
        assert text in page
    assert "deny: not satisfied" in page
    assert "hold: not satisfied" in page


def test_a_page_says_what_was_observed_and_which_rule_was_silent(site: dict[str, str]) -> None:
    page = site["layer-1"]
    assert "3 counted" in page
    assert page.count(">no answer</span>") == 2
    assert "it raised ArithmeticError" in page
    assert "3 vertices are nowhere" in page
    assert "the file ends early" in site["layer-3"]


def test_no_page_names_a_file_of_this_machine(site: dict[str, str]) -> None:
    for page in site.values():
        assert "Traceback" not in page
        assert ".py" not in page


def test_every_text_of_a_policy_is_escaped(tmp_path: Path) -> None:
    basis = replace(BASIS, section=HOSTILE, source=HOSTILE)
    rule = replace(use("one", what=HOSTILE), remedy=HOSTILE, notes=HOSTILE, legal_basis=(basis,))
    chosen = replace(policy_of(rule), title=HOSTILE)
    answer = judge_layers(chosen, [layer()], circumstances=CIRCUMSTANCES, zone_lists={}, rules=RULES)
    verdict = decide(
        case_of(chosen),
        policy=chosen,
        layers=[summary("a.csv")],
        outcomes=answer.outcomes,
        gate_findings=answer.findings,
    )
    write_data_docs(answer, verdict=replace(verdict, destination=HOSTILE), folder=tmp_path)
    for page in pages(tmp_path).values():
        assert not Links(page).elements & {"script", "img"}


def test_a_layer_without_a_result_has_a_page_too(tmp_path: Path) -> None:
    answer, verdict = judged([use("one")], [layer()])
    lost = gate_finding("no-answer", layer=LayerName("a.csv"), summary="0 results", remedy="")
    answer = replace(answer, layers=(replace(answer.layers[0], result=None),))
    write_data_docs(answer, verdict=replace(verdict, findings=(lost,)), folder=tmp_path)
    assert "0 results" in pages(tmp_path)["layer-1"]


def test_a_page_that_could_not_be_written_is_an_error(tmp_path: Path) -> None:
    answer, verdict = judged([use("one")], [layer("a"), layer("b")])
    spoilt = copy.deepcopy(answer.layers[1].result)
    spoilt.results[0].expectation_config.meta = {}
    answer = replace(answer, layers=(answer.layers[0], replace(answer.layers[1], result=spoilt)))
    with pytest.raises(ServiceError, match=r"of 3 pages of the Data Docs were not written"):
        write_data_docs(answer, verdict=verdict, folder=tmp_path)


def test_nothing_but_pages_is_written(tmp_path: Path) -> None:
    answer, verdict = judged([use("one")], [layer()])
    write_data_docs(answer, verdict=verdict, folder=tmp_path)
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".html"}
