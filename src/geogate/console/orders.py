"""What the API takes, as pydantic models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from geogate.gate.review import LONGEST_COMMENT
from geogate.model.release import Choice


class Order(BaseModel):
    """What a service sends; a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class VoteOrder(Order):
    """A vote; ``seen`` is that of the release as it was looked at."""

    choice: Choice
    seen: str = Field(max_length=64)
    comment: str = Field(default="", max_length=LONGEST_COMMENT)


class TextOrder(Order):
    """A comment, or a reason."""

    text: str = Field(default="", max_length=LONGEST_COMMENT)


class WaiverOrder(Order):
    """A wish for a waiver."""

    policy: str = Field(max_length=64)
    rule: str = Field(max_length=200)
    recipient: str = Field(max_length=64)
    dataset: str = Field(max_length=300)
    reason: str = Field(max_length=LONGEST_COMMENT)
    owner: str = Field(max_length=300)
    ticket: str = Field(max_length=300)
    days: int = Field(default=30, ge=1, le=90)
    zone_class: str = Field(default="", max_length=200)


class SeenOrder(Order):
    """An approval of a waiver; ``seen`` is that of the waiver as it was looked at."""

    seen: str = Field(max_length=64)


class DischargeOrder(Order):
    """That an obligation was met, and how."""

    key: str = Field(max_length=500)
    comment: str = Field(max_length=LONGEST_COMMENT)
