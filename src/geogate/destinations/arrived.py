"""How much of a release lies at a place: a refusal in the middle says it, so that nobody takes it for nothing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True, kw_only=True)
class Arrived:
    """Counts what may lie there, of all that was to be sent: ``what`` is files, or features.

    Units: ``there`` and ``of`` in files or features.
    """

    of: int
    what: str
    there: int = 0

    def __str__(self) -> str:
        return f"{self.there:,} of {self.of:,} {self.what} may lie there"

    @contextmanager
    def told(self) -> Iterator[None]:
        """Run the block; a refusal in it says how much may lie there by then."""
        try:
            yield
        except RefusedError as error:
            error.summary = f"{error.summary}; {self}"
            raise
