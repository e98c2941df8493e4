"""What drafts say, looked up by the database: written just as the indexes of revision 0004 have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import String, literal_column

from geogate.ledger.tables import REQUESTS
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

_SAID: Final = {
    "sqlite": """CASE WHEN instr(requests.document, '"{name}":"')
        THEN substr(requests.document, instr(requests.document, '"{name}":"') + {skip},
        instr(substr(requests.document, instr(requests.document, '"{name}":"') + {skip}), '"') - 1) END""",
    "postgresql": """substring(requests.document from '"{name}":"([^"]*)"')""",
}
_INDEXED: Final = frozenset({"recipient", "continues"})


def says(connection: Connection, name: str, value: str) -> ColumnElement[bool]:
    """Find drafts that say something: they are canonical JSON, in which it stands in one way only."""
    written = canonical_json(value)[1:-1]
    if name not in _INDEXED or "\\" in written:
        return REQUESTS.c.document.contains(canonical_json({name: value})[1:-1], autoescape=True)
    expression = _SAID[connection.dialect.name].format(name=name, skip=len(name) + 4)
    said: ColumnElement[str] = literal_column(expression, String)
    return said == written
