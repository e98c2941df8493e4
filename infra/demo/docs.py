"""Offline Data Docs: Great Expectations' results on each export that could be read, and a first page over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jinja2

from geogate.gate.again import ask_again
from geogate.gate.house import House
from geogate.gate.submit import judge_artefact
from infra.demo.folder import DemoError

if TYPE_CHECKING:
    from pathlib import Path

    from infra.demo.folder import Folder
    from infra.demo.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the first page; ``href`` is empty where nothing could be judged."""

    name: str
    what: str
    decision: str
    why: str
    href: str


def write_docs(folder: Folder, found: tuple[Outcome, ...]) -> Path:
    """Judge the sealed bytes once more, which must end as before, and write what the library says about them.

    Raises: DemoError when a verdict differs from the ledger's.
    """
    house = House.from_environment(actor="demo")
    lines = [
        Line(
            name=outcome.export.name,
            what=outcome.export.what,
            decision=outcome.verdict.decision.value,
            why=outcome.reason.summary if outcome.reason else "every rule is satisfied",
            href=_pages(outcome, folder.docs / outcome.export.name, house=house),
        )
        for outcome in found
    ]
    index = folder.docs / "index.html"
    index.write_text(_index(lines), encoding="utf-8")
    return index


def _pages(outcome: Outcome, into: Path, *, house: House) -> str:
    from geogate.suites.data_docs import write_data_docs

    request, verdict = outcome.request, outcome.verdict
    if request.artefact is None:
        return ""
    question = ask_again(request, house=house)
    again = judge_artefact(request.artefact, staging=house.staging(), question=question, means=house.means())
    if again.answer is None or again.verdict.findings != verdict.findings:
        raise DemoError(f"{outcome.export.name} was judged otherwise the second time")
    page = write_data_docs(again.answer, verdict=verdict, folder=into)
    return page.relative_to(into.parent).as_posix()


def _index(lines: list[Line]) -> str:
    from geogate.suites.gx import VERSION

    loader = jinja2.ChoiceLoader((jinja2.PackageLoader("geogate.suites"), jinja2.DictLoader({"demo": PAGE})))
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template("demo").render(title="Demonstration", gx_version=VERSION, lines=lines)


PAGE = """\
{% extends "frame.html.j2" %}
{% import "parts.html.j2" as parts %}
{% block crumbs %}Demonstration{% endblock %}
{% block content %}
<h1>What became of the staged exports</h1>
<table>
  <thead><tr><th>Export</th><th>Decision</th><th>Why</th></tr></thead>
  <tbody>
  {% for line in lines %}
    <tr>
      <td>{% if line.href %}<a href="{{ line.href }}">{{ line.name }}</a>{% else %}{{ line.name }}{% endif %}<br>
        <small>{{ line.what }}</small></td>
      <td>{{ parts.tag(line.decision, line.decision) }}</td>
      <td>{{ line.why }}</td>
    </tr>
  {% endfor %}
  </tbody>
</table>
{% endblock %}
"""
