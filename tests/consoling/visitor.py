"""Somebody with a browser that runs no scripts: pages, forms with their tokens, and what is on them as text."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

USER, GROUPS = "x-forwarded-user", "x-forwarded-groups"


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, and what is filled in."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(action=said.get("action", "")))
        elif tag == "input" and self.forms and said.get("type") == "hidden":
            self.forms[-1].fields[said["name"]] = said["value"]


def forms_of(page: str) -> dict[str, Form]:
    """Find the forms of a page by where they go."""
    parser = _Forms()
    parser.feed(page)
    return {form.action: form for form in parser.forms}


def text_of(page: str) -> str:
    """Give the text of a page."""
    return html.unescape(re.sub(r"<[^>]*>", " ", page))


class Visitor:
    """A browser whose requests a proxy passes on with a name and groups."""

    def __init__(self, url: str, name: str = "", *groups: str) -> None:
        headers = {USER: name, GROUPS: ",".join(groups)} if name else {}
        self.http = httpx.Client(base_url=url, headers=headers, follow_redirects=True, timeout=120)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def page(self, path: str) -> str:
        """Load a page that must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, text_of(answer.text)[-500:])
        return answer.text

    def form(self, path: str, action: str) -> Form:
        """Find a form on a page."""
        return forms_of(self.page(path))[action]

    def send(self, form: Form, **filled: str) -> httpx.Response:
        """Fill a form and send it."""
        return self.http.post(form.action, data={**form.fields, **filled})

    def vote(self, request: str, choice: str, comment: str = "looked at it") -> httpx.Response:
        """Vote on a release as the page offers it."""
        form = self.form(f"/releases/{request}", f"/releases/{request}/vote")
        return self.send(form, choice=choice, comment=comment)
