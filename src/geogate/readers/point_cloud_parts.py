"""What a point cloud's file is made of besides its points, and what becomes of each part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geogate.libraries.point_cloud_wkt import wkt_record
from geogate.measures.published import published
from geogate.model.dataset import Fate, FilePart, together

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyproj

    from geogate.libraries.point_clouds import Header, Record

SOFTWARE: Final = b"geogate"
"""What geogate calls itself in the header; nothing else is there."""

CREATED: Final = b"\x01\0\xd0\x07"
"""The first of January 2000."""

_PLAIN_TEXTS: Final = bytes(32) + SOFTWARE.ljust(32, b"\0")
_ENCODING: Final = 0x11
"""That times are those of GPS, and that the reference system is WKT."""

_WAVES: Final = frozenset({4, 5, 9, 10})
_WAVE_RECORDS: Final = range(100, 355)
_WAVE_DATA: Final = 65_535
_PROJECTION: Final = b"LASF_Projection"
_SPEC: Final = b"LASF_Spec"
_WKT, _EXTRA = 2112, 4
_BY_USER: Final = {
    b"laszip encoded": ("descriptions of the compression", Fate.JUDGED),
    b"copc": ("indexes", Fate.REMOVED),
    _SPEC: ("texts and tables of classes", Fate.REMOVED),
}


def parts_of(header: Header, crs: pyproj.CRS | None, *, extra: bool) -> tuple[FilePart, ...]:
    """Name the parts; ``extra`` says that points have bytes that nothing describes."""
    return together(_parts(header, crs, extra=extra))


def _parts(header: Header, crs: pyproj.CRS | None, *, extra: bool) -> Iterator[FilePart]:
    yield FilePart(what="points", fate=Fate.JUDGED, count=1)
    yield FilePart(what="headers", fate=Fate.JUDGED)
    for what, odd, size in (
        ("texts of the header", header.texts.strip(b"\0") and header.texts != _PLAIN_TEXTS, 64),
        ("project ids", header.project.strip(b"\0"), 16),
        ("dates", header.created.strip(b"\0") and header.created != CREATED, 4),
        ("file source ids", header.source_id, 2),
        ("flags of the header", header.encoding & ~_ENCODING, 2),
        ("bytes in the header that are not described", header.own, len(header.own)),
        ("bytes before the points", header.gap, header.gap),
        ("bytes behind the points", header.behind, header.behind),
        ("bytes of points that are not described", extra, None),
    ):
        if odd:
            yield FilePart(what=what, fate=Fate.REMOVED, size=size)
    if header.point_format in _WAVES:
        yield FilePart(what="waveforms", fate=Fate.REFUSED)
    for record in header.records:
        yield _record(record, crs)


def _record(record: Record, crs: pyproj.CRS | None) -> FilePart:
    what, fate = _what(record, crs)
    return FilePart(what=what, fate=fate, size=record.size)


def _what(record: Record, crs: pyproj.CRS | None) -> tuple[str, Fate]:
    if record.user == _PROJECTION:
        known = published(crs) if crs is not None else None
        own = record.number == _WKT and known is not None and record.content == wkt_record(known)
        return ("reference systems", Fate.JUDGED) if own else ("reference systems in words of their own", Fate.REMOVED)
    if record.user == _SPEC and record.number == _EXTRA:
        return "descriptions of extra dimensions", Fate.JUDGED
    if record.user == _SPEC and (record.number in _WAVE_RECORDS or record.number == _WAVE_DATA):
        return "waveforms", Fate.REFUSED
    return _BY_USER.get(record.user, ("records of other kinds", Fate.REMOVED))
