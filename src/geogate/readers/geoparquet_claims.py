"""What the footer of a Parquet file claims, compared with what its pages hold and with what pyarrow itself would claim.

Source: parquet-format 2.11, parquet.thrift.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final

from geogate.libraries.thrift import (
    BINARY,
    I16,
    I32,
    I64,
    LIST,
    STRUCT,
    Field,
    Kinds,
    Struct,
    Values,
    decoded,
    has_kinds,
    parsed,
    value_of,
)
from geogate.readers.geoparquet_pages import BYTE_ARRAY, FLOATS, PLAIN, WIDTHS, Chunk, Leaf, Seen, look_through

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pyarrow.parquet as pq

MAGIC: Final = b"PAR1"
TAIL: Final = 8
"""The length of the footer and the magic."""

NOT_STANDARD: Final = (KeyError, TypeError, AttributeError, ValueError, IndexError)
"""What reading a footer ends in that lacks a field, or has one of another kind."""

LARGEST_FOOTER: Final = 32 << 20
CLAIMS = "claims about row groups and columns that their pages do not bear out"
_LEVELS: Final = 3
_KINDS: Final = ("BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", BYTE_ARRAY, "FIXED_LEN_BYTE_ARRAY")

_SORTED = 4
_GROUP: Final[Kinds] = {1: (LIST, STRUCT), 2: I64, 3: I64, _SORTED: (LIST, STRUCT), 5: I64, 6: I64, 7: I16}
_CHUNK: Final[Kinds] = {1: BINARY, 2: I64, 3: STRUCT, 4: I64, 5: I32, 6: I64, 7: I32, 8: STRUCT, 9: BINARY}
_COLUMN: Final[Kinds] = {
    1: I32,
    2: (LIST, I32),
    3: (LIST, BINARY),
    4: I32,
    5: I64,
    6: I64,
    7: I64,
    8: (LIST, STRUCT),
    9: I64,
    10: I64,
    11: I64,
    12: STRUCT,
    13: (LIST, STRUCT),
    14: I64,
    15: I32,
    16: STRUCT,
    17: STRUCT,
}
_PAGES_OF_A_KIND: Final[Kinds] = {1: I32, 2: I32, 3: I32}
_SIZES: Final[Kinds] = {1: I64, 2: (LIST, I64), 3: (LIST, I64)}
_BESIDE_CHUNKS: Final = {1: "columns in other files", 4: "page indexes", 6: "page indexes", 8: "keys", 9: "keys"}
_BESIDE_COLUMNS: Final = {8: "column keys", 10: "page indexes", 12: "statistics", 14: "bloom filters", 17: "statistics"}


@dataclass(slots=True)
class Account:
    """What was found besides the rows, by plain category, which bytes column chunks take, and the texts of each group.

    ``texts`` has for each row group the bytes that its plain columns of texts have for them, by the column's number.
    """

    odd: Counter[str] = field(default_factory=Counter)
    spans: list[tuple[int, int]] = field(default_factory=list)
    texts: list[dict[int, int]] = field(default_factory=list)

    def require(self, true: object, what: str = CLAIMS) -> None:
        """Count what is odd unless something is true."""
        self.odd[what] += not true


def footer_of(file: IO[bytes]) -> tuple[Struct, int] | None:
    """Read the footer, and say where it begins; ``None`` where it cannot be looked through."""
    end = file.seek(0, 2) - TAIL
    file.seek(max(end, 0))
    size = int.from_bytes(file.read(4), "little")
    if file.read() != MAGIC or not 0 < size <= min(end - len(MAGIC), LARGEST_FOOTER):
        return None
    file.seek(end - size)
    try:
        return decoded(file.read(size)), end - size
    except ValueError:
        return None


def leaves_of(metadata: pq.FileMetaData) -> tuple[Leaf, ...]:
    """List the columns of values."""
    columns = [metadata.schema.column(number) for number in range(len(metadata.schema))]
    return tuple(
        Leaf(
            path=column.path,
            kind=column.physical_type,
            width=WIDTHS.get(column.physical_type, max(column.length or 0, 0)),
            definition=column.max_definition_level,
            repetition=column.max_repetition_level,
            floats=FLOATS.get(column.physical_type, "<f2" if column.logical_type.type == "FLOAT16" else ""),
        )
        for column in columns
    )


def chunks_of(group: Struct, leaves: Sequence[Leaf]) -> list[Chunk]:
    """Say where the columns of a row group lie.

    Raises: one of ``NOT_STANDARD``.
    """
    chunks = []
    for column, leaf in zip(group[1].value.values, leaves, strict=True):
        data: Struct = column[3].value
        starts = [data[number].value for number in (9, 11) if number in data]
        chunks.append(Chunk(leaf=leaf, codec=data[4].value, start=min(starts), size=data[7].value))
    return chunks


def has_sound_histograms(path: Path, metadata: pq.FileMetaData) -> bool:
    """Tell whether histograms of levels are as long as they must be; pyarrow ends the process over one that is not."""
    with path.open("rb") as file:
        file.seek(-TAIL, 2)
        size = int.from_bytes(file.read(4), "little")
        file.seek(-min(size, LARGEST_FOOTER) - TAIL, 2)
        data = file.read(size)
    try:
        for group in parsed(data)[4].value.values:
            for column, leaf in zip(group[1].value.values, leaves_of(metadata), strict=True):
                sizes = value_of(value_of(column, 3, {}), 16, {})
                for number, most in ((2, leaf.repetition), (3, leaf.definition)):
                    if number in sizes and len(sizes[number].value.values) not in {0, most + 1}:
                        return False
    except NOT_STANDARD:
        return False
    return True


def account_for_groups(file: IO[bytes], footer: Struct, leaves: Sequence[Leaf]) -> Account:
    """Look through every page, and compare every claim with them.

    Raises: as ``chunks_of``.
    """
    account = Account()
    for number, group in enumerate(footer[4].value.values):
        chunks = chunks_of(group, leaves)
        seen = [look_through(file, chunk) for chunk in chunks]
        for column, chunk, found in zip(group[1].value.values, chunks, seen, strict=True):
            account.odd += +found.odd
            account.spans.append((chunk.start, chunk.start + chunk.size))
            _column(account, column, chunk, found)
        _group(account, group, chunks, seen, number=number)
        account.texts.append(_texts(chunks, seen))
    account.odd = +account.odd
    return account


def _texts(chunks: Sequence[Chunk], seen: Sequence[Seen]) -> dict[int, int]:
    """Say how many bytes the pages have for texts, where all of them have plain ones."""
    return {
        number: found.text_bytes
        for number, (chunk, found) in enumerate(zip(chunks, seen, strict=True))
        if chunk.leaf.kind == BYTE_ARRAY and not +found.odd and {encoding for _, encoding in found.pages} <= {PLAIN}
    }


def texts_of_groups(path: Path, metadata: pq.FileMetaData, groups: range) -> Sequence[Mapping[int, int]]:
    """Look through the columns of texts of some row groups; a footer that is not to the standard says nothing."""
    leaves = leaves_of(metadata)
    texts: list[dict[int, int]] = []
    with path.open("rb") as file:
        found = footer_of(file)
        try:
            for number in groups if found else ():
                chunks = chunks_of(found[0][4].value.values[number], leaves) if found else []
                seen = [look_through(file, one) if one.leaf.kind == BYTE_ARRAY else Seen() for one in chunks]
                texts.append(_texts(chunks, seen))
        except NOT_STANDARD:
            return ()
    return texts


def _group(account: Account, group: Struct, chunks: Sequence[Chunk], seen: Sequence[Seen], *, number: int) -> None:
    account.odd["sort orders"] += _SORTED in group
    account.require(has_kinds(group, _GROUP))
    account.require(value_of(group, 2) == sum(found.raw for found in seen))
    account.require(value_of(group, 5, min(chunk.start for chunk in chunks)) == min(chunk.start for chunk in chunks))
    account.require(value_of(group, 6, sum(chunk.size for chunk in chunks)) == sum(chunk.size for chunk in chunks))
    account.require(value_of(group, 7, number) == number)
    rows = {found.values if found.repetitions is None else found.repetitions[0] for found in seen}
    account.require(rows == {value_of(group, 3)})


def _column(account: Account, column: Struct, chunk: Chunk, seen: Seen) -> None:
    data: Struct = column[3].value
    for number, what in _BESIDE_CHUNKS.items():
        account.odd[what] += number in column
    for number, what in _BESIDE_COLUMNS.items():
        account.odd[what] += number in data and data[number].value not in ({}, None)
    account.require(has_kinds(column, _CHUNK) and has_kinds(data, _COLUMN))
    account.require(value_of(column, 2) == 0)
    account.require(_KINDS[data[1].value] == chunk.leaf.kind)
    account.require(b".".join(data[3].value.values).decode() == chunk.leaf.path)
    account.require(value_of(data, 5) == seen.values and value_of(data, 6) == seen.raw)
    used = {encoding for _, encoding in seen.pages} | {_LEVELS}
    claimed = list(data[2].value.values)
    account.require(set(claimed) == used and len(claimed) == len(used))
    account.require(min(value_of(data, 9, 0), value_of(data, 11, chunk.start)) == chunk.start)
    _page_counts(account, data, seen)
    _sizes(account, value_of(data, 16, {}), chunk.leaf, seen)


def _page_counts(account: Account, data: Struct, seen: Seen) -> None:
    stated = value_of(data, 13)
    if stated is None:
        return
    claimed = [(one[1].value, one[2].value, one[3].value) for one in stated.values]
    account.require(all(has_kinds(one, _PAGES_OF_A_KIND) for one in stated.values))
    account.require(sorted(claimed) == sorted((*key, count) for key, count in seen.pages.items()))


def _sizes(account: Account, sizes: Struct, leaf: Leaf, seen: Seen) -> None:
    """Compare the histograms of levels, which may be left out where there is but one level."""
    account.require(has_kinds(sizes, _SIZES))
    if 1 in sizes:
        account.require(leaf.kind == BYTE_ARRAY and sizes[1].value == seen.text_bytes)
    for number, found in ((2, seen.repetitions), (3, seen.definitions)):
        claimed = list(sizes[number].value.values) if number in sizes else []
        account.require(not claimed or (found is not None and claimed == found))


def gaps(spans: Iterable[tuple[int, int]], *, start: int, end: int) -> tuple[int, int]:
    """Count the bytes between spans that none covers, and those that two do."""
    between = twice = 0
    at = start
    for first, last in sorted(spans):
        between += max(first - at, 0)
        twice += max(min(at, last) - first, 0)
        at = max(at, last)
    return between + max(end - at, 0), twice + max(at - end, 0)


def plain(value: Any) -> Any:
    """Give a decoded value in a form that compares by what it holds."""
    if isinstance(value, Field):
        return value.kind, plain(value.value)
    if isinstance(value, Values):
        return value.kind, [plain(one) for one in value.values]
    if isinstance(value, dict):
        return {number: plain(one) for number, one in value.items()}
    return value
