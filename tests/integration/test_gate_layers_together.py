"""A release of several files gets no more past the gate than one file with the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gating.place import inventory, precision, zones

from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

COARSE = precision("precision", 100, ">=")


def folder(gate: Gate, name: str, files: int, *, inside: int, outside: int = 0) -> Path:
    """Write a release of several files, each with some rows in the only zone."""
    found = gate.staged / name
    found.mkdir()
    for number in range(files):
        rows = [f"20.{place + 1},20.5" for place in range(inside)] + [f"8.{place + 1},47.1" for place in range(outside)]
        (found / f"part#{number}.csv").write_text("lon,lat\n" + "\n".join(rows) + "\n")
    return found


def test_features_in_a_zone_count_over_all_files(gate: Gate) -> None:
    gate.policies.write_policy([COARSE, zones(max_features=2)])
    assert gate.screen(folder(gate, "two", 2, inside=1)).decision is Decision.CLEAR
    assert gate.screen(folder(gate, "three", 3, inside=1)).decision is Decision.DENY
    assert gate.screen(folder(gate, "none", 3, inside=0, outside=4)).decision is Decision.CLEAR


def test_rows_count_over_all_files(gate: Gate) -> None:
    gate.policies.write_policy([COARSE, inventory(max_rows=4)])
    assert gate.screen(folder(gate, "four", 2, inside=0, outside=2)).decision is Decision.CLEAR
    assert gate.screen(folder(gate, "five", 5, inside=0, outside=1)).decision is Decision.DENY


def test_positions_that_hide_in_a_row_do_not_make_it_two(gate: Gate) -> None:
    gate.policies.write_policy([COARSE, inventory(max_rows=4)])
    path = gate.staged / "homes.csv"
    path.write_text("lon,lat,home\n8.1,47.1,POINT (8.2 47.2)\n8.3,47.3,POINT (8.4 47.4)\n")
    verdict = gate.screen(path)
    assert len(verdict.layers) == 2
    assert not [each for each in verdict.findings if each.rule == "inventory"]
