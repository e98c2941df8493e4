"""Codes of regions: how many are longer or other than a prefix may be, and how many name a region that is too small."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.cells import is_called, labels_of
from geogate.measures.hidden.columns_leaves import leaves
from geogate.measures.measure import MeasureId, Summed, UnmeasurableError
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

_DIGEST: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixLimits:
    """Which columns have codes, how many digits a code has, and those of regions that are too small."""

    columns: tuple[str, ...]
    digits: int
    too_small: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionCodes:
    """The codes of a layer; ``columns`` is how many columns have them, ``None`` where no batch was seen.

    ``longer`` have more digits, ``other`` are no digits or too few, ``small`` name a region that is too small. Values
    that are missing count in ``missing`` alone.
    """

    columns: int | None = None
    codes: int = 0
    longer: int = 0
    other: int = 0
    small: int = 0
    missing: int = 0

    def __add__(self, other: RegionCodes) -> RegionCodes:
        if None not in {self.columns, other.columns} and self.columns != other.columns:
            raise UnmeasurableError("the rows of one layer have different columns")
        return RegionCodes(
            columns=other.columns if self.columns is None else self.columns,
            codes=self.codes + other.codes,
            longer=self.longer + other.longer,
            other=self.other + other.other,
            small=self.small + other.small,
            missing=self.missing + other.missing,
        )


@dataclass(frozen=True, slots=True)
class RegionPrefixes:
    """Counts the codes of the columns whose names fit."""

    limits: PrefixLimits

    @property
    def id(self) -> MeasureId:
        """Names the limits by their digest."""
        digest = hashlib.sha256(canonical_json(self.limits).encode()).hexdigest()[:_DIGEST]
        return MeasureId(f"region-prefixes:{digest}")

    def empty(self) -> RegionCodes:
        """Return the measurement of no rows."""
        return RegionCodes()

    def tally(self, tools: Tools) -> Tally[RegionCodes]:
        """Begin to measure many batches."""
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> RegionCodes:
        """Count in one batch.

        Raises: UnmeasurableError when a column cannot be looked into.
        """
        own = [leaf for leaf in leaves(batch.attributes) if is_called(leaf.name, self.limits.columns)]
        found = RegionCodes(columns=len(own))
        for leaf in own:
            found += self._counted(labels_of(leaf.values), len(own))
        return found

    def _counted(self, labels: pa.Array, columns: int) -> RegionCodes:
        texts = pc.utf8_trim_whitespace(labels).fill_null("")
        missing = _count(pc.equal(texts, ""))
        digits = self.limits.digits
        exact = _count(pc.match_substring_regex(texts, rf"^[0-9]{{{digits}}}$"))
        longer = _count(pc.match_substring_regex(texts, rf"^[0-9]{{{digits}}}[0-9 -]*[0-9]$"))
        small = _count(pc.is_in(texts, value_set=pa.array(self.limits.too_small, texts.type)))
        codes = len(texts) - missing
        return RegionCodes(
            columns=columns,
            codes=codes,
            longer=longer,
            other=codes - exact - longer,
            small=small,
            missing=missing,
        )


def _count(flags: pa.Array) -> int:
    return int(pc.sum(flags).as_py() or 0)
