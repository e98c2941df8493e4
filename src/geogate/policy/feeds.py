"""Parsing the file of a feed: from where to whom, under which policy, and what one batch may have."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field, StringConstraints

from geogate.model.feed import BatchLimits, Feed, Finished
from geogate.model.names import Actor, Sha256, says_something
from geogate.policy.declaration import DeclarationShape, declaration_from
from geogate.policy.read import read_model
from geogate.policy.shape import Line, Shape, Slug
from geogate.policy.yaml_text import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER: Final = "{number}"
_TEMPLATE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

Window = Annotated[str, StringConstraints(pattern=r"^(calendar-year|P([1-9]|[1-9][0-9]|1[01][0-9]|120)M)$")]


class BatchLimitsShape(Shape):
    """What one batch may have; one that has more stops the feed."""

    rows: Annotated[int, Field(ge=1, le=10_000_000)] = Field(description="Rows of all layers of a batch.")
    megabytes: Annotated[float, Field(gt=0, le=100_000)] = Field(description="Size of a batch, in millions of bytes.")
    hours: Annotated[float, Field(gt=0, le=87_600)] | None = Field(
        default=None, description="Age of a batch when it is taken, in hours; left out: any."
    )


class FeedShape(Shape):
    """A feed; its name is that of the file."""

    title: Line = Field(description="What it is, in a line.")
    owner: Line = Field(description="Who answers for it; this person cannot resume it.")
    source: Line = Field(description="Where finished batches lie: s3://bucket/prefix/ or a folder.")
    batches: Line = Field(description="The name of a batch, with {number} where its number stands.")
    finished: Finished = Field(
        description="checksum: a batch is whole when <name>.sha256 lies beside it, as sha256sum writes it; atomic: it "
        "is whole as soon as it has its name, as objects in S3 and renamed files are."
    )
    first: Annotated[int, Field(ge=0, le=10**15)] = Field(default=1, description="The number of the first batch.")
    policy: Slug | None = Field(default=None, description="Policy, besides those that are adopted.")
    recipient: Slug = Field(description="Recipient in recipients.yaml.")
    destination: Line = Field(description="Where batches are sent: a place of the recipient.")
    purpose: str = Field(default="", max_length=2000, description="What the recipient uses it for.")
    assume_crs: str = Field(default="", max_length=200, description="CRS of layers that do not say, e.g. EPSG:4326.")
    declare: DeclarationShape | None = Field(default=None, description="What the data does not say.")
    batch: BatchLimitsShape = Field(description="What one batch may have.")
    window: Window = Field(
        default="P12M", description="For how long what the recipient got counts on: P12M, or calendar-year."
    )
    patience_minutes: Annotated[float, Field(ge=0, le=10_080)] = Field(
        default=0.0, description="For how long a number may be missing while later batches lie there."
    )


def parse_feed(data: bytes, *, file: str, settle: Callable[[str], str]) -> Feed:
    """Parse the bytes of the file; ``settle`` gives the normal form of a place.

    Raises: PolicyError naming file, line and key; UsageError for a place that cannot be one.
    """
    text = read_yaml(data, file=file)
    shape = read_model(text, FeedShape)
    if why := _why_no_template(shape.batches):
        text.refuse(("batches",), why, hint="for example fleet-{number}.parquet")
    if not says_something(shape.owner):
        text.refuse(("owner",), "the owner has no name")
    source, destination = settle(shape.source), settle(shape.destination)
    if source.startswith(destination) or destination.startswith(source):
        text.refuse(("source",), "source and destination lie in each other", hint="read in one place, send to another")
    declared: dict[str, Any] = json.loads(text.json).get("declare") or {}
    return Feed(
        name=file.removesuffix(".yaml"),
        digest=Sha256(hashlib.sha256(data).hexdigest()),
        source=source,
        template=shape.batches,
        finished=shape.finished,
        first=shape.first,
        policy=shape.policy or "",
        recipient=shape.recipient,
        destination=destination,
        owner=Actor(shape.owner),
        limits=BatchLimits(
            rows=shape.batch.rows, bytes=int(shape.batch.megabytes * 1_000_000), hours=shape.batch.hours
        ),
        window=shape.window,
        purpose=shape.purpose,
        assume_crs=shape.assume_crs,
        declaration=declaration_from(declared),
        patience_s=shape.patience_minutes * 60,
    )


def _why_no_template(template: str) -> str:
    before, mark, after = template.partition(NUMBER)
    if not mark or NUMBER in after:
        return f"the name of a batch has {NUMBER} once"
    if not _TEMPLATE.fullmatch(f"{before}0{after}") or before[-1:].isdigit() or after[:1].isdigit():
        return f"the name of a batch has letters, digits, dots, dashes and underscores, and no digit beside {NUMBER}"
    if not after.startswith(".") or after.endswith(".sha256"):
        return "the name of a batch ends with the extension of its format"
    return ""


def number_in(template: str, name: str) -> int | None:
    """Read the number in the name of a batch; ``None`` where it is the name of something else.

    >>> number_in("fleet-{number}.csv", "fleet-0042.csv"), number_in("fleet-{number}.csv", "fleet-x.csv")
    (42, None)
    """
    before, _, after = template.partition(NUMBER)
    digits = name[len(before) : len(name) - len(after)]
    if name != before + digits + after or not re.fullmatch(r"[0-9]{1,18}", digits):
        return None
    return int(digits)
