"""What was measured of a release, as bars that can be drawn: counts by precision, time, distance and cell."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from geogate.measures.clocks import STEPS
from geogate.measures.vertex_spacing import LIMITS_M

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_BARS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A class and how many are in it."""

    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """What was counted in one layer, by classes in their order."""

    layer: str
    title: str
    counted: str
    bars: tuple[Bar, ...]


def histograms(measurements: str) -> tuple[Histogram, ...]:
    """Read the histograms from measurements as the ledger keeps them; what is of another version is left out."""
    try:
        layers = json.loads(measurements)["layers"].items()
        return tuple(found for name, layer in layers if layer for found in _of(name, layer["values"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()


def _of(layer: str, values: Mapping[str, Any]) -> Iterator[Histogram]:
    for measure, value in values.items():
        if set(value) == {"reason"}:
            continue
        if measure == "lattice":
            for axis in ("x", "y"):
                bars = tuple(Bar(label=_places(each["places"]), count=each["count"]) for each in value[axis])
                yield from _drawn(layer, f"precision of {axis}", "ordinates", bars)
        elif measure == "time-steps":
            for column in value["columns"] or ():
                bars = _bars([name for name, _ in STEPS], column["counts"])
                yield from _drawn(layer, f"time in {column['name']}", "values", bars)
        elif measure == "vertex-spacing":
            labels = ["repeated", *(f"below {limit:g} m" for limit in LIMITS_M), f"{LIMITS_M[-1]:g} m or more"]
            yield from _drawn(layer, "distance between vertices", "edges", _bars(labels, value["counts"]))
        elif measure.startswith("cell-subjects:"):
            enough = value["enough"]
            labels = [f"{number} or more" if number >= enough else str(number) for number in range(enough + 1)]
            yield from _drawn(layer, "subjects in a cell", "cells", _bars(labels, value["counts"]))


def _places(decimals: int) -> str:
    """Say how many decimals there are; below none are multiples of ten and so on."""
    if decimals <= 0:
        return "whole numbers" if decimals == 0 else f"multiples of {10 ** -int(decimals):,}"
    return f"{decimals} decimal{'s' * (decimals != 1)}"


def _bars(labels: list[str], counts: list[int]) -> tuple[Bar, ...]:
    return tuple(Bar(label=label, count=count) for label, count in zip(labels, counts, strict=False))


def _drawn(layer: str, title: str, counted: str, bars: tuple[Bar, ...]) -> Iterator[Histogram]:
    if any(bar.count for bar in bars):
        yield Histogram(layer=layer, title=title, counted=counted, bars=bars[:MOST_BARS])
