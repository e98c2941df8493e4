"""How the values of columns keep to what was declared of them: more decimals, or other values than those of a list."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.hidden.columns_leaves import Leaf, leaves, numbers_of, valid_of
from geogate.measures.measure import MeasureId, Summed
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

_DIGEST: Final = 16


def is_named(leaf: str, name: str) -> bool:
    """Tell whether a declaration means a column or a part of it; ``*``, ``?`` and ``[...]`` stand for letters."""
    if leaf == name or leaf.startswith((f"{name}.", f"{name}[")):
        return True
    return fnmatchcase(leaf, name) or fnmatchcase(leaf.partition(".")[0].partition("[")[0], name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What values of columns of a name may be; ``None`` where there is no limit."""

    name: str
    max_decimals: int | None
    values: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """How many values are beyond each of the limits, in their order."""

    counts: tuple[int, ...]

    def __add__(self, other: Beyond) -> Beyond:
        return Beyond(counts=tuple(one + more for one, more in zip(self.counts, other.counts, strict=True)))


@dataclass(frozen=True, slots=True)
class ValuesBeyond:
    """Count the values that are beyond what was declared."""

    limits: tuple[Limits, ...]

    @property
    def id(self) -> MeasureId:
        """Names the limits by their digest."""
        digest = hashlib.sha256(canonical_json(self.limits).encode()).hexdigest()[:_DIGEST]
        return MeasureId(f"values-beyond:{digest}")

    def empty(self) -> Beyond:
        """Return the measurement of no rows."""
        return Beyond(counts=(0,) * len(self.limits))

    def tally(self, tools: Tools) -> Tally[Beyond]:
        """Begin to measure many batches."""
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> Beyond:
        """Count in one batch.

        Raises: UnmeasurableError when a column cannot be looked into.
        """
        counts = [0] * len(self.limits)
        if self.limits:
            for leaf in leaves(batch.attributes):
                for place, limits in enumerate(self.limits):
                    if is_named(leaf.name, limits.name):
                        counts[place] += _beyond(leaf, limits)
        return Beyond(counts=tuple(counts))


def _beyond(leaf: Leaf, limits: Limits) -> int:
    count = 0
    if limits.max_decimals is not None and leaf.kind == "number":
        numbers: NDArray[Any] = numbers_of(leaf.values)
        if numbers.dtype != np.int64:
            if leaf.values.type == pa.float32():
                numbers = numbers.astype(np.float32)
            with np.errstate(over="ignore", invalid="ignore"):
                scale = numbers.dtype.type(10.0**limits.max_decimals)
                rounded = np.rint(numbers * scale) / scale
                count += int(np.count_nonzero((rounded != numbers) & np.isfinite(numbers)))
    if limits.values is not None and leaf.kind in {"text", "number", "flag"}:
        texts = pc.cast(leaf.values, pa.string())
        listed = pc.is_in(texts, value_set=pa.array(limits.values, pa.string()))
        valid = valid_of(leaf.values)
        known: np.ndarray[tuple[int], np.dtype[np.bool_]] = listed.to_numpy(zero_copy_only=False)
        count += int(np.count_nonzero(~known if valid is None else ~known & valid))
    return count
