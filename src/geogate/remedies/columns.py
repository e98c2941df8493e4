"""Columns that tell less: left out, hashed with a key, times taken back to full steps, numbers rounded."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.byte_values import is_text
from geogate.measures.cells import labels_of, plain
from geogate.measures.moment_columns import ticks_of
from geogate.remedies.rows import without_columns

if TYPE_CHECKING:
    from collections.abc import Collection

    from geogate.remedies.changes import HashColumns, RoundNumbers, RoundTimes
    from geogate.remedies.rows import Rows

DIGEST_BYTES: Final = 16

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:([.,])(\d+))?)?")
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(Z|[+-]\d\d:?\d\d)")
_NS: Final = 1_000_000_000
_DAY_NS: Final = 86_400 * _NS


def dropped(rows: Rows, names: Collection[str]) -> Rows:
    """Leave out columns."""
    kept = [name for name in rows.attributes.schema.names if name not in names]
    attributes = rows.attributes.select(kept) if kept else without_columns(len(rows))
    return type(rows)(shapes=rows.shapes, attributes=attributes, crs=rows.crs)


def hashed(rows: Rows, change: HashColumns) -> Rows:
    """Put a keyed digest in the place of each value; equal values keep equal digests, and nothing stays nothing."""
    columns = {}
    for name in change.names:
        texts = labels_of(rows.attributes.column(name)).dictionary_encode()
        digests = pa.array([_digest(each, change.key) for each in texts.dictionary.to_pylist()], pa.string())
        columns[name] = digests.take(texts.indices)
    return rows.with_columns(columns)


def _digest(text: str | None, key: bytes) -> str | None:
    if text is None:
        return None
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES, key=key).hexdigest()


def rounded_times(rows: Rows, change: RoundTimes) -> Rows:
    """Take times back to the last full step, in UTC where they say how far they are from it."""
    names = rows.attributes.schema.names if change.columns is None else change.columns
    columns = {}
    for name in names:
        values = plain(rows.attributes.column(name))
        kind = values.type
        if is_text(kind):
            columns[name] = _texts(values, change.step_ns)
        elif pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
            columns[name] = _ticks(values, change.step_ns)
    return rows.with_columns(columns)


def _ticks(moments: Any, step_ns: int) -> Any:
    ticks, tick_ns = ticks_of(moments)
    step = max(step_ns // tick_ns, 1)
    whole = (ticks // step * step).astype(f"i{moments.type.bit_width // 8}")
    valid = moments.is_valid().to_numpy(zero_copy_only=False)
    numbers = pa.array(whole, mask=None if valid.all() else ~valid)
    return numbers.view(moments.type)


def _texts(texts: Any, step_ns: int) -> Any:
    encoded = texts.dictionary_encode()
    found = [None if text is None else text_back(text, step_ns) for text in encoded.dictionary.to_pylist()]
    return pa.array(found, pa.string()).take(encoded.indices)


def text_back(text: str, step_ns: int) -> str:
    """Take every time of day in a text back to the last full step.

    >>> text_back("2026-03-01T12:34:56+02:00", 3600 * 10**9), text_back("at 7:59", 600 * 10**9)
    ('2026-03-01T10:00:00Z', 'at 7:50')
    """
    moment = _MOMENT.fullmatch(text.strip())
    if moment is not None:
        text = _in_utc(moment) or text
    return _CLOCK.sub(lambda clock: _clock_back(clock, step_ns), text)


def _in_utc(moment: re.Match[str]) -> str | None:
    day, hours, minutes, seconds, _, offset = moment.groups()
    try:
        zone = "+00:00" if offset == "Z" else f"{offset[:3]}:{offset[-2:]}"
        read = datetime.fromisoformat(f"{day}T{hours}:{minutes}:{seconds or '00'}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{read:%Y-%m-%dT%H:%M:%S}".zfill(len("2000-01-31T00:00:00")) + "Z"


def _clock_back(clock: re.Match[str], step_ns: int) -> str:
    hours, minutes, seconds, mark, fraction = clock.groups()
    nanoseconds = int((fraction or "")[:9].ljust(9, "0"))
    ticks = (int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)) * _NS + nanoseconds
    ticks = ticks // step_ns * step_ns if step_ns < _DAY_NS else 0
    whole, rest = divmod(ticks, _NS)
    text = f"{whole // 3600:0{len(hours)}}:{whole // 60 % 60:02}"
    if seconds is not None:
        text += f":{whole % 60:02}"
    return text if fraction is None else f"{text}{mark}{rest:09}"[: len(text) + 1 + len(fraction)]


def rounded_numbers(rows: Rows, change: RoundNumbers) -> Rows:
    """Round the numbers of a column, those that are written as texts too."""
    values = plain(rows.attributes.column(change.column))
    if pa.types.is_floating(values.type):
        numbers = np.round(values.to_numpy(zero_copy_only=False).astype(np.float64), change.decimals)
        valid = values.is_valid().to_numpy(zero_copy_only=False)
        return rows.with_columns({change.column: pa.array(numbers, mask=None if valid.all() else ~valid)})
    if is_text(values.type):
        texts = [None if text is None else _number(text, change.decimals) for text in values.to_pylist()]
        return rows.with_columns({change.column: pa.array(texts, pa.string())})
    if pa.types.is_decimal(values.type):
        return rows.with_columns({change.column: pc.round(values, change.decimals)})
    return rows


def _number(text: str, decimals: int) -> str:
    try:
        return f"{float(text):.{decimals}f}"
    except ValueError:
        return text
