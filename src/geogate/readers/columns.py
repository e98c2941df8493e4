"""Attribute columns in plain Arrow types: no dictionaries, no extension types, no metadata, no name twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    import pyarrow as pa


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that holds the same values without a dictionary or an extension."""
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    return kind


def plain(array: Any) -> pa.Array:
    """Return the same values in their plain type."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(array.type, pa.BaseExtensionType):
        return plain(array.storage)
    if pa.types.is_dictionary(array.type):
        return plain(array.dictionary_decode())
    if pa.types.is_run_end_encoded(array.type):
        return plain(pc.run_end_decode(array))
    return array


def require_distinct(schema: pa.Schema, *, layer: str = "") -> None:
    """Refuse a schema in which a column's name is empty or stands twice, in any case of letters.

    Raises: UnreadableError.
    """
    names = [name.casefold() for name in schema.names]
    doubled = len(names) - len(set(names))
    if doubled or "" in names:
        raise UnreadableError(
            f"{doubled} column names stand twice" if doubled else "a column has no name",
            remedy="give each column a name of its own, whatever the case of its letters",
            layer=layer,
        )
