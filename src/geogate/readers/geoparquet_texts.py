"""How many bytes of text rows have, column by column as Parquet counts columns, to compare with what pages have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from geogate.measures.source import UnreadableError
from geogate.readers.columns import plain
from geogate.readers.geoparquet_pages import BYTE_ARRAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from geogate.readers.geoparquet_pages import Leaf


def bytes_of(array: Any) -> Iterator[int | None]:
    """Sum the bytes of the texts of each column of values in an array; ``None`` where they are no texts."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as pt

    array = plain(array)
    kind = array.type
    if pt.is_map(kind):
        entry = pa.field("entry", pa.struct([kind.key_field, kind.item_field]), nullable=False)
        array = array.cast(pa.list_(entry))
        kind = array.type
    if pt.is_struct(kind):
        for child in array.flatten():
            yield from bytes_of(child)
    elif pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind):
        yield from bytes_of(array.flatten())
    elif pt.is_binary_view(kind) or pt.is_string_view(kind):
        yield from bytes_of(array.cast(pa.large_binary()))
    elif pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_string(kind) or pt.is_large_string(kind):
        yield pc.sum(pc.binary_length(array), min_count=0).as_py()
    else:
        yield None


def texts_are_read(schema: pa.Schema, leaves: Sequence[Leaf]) -> bool:
    """Tell whether every column of texts is read as texts, so that their bytes can be summed."""
    import pyarrow as pa

    found = [size for column in schema for size in bytes_of(pa.array([], column.type))]
    return len(found) == len(leaves) and all(
        (size is not None) == (leaf.kind == BYTE_ARRAY) for size, leaf in zip(found, leaves, strict=True)
    )


@dataclass(slots=True)
class TextsRead:
    """The bytes of texts that were read so far, by the column's number."""

    sums: Counter[int] = field(default_factory=Counter)

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the texts of some rows; the batch has all columns of the file in their order."""
        sizes = (size for column in batch.columns for size in bytes_of(column))
        self.sums.update({number: size for number, size in enumerate(sizes) if size})

    def compare(self, groups: Iterable[Mapping[int, int]], *, layer: str) -> None:
        """Compare them with what pages have for them, in the columns of which every row group says it.

        Raises: UnreadableError when pages have more or less.
        """
        known = list(groups)
        for number in set.intersection(*(set(group) for group in known)) if known else ():
            if self.sums[number] != sum(group[number] for group in known):
                raise UnreadableError(
                    "a column's pages hold bytes that are no values",
                    remedy="write the file again; it is damaged, or something is hidden in it",
                    layer=layer,
                )
