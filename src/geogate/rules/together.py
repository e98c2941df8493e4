"""What the layers that were judged before have of what a rule counts: its limit holds for the whole release."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from geogate.measures.measure import MeasureId
    from geogate.model.dataset import LayerKind
    from geogate.model.parties import Circumstances

T = TypeVar("T")


def found_beside(circumstances: Circumstances, measure: MeasureId, found: type[T]) -> Iterator[T]:
    """Give what a measure found in each layer of the release that was judged before."""
    for layer in circumstances.beside:
        value = layer.values.get(measure)
        if isinstance(value, found):
            yield value


def rows_beside(circumstances: Circumstances, kinds: Collection[LayerKind]) -> int:
    """Count the rows of the layers that were judged before, each of them once however it was read."""
    return sum(layer.rows for layer in circumstances.beside if layer.kind in kinds and not layer.again)
