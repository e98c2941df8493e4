"""Which format a file has, by its bytes and never by its name; what fits no format, or two, is not read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.readers.geojson import is_sequence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = 65_536
ALLOWED = "send GeoParquet, GeoPackage, FlatGeobuf, GeoJSON, GeoJSONSeq, Shapefile or CSV"

_GPKG_IDS = (b"GPKG", b"GP10", b"GP11")
_RECORD_SEPARATOR = b"\x1e"
_JSON_SPACE = b" \t\r\n"
_NOT_CSV = (b"{", b"[", b"<", b"%", b"\x1e", b"#!", b"PK")
"""How other text begins: JSON, XML, PDF, scripts."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The first bytes of a file, and how many it has."""

    head: bytes
    size: int

    @classmethod
    def of(cls, path: Path) -> Glimpse:
        """Look at a file."""
        with path.open("rb") as file:
            head = file.read(HEAD)
            return cls(head=head, size=file.seek(0, 2))


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


def _is_json(seen: Glimpse) -> bool:
    return _text(seen).startswith((b"{", _RECORD_SEPARATOR))


def _is_csv(seen: Glimpse) -> bool:
    return bool(_text(seen)) and b"\0" not in seen.head and not _text(seen).startswith(_NOT_CSV)


_CLAIMS: tuple[tuple[Format, Callable[[Glimpse], bool]], ...] = (
    (Format.GEOPARQUET, _is_parquet),
    (Format.GEOPACKAGE, _is_sqlite),
    (Format.FLATGEOBUF, _is_flatgeobuf),
    (Format.SHAPEFILE, _is_shapefile),
    (Format.GEOJSON, _is_json),
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
    if claims[0] is Format.GEOJSON and is_sequence(path):
        return Format.GEOJSONSEQ
    return claims[0]
