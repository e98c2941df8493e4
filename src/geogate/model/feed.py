"""Feeds: batches of one source that leave for one recipient in the order of their numbers, until one may not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from geogate.model.declaration import NOTHING, Declaration
from geogate.model.names import Actor, Sha256


class Finished(StrEnum):
    """How one sees that a batch is whole: its checksum lies beside it, or it came under its name in one step."""

    CHECKSUM = "checksum"
    ATOMIC = "atomic"


class Choice(StrEnum):
    """What becomes of the batch at which a feed was stopped."""

    DROP = "drop"
    CORRECT = "correct"
    GO_ON = "go-on"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """What one batch may have at most; ``hours`` is how old it may be, ``None`` where that does not matter."""

    rows: int
    bytes: int
    hours: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A declared feed; ``digest`` is that of its file.

    ``source`` is a normalised ``s3://`` or ``file://`` place, ``template`` the name of a batch with ``{number}`` where
    its number stands. ``window`` is the time in which what the recipient got counts on, as rules write it; a number may
    be missing for ``patience_s`` seconds while later ones lie there.
    """

    name: str
    digest: Sha256
    source: str
    template: str
    finished: Finished
    first: int
    policy: str
    recipient: str
    destination: str
    owner: Actor
    limits: BatchLimits
    window: str
    purpose: str = ""
    assume_crs: str = ""
    declaration: Declaration = NOTHING
    patience_s: float = 0.0
