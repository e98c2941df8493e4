"""The page of an evidence pack for people: what was released, to whom, by which rules, and who decided; HTML and PDF.

Both are made from the same sections. Texts from outside are shown as text: control characters and marks that turn
writing around are written out, and what HTML or the PDF library would read as markup is escaped.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

import jinja2

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geogate.gate.evidence_sections import Page

VERA: Final = ("Vera", "VeraBd")
"""Fonts that come with the PDF library, plain and bold, so that a page looks the same on each machine."""


def shown(text: str) -> str:
    """Write out characters that do not show themselves, or that turn what follows around."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)


def html(page: Page) -> bytes:
    """Write the page as one HTML file that refers to nothing outside of it and runs nothing."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("geogate.gate"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["shown"] = shown
    return environment.get_template("evidence.html").render(page=page).encode()


def pdf(page: Page) -> bytes:
    """Write the page as a PDF; the same page gives the same bytes. Letters that its fonts lack are written out."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=57,
        rightMargin=57,
        topMargin=57,
        bottomMargin=57,
        title=page.title,
        author="geogate",
        lang="en",
        invariant=1,
    )
    document.build(list(_flowables(page)), onFirstPage=_footer, onLaterPages=_footer)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Styles:
    title: Any
    heading: Any
    text: Any


@cache
def _styles() -> _Styles:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    for name in VERA:
        registerFont(TTFont(name, f"{name}.ttf"))
    plain, bold = VERA
    # Names without blanks may be longer than a line: they are broken anywhere.
    text = ParagraphStyle("text", fontName=plain, fontSize=9, leading=13, spaceAfter=3, splitLongWords=1)
    heading = ParagraphStyle("heading", fontName=bold, fontSize=11, leading=15, spaceBefore=12, spaceAfter=4)
    title = ParagraphStyle("title", fontName=bold, fontSize=16, leading=21, spaceAfter=6)
    return _Styles(title, heading, text)


@cache
def _letters() -> frozenset[int]:
    """Give the code points that the plain font can draw."""
    from reportlab.pdfbase.pdfmetrics import getFont

    _styles()
    return frozenset(getFont(VERA[0]).face.charToGlyph)


def _drawn(text: str) -> str:
    known = _letters()
    written = "".join(c if c == "\n" or ord(c) in known else f"\\u{ord(c):04x}" for c in shown(text))
    return escape(written).replace("\n", "<br/>")


def _flowables(page: Page) -> Iterable[Any]:
    from reportlab.platypus import Paragraph

    styles = _styles()
    yield Paragraph(_drawn(page.title), styles.title)
    yield Paragraph(_drawn(page.summary), styles.text)
    for section in page.sections:
        yield Paragraph(_drawn(section.heading), styles.heading)
        for line in section.lines:
            yield Paragraph(_drawn(line), styles.text)
        for row in section.rows:
            name, *rest = row
            said = ": ".join(
                filter(None, (f'<font name="{VERA[1]}">{_drawn(name)}</font>', _drawn("; ".join(filter(None, rest)))))
            )
            yield Paragraph(said, styles.text)


def _footer(canvas: Any, document: Any) -> None:
    _styles()
    canvas.saveState()
    canvas.setFont(VERA[0], 7)
    canvas.drawString(57, 30, f"geogate evidence pack, page {document.page}")
    canvas.restoreState()
