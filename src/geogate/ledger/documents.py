"""What the ledger's rows say, as the nouns of the model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from geogate.ledger.failures import DamagedError
from geogate.model.dataset import Artefact, Dataset
from geogate.model.document import from_json
from geogate.model.lifecycle import State
from geogate.model.release import ReleaseRequest
from geogate.model.verdict import Verdict

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

T = TypeVar("T")


def read(kind: type[T], text: str) -> T:
    """Read a document.

    Raises: DamagedError.
    """
    try:
        return from_json(kind, text)
    except ValueError as error:
        raise DamagedError(f"a {kind.__name__} in the ledger cannot be read") from error


def read_request(row: RowMapping) -> ReleaseRequest:
    """Read a row of requests: what was asked for, and what became of it since.

    Raises: DamagedError.
    """
    try:
        state = State(row["state"])
    except ValueError as error:
        raise DamagedError("a request in the ledger is in a state that does not exist") from error
    return replace(
        read(ReleaseRequest, row["document"]),
        state=state,
        dataset=_later(Dataset, row["dataset"]),
        artefact=_later(Artefact, row["artefact"]),
        verdict=_later(Verdict, row["verdict"]),
    )


def _later(kind: type[T], text: str | None) -> T | None:
    return None if text is None else read(kind, text)
