"""How a GeoParquet file is cut into parts and batches; the footer's claims steer the cut and prove nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.measures.source import Part, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    import pyarrow.parquet as pq

PART_ROWS = 524_288
"""A part ends with the row group that brings it to so many rows."""

PART_BYTES = 64 << 20
"""A part ends with the row group that brings it to so many bytes, uncompressed."""

BATCH_BYTES = 16 << 20
"""What a batch should hold; batches of more than twice as much are cut."""

FEWEST_ROWS, MOST_ROWS = 1_024, 131_072
"""The bounds of the rows of a batch as it is read."""

SMALLEST_WKB = 25
"""What a point takes in a Parquet page; a column that claims less repeats its values by a dictionary.

Units: bytes.
"""

PROBED_ROWS = 1_024
"""The rows of a row group that are looked at where its claim says nothing of how heavy they are."""

REMEDY = "write the file again; it is damaged or was cut short"


@dataclass(frozen=True, slots=True)
class Group:
    """What the footer claims of a row group; ``size`` is uncompressed, ``repeats`` that geometries are in a dictionary.

    Units: ``size`` in bytes.
    """

    rows: int
    size: int
    repeats: bool = False


def groups_of(footer: pq.FileMetaData, *, geometry: str) -> tuple[Group, ...]:
    """List the claims about the row groups; ``geometry`` is the column whose values may be heavy.

    Raises: UnreadableError when they cannot be, or contradict the claim about the whole file.
    """
    found = (footer.row_group(number) for number in range(footer.num_row_groups))
    groups = tuple(Group(each.num_rows, each.total_byte_size, _repeats(each, geometry)) for each in found)
    rows = sum(group.rows for group in groups)
    if rows != footer.num_rows or any(group.rows < 0 or group.size < 0 for group in groups):
        raise UnreadableError(
            f"its row groups claim {rows} rows where the file claims {footer.num_rows}", remedy=REMEDY
        )
    return groups


def parts_of(groups: tuple[Group, ...], *, rows: int = PART_ROWS, size: int = PART_BYTES) -> tuple[Part, ...]:
    """Cut the row groups into runs of at least ``rows`` rows or ``size`` bytes, the last one shorter."""
    parts: list[Part] = []
    first_group = first_row = 0
    while first_group < len(groups):
        end, count, weight = first_group, 0, 0
        while end < len(groups) and count < rows and weight < size:
            count += groups[end].rows
            weight += groups[end].size
            end += 1
        parts.append(Part(number=len(parts), first_row=first_row, rows=count, span=(first_group, end)))
        first_group, first_row = end, first_row + count
    return tuple(parts)


def batch_rows(groups: tuple[Group, ...], *, seen: int = 0) -> int:
    """Say how many rows of a part are read at once: as the heaviest rows need it that are claimed or were ``seen``.

    Units: ``seen`` in bytes.
    """
    heaviest = max((group.size // group.rows for group in groups if group.rows), default=0)
    heaviest = max(heaviest, seen)
    return min(max(BATCH_BYTES // max(heaviest, 1), FEWEST_ROWS), MOST_ROWS)


def _repeats(group: pq.RowGroupMetaData, geometry: str) -> bool:
    leaves = (group.column(number) for number in range(group.num_columns))
    sizes = [leaf.total_uncompressed_size for leaf in leaves if leaf.path_in_schema == geometry]
    return any(size < SMALLEST_WKB * group.num_rows for size in sizes)


def heaviest_seen(file: pq.ParquetFile, groups: Sequence[int], *, geometry: str) -> int:
    """Look at the first geometries of some row groups; return the bytes of a row where they are heaviest."""
    heaviest = 0
    for group in groups:
        stream = file.iter_batches(PROBED_ROWS, row_groups=[group], columns=[geometry], use_threads=False)
        first = next(stream, None)
        if first is not None and first.num_rows:
            heaviest = max(heaviest, first.nbytes // first.num_rows)
    return heaviest


def slices_of(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch whose rows turn out heavier than the footer claims; nothing is copied."""
    pieces = min(-(-batch.nbytes // (2 * BATCH_BYTES)), batch.num_rows)
    if pieces <= 1:
        yield batch
        return
    rows = -(-batch.num_rows // pieces)
    for first in range(0, batch.num_rows, rows):
        yield batch.slice(first, rows)
