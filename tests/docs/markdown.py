"""The repository's Markdown: its code blocks, its links, its tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FENCE = re.compile(
    r"^(?:<!-- (?P<note>[^>]+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"\[[^]]*\]\((?P<target>[^)\s]+)\)")
CODE = re.compile(r"```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of code; ``note`` is the comment right before it."""

    language: str
    text: str
    note: str


def documents() -> list[Path]:
    """List every Markdown file that belongs to the product."""
    folders = (ROOT.glob("*.md"), (ROOT / "docs").rglob("*.md"), (ROOT / "infra").rglob("*.md"))
    return sorted(path for found in folders for path in found)


def blocks(path: Path) -> list[Block]:
    """Find the fenced blocks of a file."""
    found = FENCE.finditer(path.read_text(encoding="utf-8"))
    return [Block(language=each["language"], text=each["text"], note=each["note"] or "") for each in found]


def links(path: Path) -> Iterator[str]:
    """Find the targets of links, those in code left out."""
    text = CODE.sub("", path.read_text(encoding="utf-8"))
    yield from (each["target"] for each in LINK.finditer(text))


def anchors(path: Path) -> set[str]:
    """Name the anchors that a renderer gives to the headings of a file."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table(path: Path, heading: str) -> list[list[str]]:
    """Read the rows of the table that begins with a cell."""
    text = path.read_text(encoding="utf-8")
    rows = text[text.index(f"| {heading} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]
