"""What layers that left or leave before have of what a rule counts: its limit holds for the whole release, or feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from geogate.measures.measure import MeasureId
    from geogate.model.dataset import LayerKind
    from geogate.model.parties import Circumstances

T = TypeVar("T")


def found_beside(circumstances: Circumstances, measure: MeasureId, found: type[T]) -> Iterator[T]:
    """Give what a measure found in each layer of the release that was judged before, and in what left earlier."""
    for layer in (*circumstances.beside, *circumstances.earlier):
        value = layer.values.get(measure)
        if isinstance(value, found):
            yield value


def rows_beside(circumstances: Circumstances, kinds: Collection[LayerKind]) -> int:
    """Count the rows of the layers that were judged before or left earlier, each of them once however it was read."""
    layers = (*circumstances.beside, *circumstances.earlier)
    return sum(layer.rows for layer in layers if layer.kind in kinds and not layer.again)


def rows_unmeasured(circumstances: Circumstances, measure: MeasureId, kinds: Collection[LayerKind]) -> int:
    """Count the rows that left earlier and were not measured so: under another zone list, or another policy."""
    layers = (layer for layer in circumstances.earlier if layer.kind in kinds and not layer.again)
    return sum(layer.rows for layer in layers if measure not in layer.values)


def require_measured(circumstances: Circumstances, measure: MeasureId, kinds: Collection[LayerKind]) -> None:
    """Refuse to count on from layers of which nobody knows how much they had.

    Raises: UnmeasurableError.
    """
    if rows_unmeasured(circumstances, measure, kinds):
        raise UnmeasurableError("what the recipient got before was not measured in this way")
