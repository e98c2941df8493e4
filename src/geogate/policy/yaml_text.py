"""YAML 1.2 as a strict tree of plain values that knows the line of every key; nothing that could surprise a reader.

Refused: duplicate keys, anchors, aliases, merge keys, tags, directives, several documents, keys that are not text,
numbers in unusual spellings, NaN and the infinities, deep nesting. ``NO`` is text, as YAML 1.2 has it.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
)
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from geogate.model.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ruamel.yaml.nodes import Node

MOST_BYTES = 1_000_000
MOST_DEPTH = 20

Key = str | int
Path = tuple[Key, ...]

INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?")
NUMBERS = {"int": "number", "float": "number"}
TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A file's content as plain values, and the line on which each of them stands.

    Units: lines count from one.
    """

    file: str
    json: str
    lines: Mapping[Path, int]

    def refuse(self, path: Path, why: str, *, hint: str = "") -> NoReturn:
        """Refuse the file because of the value at a path, naming file, line and key.

        Raises: PolicyError.
        """
        raise PolicyError(f"{self.file}:{self.line(path)}: {dotted(path)}: {why}", hint=hint)

    def line(self, path: Path) -> int:
        """Return the line of a value, or of the nearest one around it where it is missing."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def dotted(path: Path) -> str:
    """Write a path for people: ``expectations[2].kwargs.step_m``.

    >>> dotted(("expectations", 2, "kwargs", "step_m"))
    'expectations[2].kwargs.step_m'
    """
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".") or "the file"


def read_yaml(data: bytes, *, file: str) -> Text:
    """Read the one document of a file, which must be a mapping.

    Raises: PolicyError naming file, line and key.
    """
    if len(data) > MOST_BYTES:
        raise PolicyError(f"{file}: the file is larger than {MOST_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PolicyError(f"{file}:{line}: the file is not UTF-8 text") from None
    try:
        _require_plain(text, file)
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyError(f"{file}:{line}: this is not YAML: {error.problem or error.context}") from None
    except YAMLError as error:
        raise PolicyError(f"{file}: this is not YAML: {type(error).__name__}") from None
    if not isinstance(node, MappingNode):
        raise PolicyError(f"{file}:1: the file must be a mapping of keys to values")
    tree = _Tree(file)
    value = tree.value(node, ())
    return Text(file=file, json=json.dumps(value, allow_nan=False, ensure_ascii=False), lines=tree.lines)


def _require_plain(text: str, file: str) -> None:
    """Refuse what only the stream of events shows, and depth before anything recursive touches the text."""
    depth = documents = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        where = f"{file}:{event.start_mark.line + 1}"
        documents += isinstance(event, DocumentStartEvent)
        if documents > 1:
            raise PolicyError(f"{where}: one document to a file")
        if isinstance(event, DocumentStartEvent) and (event.version or event.tags):
            raise PolicyError(f"{where}: directives are refused")
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise PolicyError(f"{where}: anchors and aliases are refused; write the value out")
        if getattr(event, "tag", None) is not None:
            raise PolicyError(f"{where}: tags are refused")
        if isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > MOST_DEPTH:
                raise PolicyError(f"{where}: nested more than {MOST_DEPTH} deep")
        elif isinstance(event, CollectionEndEvent):
            depth -= 1


class _Tree:
    """The walk from nodes to plain values, noting lines on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {}

    def value(self, node: Node, path: Path) -> object:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode) or key_node.tag != f"{TAG}str":
                self._refuse(line, path, "a key must be plain text")
            key = key_node.value
            if key in found:
                self._refuse(line, (*path, key), "the key stands twice")
            self.lines[*path, key] = line
            found[key] = self.value(value_node, (*path, key))
        return found

    def _scalar(self, node: Node, path: Path) -> object:
        text, kind = str(node.value), str(node.tag).removeprefix(TAG)
        if kind in {"str", "timestamp"}:
            return text
        if kind == "bool" and text in {"true", "false"}:
            return text == "true"
        if kind == "int" and INTEGER.fullmatch(text):
            return int(text)
        if kind == "float" and NUMBER.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        line, hint = self.lines[path], "put text into quotation marks"
        if kind == "null":
            self._refuse(line, path, "there is no value", hint="write one, or leave the key out")
        return self._refuse(line, path, f"not a plain {NUMBERS.get(kind, kind)}", hint=hint)

    def _refuse(self, line: int, path: Path, why: str, *, hint: str = "") -> NoReturn:
        raise PolicyError(f"{self.file}:{line}: {dotted(path)}: {why}", hint=hint)
