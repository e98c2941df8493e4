"""Thrift's compact protocol, as far as the footers and page headers of Parquet files need it.

It believes no count before the bytes are there, and reads nothing that it would write to other bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 12
"""The kinds of values that footers hold; a truth is its kind and has no value of its own."""

_INTEGERS: Final = {I16: 16, I32: 32, I64: 64}
"""The bits of whole numbers by their kind."""

_LONGEST: Final = 70
"""Bits of the longest number, which has 64 of them in groups of seven."""
_DEEPEST: Final = 16
"""How deep structs may lie within one another; those of Parquet take half of that."""
_LONG: Final = 15
"""A list of so many values, or a field so far behind the last one, does not fit the short form."""


@dataclass(frozen=True, slots=True)
class Field:
    """A value and its kind: an integer, bytes (those of a double too), ``Values`` of a list, or a ``Struct``."""

    kind: int
    value: Any


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a list, which are all of one kind."""

    kind: int
    values: Sequence[Any]


Struct = dict[int, Field]
"""Fields by their number, in the order of the numbers."""


def decoded(data: bytes) -> Struct:
    """Read the struct that is all of ``data``.

    Raises: ValueError when it would not be written to the same bytes again.
    """
    struct, end = decoded_first(data)
    if end != len(data):
        raise ValueError("the footer goes on after its end")
    return struct


def decoded_first(data: bytes) -> tuple[Struct, int]:
    """Read the struct with which ``data`` begins, and say where it ends.

    Raises: ValueError when it is cut, or would not be written to the same bytes again.
    """
    reading = _Reading(data)
    try:
        struct = reading.struct()
    except IndexError:
        raise ValueError("the footer is cut") from None
    if encoded(struct) != data[: reading.at]:
        raise ValueError("the footer holds more than can be written again")
    return struct, reading.at


def parsed(data: bytes) -> Struct:
    """Read the struct with which ``data`` begins, however it is written; of fields that stand twice the last counts.

    Raises: ValueError when it is cut, or has values of other kinds than footers have.
    """
    try:
        return _Reading(data).struct()
    except IndexError:
        raise ValueError("the footer is cut") from None


Kinds = Mapping[int, int | tuple[int, int]]
"""The kinds of fields by their numbers; of a list that of its values too."""


def has_kinds(struct: Struct, kinds: Kinds) -> bool:
    """Tell whether a struct has fields of these numbers and kinds only; a truth may be either one."""
    return all(_is_of(field, kinds.get(number)) for number, field in struct.items())


def _is_of(field: Field, kind: int | tuple[int, int] | None) -> bool:
    if isinstance(field.value, Values):
        return kind == (field.kind, field.value.kind)
    return kind == (TRUE if field.kind == FALSE else field.kind)


def value_of(struct: Struct, number: int, default: Any = None) -> Any:
    """Return the value of a field, or the default where the struct has none."""
    found = struct.get(number)
    return default if found is None else found.value


def encoded(struct: Struct) -> bytes:
    """Write a struct; one within it may be given as the bytes that it was encoded to before."""
    return b"".join(_struct(struct))


class _Reading:
    """A place in bytes that moves on with what is read."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0
        self._depth = 0

    def struct(self) -> Struct:
        fields: Struct = {}
        number = 0
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("the footer is nested too deeply")
        while head := self._byte():
            step, kind = head >> 4, head & 15
            number = number + step if step else self._integer()
            fields[number] = Field(kind, None if kind in {TRUE, FALSE} else self._value(kind))
        self._depth -= 1
        return fields

    def _value(self, kind: int) -> Any:
        if kind in _INTEGERS:
            value = self._integer()
            if (value if value >= 0 else ~value) >> (_INTEGERS[kind] - 1):
                raise ValueError("a footer has a number that its kind does not hold")
            return value
        match kind:
            case 3:  # BYTE
                return self._byte()
            case 7:  # DOUBLE
                return self._bytes(8)
            case 8:  # BINARY
                return self._bytes(self._count())
            case 9:  # LIST
                return self._list()
            case 12:  # STRUCT
                return self.struct()
            case _:
                raise ValueError(f"a footer has no values of kind {kind}")

    def _list(self) -> Values:
        head = self._byte()
        count, kind = head >> 4, head & 15
        count = self._count() if count == _LONG else count
        if kind == LIST:
            raise ValueError("a footer has no lists of lists")
        return Values(kind, [self._value(kind) for _ in range(count)])

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _bytes(self, count: int) -> bytes:
        if count > len(self._data) - self.at:
            raise IndexError(count)
        self.at += count
        return self._data[self.at - count : self.at]

    def _count(self) -> int:
        count = shift = 0
        while (byte := self._byte()) > 127:  # noqa: PLR2004 - the highest bit says that more follows
            count |= (byte & 127) << shift
            shift += 7
            if shift >= _LONGEST:
                raise ValueError("a footer has no numbers of more than 64 bits")
        return count | byte << shift

    def _integer(self) -> int:
        count = self._count()
        return count >> 1 ^ -(count & 1)


def _struct(struct: Struct) -> Iterator[bytes]:
    last = 0
    for number, field in struct.items():
        if 0 < number - last < _LONG + 1:
            yield bytes([number - last << 4 | field.kind])
        else:
            yield bytes([field.kind]) + _integer(number)
        yield from _value(field.kind, field.value)
        last = number
    yield b"\0"


def _value(kind: int, value: Any) -> Iterator[bytes]:
    if kind in _INTEGERS:
        yield _integer(value)
    elif kind == BYTE:
        yield bytes([value])
    elif kind == DOUBLE:
        yield value
    elif kind == BINARY:
        yield _count(len(value)) + value
    elif kind == LIST:
        yield from _list(value)
    elif kind == STRUCT:
        yield value if isinstance(value, bytes) else encoded(value)


def _list(found: Values) -> Iterator[bytes]:
    count = len(found.values)
    yield bytes([min(count, _LONG) << 4 | found.kind]) + (_count(count) if count >= _LONG else b"")
    for value in found.values:
        yield from _value(found.kind, value)


def _count(count: int) -> bytes:
    out = bytearray()
    while count > 127:  # noqa: PLR2004 - seven bits a byte
        out.append(count & 127 | 128)
        count >>= 7
    out.append(count)
    return bytes(out)


def _integer(value: int) -> bytes:
    return _count(value << 1 if value >= 0 else ~value << 1 | 1)
