"""All rows of a ledger as one snapshot, in an order and a form that do not depend on the database, and back again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, select

from geogate.ledger.tables import CLEARANCES, ENTRIES, MEASUREMENTS, METADATA, RECEIPTS, REQUESTS, VOTES
from geogate.model.document import canonical_json
from geogate.model.errors import InputError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection, Table

ORDER: Final = (ENTRIES, REQUESTS, MEASUREMENTS, VOTES, CLEARANCES, RECEIPTS)
"""Tables in the order in which they are written; entries first, because they are the truth."""

_PAGE: Final = 64


def rows_of(connection: Connection) -> Iterator[str]:
    """Give each row as a line of JSON, table by table; the connection's transaction makes it one moment."""
    for table in ORDER:
        query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_PAGE)
        for row in connection.execute(query).mappings():
            yield canonical_json([table.name, dict(row)])


def fill(connection: Connection, lines: Iterable[str]) -> int:
    """Write rows into a ledger that has none, and say how many; whether they make a ledger, verifying it tells.

    Raises: RefusedError when the ledger has entries; InputError for a line that is no row of it.
    """
    if connection.execute(select(func.count()).select_from(ENTRIES)).scalar_one():
        raise RefusedError("there is a ledger already, and a backup is not put over one", hint="move it away first")
    waiting: list[dict[str, Any]] = []
    written, table = 0, ENTRIES
    for line in lines:
        named, row = _row(line)
        if named is not table or len(waiting) >= _PAGE:
            _write(connection, table, waiting)
            waiting, table = [], named
        waiting.append(row)
        written += 1
    _write(connection, table, waiting)
    return written


def _write(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _row(line: str) -> tuple[Table, dict[str, Any]]:
    try:
        name, row = json.loads(line)
        table = METADATA.tables[name]
        whole = isinstance(row, dict) and row.keys() == {column.name for column in table.columns}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("the backup has a line that is no row of a ledger") from error
    if not whole:
        raise InputError(
            "the backup has a row of another kind of ledger", hint="restore it with the version that made it"
        )
    return table, row
