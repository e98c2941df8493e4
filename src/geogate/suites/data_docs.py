"""Offline Data Docs: the library's site builder with geogate's own pages, which load nothing and escape everything.

The library's default pages load scripts and pictures from six hosts and put some values into the page as they are.
The classes below are named in the site's configuration, so that the builder makes them itself.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jinja2

from geogate.model.document import canonical_json
from geogate.model.errors import ServiceError
from geogate.suites.gx import VERSION, new_context, quiet
from geogate.suites.pages import META, Cover, LayerNote, LayerPage, gate_findings, note_of, page_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from geogate.model.verdict import Verdict
    from geogate.suites.judge import LayerAnswer, SuiteAnswer

# isort: split
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.render.renderer.site_builder import SiteBuilder

SITE = "geogate"
UP = "../../../../"
"""From the page of a layer to the first page: the library puts it below suite, run name and run time."""


def write_data_docs(answer: SuiteAnswer, *, verdict: Verdict, folder: Path) -> Path:
    """Write the pages of one verdict into a folder and return the first page.

    Raises: ServiceError when a page is missing afterwards, which the library would only note in its log.
    """
    context = new_context(data_docs_sites={SITE: _site(folder)})
    cover = Cover.of(verdict, answer.policy, paged={layer.layer for layer in answer.layers})
    keys = []
    with quiet():
        for number, layer in enumerate(answer.layers, start=1):
            own = tuple(each for each in gate_findings(verdict) if each.layer == layer.layer)
            key = _key(answer, number)
            result = _annotated(layer, LayerNote(number=number, layer=layer.layer, gate_findings=own, cover=cover))
            context.validation_results_store.set(key, result)
            keys.append(key)
        context.build_data_docs(site_names=[SITE])
    index = folder / "index.html"
    pages = [folder.joinpath("validations", *key.to_tuple()).with_name(key.to_tuple()[-1] + ".html") for key in keys]
    missing = sum(not (page.is_file() and page.stat().st_size) for page in (index, *pages))
    if missing:
        raise ServiceError(f"{missing} of {len(pages) + 1} pages of the Data Docs were not written")
    return index


def _key(answer: SuiteAnswer, number: int) -> ValidationResultIdentifier:
    name = f"layer-{number}"
    return ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(name=answer.policy.name.replace(".", "-")),
        run_id=RunIdentifier(run_name=name, run_time=datetime.now(UTC)),
        batch_identifier=name,
    )


def _annotated(layer: LayerAnswer, note: LayerNote) -> ExpectationSuiteValidationResult:
    """Copy a result and tell the copy its layer; a layer without a result gets one without answers."""
    result = copy.deepcopy(layer.result)
    if result is None:
        result = ExpectationSuiteValidationResult(
            success=False, results=[], suite_name=note.cover.policy, statistics={}, meta={}
        )
    result.meta = {META: canonical_json(note)}
    for each in result.results:
        # Tracebacks name files of this machine.
        each.exception_info = _without_texts(each.exception_info)
    return result


def _without_texts(info: Any) -> Any:
    if not isinstance(info, dict):
        return info
    texts = {"exception_traceback", "exception_message"}
    return {key: None if key in texts else _without_texts(value) for key, value in info.items()}


def _site(folder: Path) -> dict[str, Any]:
    def own(name: str) -> dict[str, str]:
        return {"module_name": __name__, "class_name": name}

    return {
        **own("OfflineSiteBuilder"),
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.absolute())},
        "site_index_builder": {
            "class_name": "DefaultSiteIndexBuilder",
            "renderer": own("IndexRenderer"),
            "view": own("IndexView"),
        },
        "site_section_builders": {
            "expectations": "none",
            "profiling": "none",
            "validations": {"renderer": own("LayerRenderer"), "view": own("LayerView")},
        },
    }


class OfflineSiteBuilder(SiteBuilder):
    """Builds the site without the library's four megabytes of fonts, scripts and pictures."""

    def build(self, resource_identifiers: object = None, build_index: bool = True) -> tuple[Any, Any]:  # noqa: FBT001, FBT002
        """Build the pages of all layers, and the first page after them."""
        for section in self.site_section_builders.values():
            section.build(resource_identifiers=resource_identifiers)
        _, links = self.site_index_builder.build(build_index=build_index)
        return self.get_resource_url(only_if_exists=False), links


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A line of the first page."""

    href: str
    page: LayerPage


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPage:
    """The first page."""

    cover: Cover
    links: tuple[Link, ...]


class LayerRenderer:
    """Turns a stored result into the page of its layer."""

    def render(self, result: ExpectationSuiteValidationResult) -> LayerPage:
        """Read the page."""
        return page_of(result)


class IndexRenderer:
    """Turns the builder's links into the first page; the results themselves say what stands there."""

    def __init__(self, data_context: Any) -> None:
        self.data_context = data_context

    def render(self, links: Mapping[str, Any]) -> IndexPage:
        """Read what the first page says from the stored results, in the order of the layers."""
        store = self.data_context.validation_results_store
        by_run = {key.run_id.run_name: store.get(key) for key in store.list_keys()}
        found = [
            Link(href=link["filepath"], page=page_of(by_run[link["run_name"]])) for link in links["validations_links"]
        ]
        cover = note_of(next(iter(by_run.values()))).cover
        return IndexPage(cover=cover, links=tuple(sorted(found, key=lambda link: link.page.number)))


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("geogate.suites"), autoescape=True, undefined=jinja2.StrictUndefined
    )


class LayerView:
    """Writes the page of a layer; every value is escaped."""

    def render(self, page: LayerPage, **_settings: object) -> str:
        """Fill the template."""
        template = _environment().get_template("layer.html.j2")
        return template.render(page=page, home=f"{UP}index.html", title=page.layer, gx_version=VERSION)


class IndexView:
    """Writes the first page; every value is escaped."""

    def render(self, page: IndexPage, **_settings: object) -> str:
        """Fill the template."""
        template = _environment().get_template("index.html.j2")
        return template.render(cover=page.cover, links=page.links, title=page.cover.policy_title, gx_version=VERSION)
