"""Console blocks of documents, run line by line in one folder; what they print is compared loosely.

A block with ``$`` before its commands shows what they print. Digests, ids and times may differ, ``…`` stands for
anything, and lines may be left out. An id of a document becomes the id that this run has in its place.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from docs.markdown import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from gating.command import Command

VARYING = re.compile(r"(?P<id>\b\d{8}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b)|\b[0-9a-f]{12,64}\b|…")
NONCE = re.compile(r"\bgeogate send ([0-9a-f]{32})\b")


@dataclass(slots=True)
class Session:
    """A shell for documents: ``geogate`` runs in this process, everything else in one of its own."""

    geogate: Command
    patch: pytest.MonkeyPatch
    known: dict[str, str] = field(default_factory=dict)
    code: int = 0
    ran: int = 0

    def run(self, text: str) -> None:
        """Run a block and compare what it prints with what it shows."""
        for line, shown in _commands(text):
            said = self._run(self._with_ids(line))
            self._compare(line, shown, said)
            self.ran += 1

    def _with_ids(self, line: str) -> str:
        for theirs, ours in self.known.items():
            line = re.sub(rf"\b{theirs}\b", ours, line)
        return line

    def _run(self, line: str) -> str:
        line, _, target = line.partition(" > ")
        words = shlex.split(line, comments=True)
        said = self._dispatch(words)
        if target:
            Path(target.strip()).write_text(said)
            return ""
        return said

    def _dispatch(self, words: list[str]) -> str:
        match words:
            case ["echo", "$?"]:
                return f"{self.code}\n"
            case ["export", setting]:
                self.patch.setenv(*setting.split("=", 1))
                return ""
            case ["make", target]:
                assert f"\n{target}:" in (ROOT / "Makefile").read_text()
                return ""
            case ["source", script]:
                assert script == ".venv/bin/activate"
                return ""
            case ["geogate", *arguments]:
                return self._geogate(arguments)
            case _:
                return self._program(words)

    def _geogate(self, arguments: list[str]) -> str:
        ended = self.geogate(*arguments)
        self.code = ended.code
        if nonce := NONCE.search(ended.out + ended.err):
            self.known["CLEARANCE"] = nonce[1]
        return ended.out + ended.err

    def _program(self, words: list[str]) -> str:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(words, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True)
        self.code = done.returncode
        return done.stdout

    def _compare(self, line: str, shown: list[str], said: str) -> None:
        left = [" ".join(each.split()) for each in said.splitlines()]
        for expected in filter(None, (" ".join(each.split()) for each in shown)):
            found = self._find(expected, left)
            assert found is not None, f"{line}\ndoes not print\n{expected}\nbut\n{said}"
            left = left[found + 1 :]

    def _find(self, expected: str, lines: list[str]) -> int | None:
        ids = [match["id"] for match in VARYING.finditer(expected) if match["id"]]
        pattern = _pattern(expected)
        for number, line in enumerate(lines):
            if match := pattern.fullmatch(line):
                self.known.update(zip(ids, match.groups(), strict=True))
                return number
        return None


def _pattern(expected: str) -> re.Pattern[str]:
    """Make a pattern of a line, in which the parts that vary match others of their kind."""
    parts, at = [], 0
    for match in VARYING.finditer(expected):
        parts.append(re.escape(expected[at : match.start()]))
        at = match.end()
        if match["id"]:
            parts.append(r"(\d{8}-[0-9a-f]{12})" if "-" in match["id"] else r"([0-9a-f]{32})")
        else:
            parts.append(".*" if match[0] == "…" else f"[0-9a-f]{{{len(match[0])}}}")
    return re.compile("".join(parts) + re.escape(expected[at:]))


def _commands(text: str) -> Iterator[tuple[str, list[str]]]:
    lines = text.splitlines()
    if not any(line.startswith("$ ") for line in lines):
        yield from ((line, []) for line in lines if line.strip())
        return
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield lines[start].removeprefix("$ "), lines[start + 1 : end]
