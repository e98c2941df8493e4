"""Sabotages as data: one line of the decision path made to fail open, and the tests that have to notice.

Nothing here applies one; it is read from ``sabotages/*.yaml`` and checked against the sources.
"""

from __future__ import annotations

import ast
import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

SABOTAGES: Final = Path(__file__).resolve().parent / "sabotages"
PACKAGE: Final = Path("src", "geogate")
KEYS: Final = ("id", "file", "before", "after", "why", "tests")
MOST_LINES: Final = 3
# Sabotages are applied side by side, and ``ast.parse`` counts its depth for all threads together (CPython 3.11).
PARSING: Final = threading.Lock()


class DrillError(Exception):
    """The drill itself is at fault: a sabotage that does not apply, a control that came out otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """One small change of one file; ``before`` is there exactly once and becomes ``after``.

    ``tests`` are the few that should notice, as pytest names them; when they do not, more are asked.
    """

    id: str
    file: Path
    before: str
    after: str
    why: str
    tests: tuple[str, ...]

    def applied_to(self, text: str) -> str:
        """Return the text of the file with the sabotage in it.

        Raises: DrillError when it does not fit exactly once, changes too much, or leaves no Python.
        """
        found = text.count(self.before)
        if found != 1:
            raise DrillError(f"{self.id}: its line is {found} times in {self.file.as_posix()}, and must be there once")
        if self.before == self.after or max(self.before.count("\n"), self.after.count("\n")) >= MOST_LINES:
            raise DrillError(f"{self.id}: a sabotage changes something, and no more than {MOST_LINES} lines")
        changed = text.replace(self.before, self.after)
        try:
            with PARSING:
                same = ast.dump(ast.parse(changed)) == ast.dump(ast.parse(text))
        except SyntaxError:
            raise DrillError(f"{self.id}: what it leaves is no Python") from None
        if same:
            raise DrillError(f"{self.id}: it changes words and no code")
        return changed


def load(folder: Path = SABOTAGES) -> tuple[Sabotage, ...]:
    """Read all sabotages, in the order of their files.

    Raises: DrillError for an unknown or missing key, or an id that is there twice.
    """
    found = [
        _sabotage(entry, path.name)
        for path in sorted(folder.glob("*.yaml"))
        for entry in YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    ]
    doubled = sorted({each.id for each in found if [other.id for other in found].count(each.id) > 1})
    if doubled or not found:
        raise DrillError(f"sabotages that are there twice: {', '.join(doubled)}" if found else "there are no sabotages")
    return tuple(found)


def _sabotage(entry: Any, file: str) -> Sabotage:
    if not isinstance(entry, dict) or set(entry) != set(KEYS):
        raise DrillError(f"{file}: a sabotage has {', '.join(KEYS)}, and nothing else")
    texts = {key: entry[key] for key in KEYS if key != "tests"}
    tests = entry["tests"]
    if not all(isinstance(text, str) for text in (*texts.values(), *tests)) or not isinstance(tests, list) or not tests:
        raise DrillError(f"{file}: {entry['id']}: every value is text, and tests is a list of it")
    return Sabotage(**{**texts, "file": PACKAGE / texts["file"]}, tests=tuple(tests))


def digest_of(sabotages: tuple[Sabotage, ...]) -> str:
    """Digest what the sabotages do, so that a sample changes when the list does."""
    said = "\0".join(f"{each.id}\0{each.file}\0{each.before}\0{each.after}" for each in sabotages)
    return hashlib.sha256(said.encode()).hexdigest()


def sample(sabotages: tuple[Sabotage, ...], count: int, *, seed: str = "") -> tuple[Sabotage, ...]:
    """Choose some sabotages, the same for the same list and seed; without a seed the list is its own."""
    seed = seed or digest_of(sabotages)
    lots = {each.id: hashlib.sha256(f"{seed}:{each.id}".encode()).digest() for each in sabotages}
    return tuple(sorted(sabotages, key=lambda each: lots[each.id])[:count])
