"""XML read element by element in bounded memory, without document types, entities or anything from elsewhere.

The elements that a caller calls open are passed through; every other one is given whole with what it lies in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from xml.sax import SAXException
from xml.sax.handler import ContentHandler, LexicalHandler, feature_namespaces, property_lexical_handler

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHUNK: Final = 1 << 18
DEEPEST: Final = 60
LARGEST: Final = 64 << 20
"""Characters and nodes of one whole element, weighted; more is not held in memory."""

LONGEST_TOKEN: Final = 8 << 20
"""Bytes without anything complete in them: one tag, comment or attribute is never as long."""

_NODE_WEIGHT: Final = 200
_ENCODINGS: Final = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1", "utf8", ""})

Name = tuple[str, str]
"""A namespace, empty where there is none, and a local name."""


def odd_xml(why: str, remedy: str = "export the file again; it is damaged or was cut short") -> UnreadableError:
    """Word what is wrong with a document."""
    return UnreadableError(f"the XML {why}", remedy=remedy)


@dataclass(slots=True)
class Node:
    """An element with all that is in it; ``text`` is its own, pieces between its children joined."""

    name: Name
    attributes: dict[Name, str]
    children: list[Node] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of the element itself."""
        return "".join(self.pieces)

    @property
    def local(self) -> str:
        """The name without its namespace."""
        return self.name[1]

    def walk(self) -> Iterator[Node]:
        """Yield the element and everything below it, in the file's order."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open element: its name, its attributes, and its place among all open elements of the document."""

    name: Name
    attributes: dict[Name, str]
    number: int


@dataclass(slots=True)
class Aside:
    """What stands in a document besides elements and the attributes that are ``used``, as element and attribute."""

    used: frozenset[tuple[str, str]] = frozenset()
    comments: int = 0
    instructions: int = 0
    texts: int = 0
    attributes: int = 0

    def parts(self) -> list[FilePart]:
        """Name what was met, and what no reader tells apart: white space, prefixes, and how numbers are spelt."""
        counted = (
            ("white space and spellings", 1),
            ("comments", self.comments),
            ("processing instructions", self.instructions),
            ("text between elements", self.texts),
            ("other attributes of elements", self.attributes),
        )
        return [FilePart(what=what, fate=Fate.REMOVED, count=count) for what, count in counted if count]


Found = tuple[Node, tuple[Opened, ...]]
"""A whole element, and the open ones in which it lies, the outermost first."""


class _Builder(ContentHandler, LexicalHandler):
    """Builds whole elements and keeps those that are complete until they are fetched."""

    def __init__(self, is_open: Callable[[Name], bool], aside: Aside) -> None:
        super().__init__()
        self._is_open = is_open
        self._aside = aside
        self._stack: list[Node] = []
        self._weight = 0
        self.opened: list[Opened] = []
        self.count = 0
        self.events = 0
        self.complete: list[Found] = []

    def startElementNS(self, name: tuple[str | None, str], _qname: str | None, attrs: Any) -> None:  # noqa: N802
        self.events += 1
        plain = (name[0] or "", name[1])
        attributes = {(space or "", local): value for (space, local), value in attrs.items()}
        self._aside.attributes += sum((plain[1], local) not in self._aside.used for _, local in attributes)
        if len(self._stack) + len(self.opened) >= DEEPEST:
            raise odd_xml("is nested too deeply")
        if not self._stack and self._is_open(plain):
            self.count += 1
            self.opened.append(Opened(plain, attributes, self.count))
            return
        node = Node(plain, attributes)
        if self._stack:
            self._stack[-1].children.append(node)
        self._stack.append(node)
        self._add(_NODE_WEIGHT + sum(map(len, attributes.values())))

    def endElementNS(self, _name: tuple[str | None, str], _qname: str | None) -> None:  # noqa: N802 - SAX's name
        self.events += 1
        if not self._stack:
            self.opened.pop()
            return
        node = self._stack.pop()
        self._aside.texts += bool(node.children and node.text.strip())
        if not self._stack:
            self.complete.append((node, tuple(self.opened)))
            self._weight = 0

    def characters(self, content: str) -> None:
        self.events += 1
        if self._stack:
            self._stack[-1].pieces.append(content)
            self._add(len(content))
        elif content.strip():
            self._aside.texts += 1

    def processingInstruction(self, _target: str, _data: str) -> None:  # noqa: N802 - SAX's name
        self.events += 1
        self._aside.instructions += 1

    def comment(self, _content: str) -> None:
        self.events += 1
        self._aside.comments += 1

    def startDTD(self, _name: str, _public: str | None, _system: str | None) -> None:  # noqa: N802 - SAX's name
        raise odd_xml("has a document type", "export it again as plain XML without one")

    def _add(self, weight: int) -> None:
        self._weight += weight
        if self._weight > LARGEST:
            raise odd_xml("has an element that is too large", "split the file")


def whole_elements(path: Path, is_open: Callable[[Name], bool], aside: Aside) -> Iterator[Found]:
    """Yield every element that is not open, whole, in the file's order; ``aside`` is counted up meanwhile.

    Raises: UnreadableError when the document is not well-formed to its last byte, has a document type, or is too large.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.sax import make_parser

    builder, parser = _Builder(is_open, aside), make_parser()
    parser.forbid_dtd = True
    parser.setFeature(feature_namespaces, 1)
    parser.setContentHandler(builder)
    parser.setProperty(property_lexical_handler, builder)
    try:
        with path.open("rb") as file:
            _require_encoding(file.read(200))
            file.seek(0)
            waiting = before = 0
            while data := file.read(CHUNK):
                parser.feed(data)
                waiting = 0 if builder.events != before else waiting + len(data)
                before = builder.events
                if waiting > LONGEST_TOKEN:
                    raise odd_xml("has a tag or a comment that is too long")
                yield from _taken(builder)
            parser.close()
            yield from _taken(builder)
    except DefusedXmlException:
        raise odd_xml("has a document type or entities", "export it again as plain XML without them") from None
    except (SAXException, ValueError, LookupError):
        raise odd_xml("is not well-formed, or ends too early") from None


def _taken(builder: _Builder) -> list[Found]:
    found, builder.complete = builder.complete, []
    return found


def _require_encoding(head: bytes) -> None:
    declaration = head.split(b"?>", 1)[0]
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<") or b"\0" in head:
        raise odd_xml("is in an encoding that is not read", "write UTF-8")
    if b"encoding" in declaration:
        _, _, after = declaration.partition(b"encoding")
        name = after.strip(b" \t\r\n=").strip(b"\"' \t\r\n").split(b'"')[0].split(b"'")[0]
        if name.decode("ascii", errors="replace").lower() not in _ENCODINGS:
            raise odd_xml("is in an encoding that is not read", "write UTF-8")
