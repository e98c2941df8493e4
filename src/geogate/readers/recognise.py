"""Which format a file has, by its bytes and never by its name; what fits no format, or two, is not read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = 65_536
TAIL = 16
ALLOWED = "send GeoParquet, GeoPackage, FlatGeobuf, GeoJSON, GeoJSONSeq, Shapefile or CSV"

_GPKG_IDS = (b"GPKG", b"GP10", b"GP11")
_RECORD_SEPARATOR = b"\x1e"
_JSON_SPACE = b" \t\r\n"
_TYPE = re.compile(rb'"type"\s*:\s*"(\w+)"')
_SEQUENCE = re.compile(rb"\}[ \t\r]*\n[ \t\r\n]*(?:\x1e)?\{")


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The first and the last bytes of a file."""

    head: bytes
    tail: bytes
    size: int

    @classmethod
    def of(cls, path: Path) -> Glimpse:
        """Look at a file."""
        with path.open("rb") as file:
            head = file.read(HEAD)
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL))
            return cls(head=head, tail=file.read(TAIL), size=size)


def _is_parquet(seen: Glimpse) -> bool:
    return seen.head.startswith((b"PAR1", b"PARE"))


def _is_sqlite(seen: Glimpse) -> bool:
    return seen.head.startswith(b"SQLite format 3\0") and seen.head[68:72] in _GPKG_IDS


def _is_flatgeobuf(seen: Glimpse) -> bool:
    return seen.head[:4] == b"fgb\x03" and seen.head[4:7] == b"fgb"


def _is_shapefile(seen: Glimpse) -> bool:
    return seen.head.startswith(b"\0\0\x27\x0a") and seen.head[28:32] == b"\xe8\x03\0\0"


def _text(seen: Glimpse) -> bytes:
    return seen.head.removeprefix(b"\xef\xbb\xbf").lstrip(_JSON_SPACE)


def _is_sequence(seen: Glimpse) -> bool:
    """Tell newline-delimited features from one collection: the first line is a whole object, or RS comes first."""
    text = _text(seen)
    if text.startswith(_RECORD_SEPARATOR):
        return text.lstrip(_RECORD_SEPARATOR + _JSON_SPACE).startswith(b"{")
    first = text.split(b"\n", 1)[0]
    kinds = _TYPE.findall(text)
    return (
        text.startswith(b"{")
        and bool(kinds)
        and b"FeatureCollection" not in kinds
        and (bool(_SEQUENCE.search(text)) or (len(first) < len(text) and first.rstrip().endswith(b"}")))
    )


def _is_geojson(seen: Glimpse) -> bool:
    text = _text(seen)
    return text.startswith(b"{") and bool(_TYPE.search(text)) and not _is_sequence(seen)


def _is_csv(seen: Glimpse) -> bool:
    """Text with a header of at least two columns, or of one that is named like a geometry."""
    text = _text(seen)
    return bool(text) and b"\0" not in seen.head and not text.startswith((b"{", b"[", b"<", b"%", _RECORD_SEPARATOR))


_CLAIMS: tuple[tuple[Format, Callable[[Glimpse], bool]], ...] = (
    (Format.GEOPARQUET, _is_parquet),
    (Format.GEOPACKAGE, _is_sqlite),
    (Format.FLATGEOBUF, _is_flatgeobuf),
    (Format.SHAPEFILE, _is_shapefile),
    (Format.GEOJSONSEQ, _is_sequence),
    (Format.GEOJSON, _is_geojson),
    (Format.CSV, _is_csv),
)
_BINARY = (Format.GEOPARQUET, Format.GEOPACKAGE, Format.FLATGEOBUF, Format.SHAPEFILE)


def recognise(path: Path) -> Format:
    """Name the one format that claims a file.

    Raises: UnreadableError when none or more than one does.
    """
    seen = Glimpse.of(path)
    if not seen.size:
        raise UnreadableError("the file is empty", remedy=ALLOWED)
    claims = [kind for kind, claim in _CLAIMS if claim(seen)]
    binary = [kind for kind in claims if kind in _BINARY]
    # Magic bytes without a NUL near by look like text as well.
    claims = binary or claims
    if len(claims) != 1:
        raise UnreadableError(
            "the file has a format that geogate does not know" if not claims else "the file fits more than one format",
            remedy=ALLOWED,
        )
    return claims[0]
