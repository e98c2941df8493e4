"""Which format a file has, by its bytes and never by its name; what fits no format, or two, is not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.readers.recognise_glimpse import Container, Glimpse, Known
from geogate.readers.recognise_json import kind_of_json
from geogate.readers.recognise_known import known_binary, known_text, known_weakly
from geogate.readers.recognise_ole import is_ole, kind_of_ole
from geogate.readers.recognise_sqlite import is_sqlite, kind_of_sqlite
from geogate.readers.recognise_tiff import is_geotiff, is_tiff
from geogate.readers.recognise_xml import kind_of_xml
from geogate.readers.recognise_zip import is_zip, kind_of_zip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ALLOWED: Final = (
    "send GeoParquet, GeoPackage, FlatGeobuf, GeoJSON, Shapefile, CSV, KML, GPX, GML, TopoJSON, Excel, "
    "a file geodatabase, GeoTIFF, LAZ or photos"
)
_HDF5: Final = b"\x89HDF\r\n\x1a\n"
_NETCDF: Final = (b"_NCProperties", b"_Netcdf4", b"_nc3_strict", b"DIMENSION_SCALE")
"""What HDF5 has when it is NetCDF."""

_LOOK_FOR_NETCDF: Final = 4 << 20
_HEIC: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_GRIB_EDITIONS: Final = (1, 2)
_LAYER_OF_TILE: Final = b"\x1a"
"""The first field of a vector tile, which no text begins with."""


def _is_flatgeobuf(seen: Glimpse) -> bool:
    return seen.head[:4] == b"fgb\x03" and seen.head[4:7] == b"fgb"


def _is_shapefile(seen: Glimpse) -> bool:
    return seen.head.startswith(b"\0\0\x27\x0a") and seen.head[28:32] == b"\xe8\x03\0\0"


def _is_netcdf(seen: Glimpse) -> bool:
    if seen.head.startswith((b"CDF\x01", b"CDF\x02", b"CDF\x05")):
        return True
    if not seen.head.startswith(_HDF5):
        return False
    with seen.path.open("rb") as file:
        start = file.read(_LOOK_FOR_NETCDF)
    return any(mark in start or mark in seen.tail for mark in _NETCDF)


def _is_grib(seen: Glimpse) -> bool:
    return seen.head.startswith(b"GRIB") and seen.head[7:8] != b"" and seen.head[7] in _GRIB_EDITIONS


def _is_heic(seen: Glimpse) -> bool:
    return seen.head[4:8] == b"ftyp" and seen.head[8:12] in _HEIC


def _is_webp(seen: Glimpse) -> bool:
    return seen.head.startswith(b"RIFF") and seen.head[8:12] == b"WEBP"


def _starts(*marks: bytes) -> Callable[[Glimpse], bool]:
    return lambda seen: seen.head.startswith(marks)


_BINARY: Final[tuple[tuple[Callable[[Glimpse], bool], Callable[[Glimpse], Format | Container | Known]], ...]] = (
    (_starts(b"PAR1", b"PARE"), lambda _: Format.GEOPARQUET),
    (is_sqlite, kind_of_sqlite),
    (_is_flatgeobuf, lambda _: Format.FLATGEOBUF),
    (_is_shapefile, lambda _: Format.SHAPEFILE),
    (is_zip, kind_of_zip),
    (lambda seen: seen.head[257:262] == b"ustar", lambda _: Container.TAR),
    (_starts(b"\x1f\x8b"), lambda _: Container.GZIP),
    (_starts(b"BZh"), lambda _: Container.BZIP2),
    (_starts(b"\xfd7zXZ\0"), lambda _: Container.XZ),
    (is_ole, kind_of_ole),
    (_starts(b"PMTiles"), lambda _: Format.PMTILES),
    (is_tiff, lambda seen: Format.GEOTIFF if is_geotiff(seen) else Format.TIFF),
    (_is_netcdf, lambda _: Format.NETCDF),
    (_is_grib, lambda _: Format.GRIB),
    (_starts(b"LASF"), lambda _: Format.LAS),
    (_starts(b"\xff\xd8\xff"), lambda _: Format.JPEG),
    (_starts(b"\x89PNG\r\n\x1a\n"), lambda _: Format.PNG),
    (_is_heic, lambda _: Format.HEIC),
    (_is_webp, lambda _: Format.WEBP),
)
"""Who claims a file, and what it then is."""

_SAME: Final = {
    Format.NETCDF: "HDF5",
    Format.WEBP: "audio or video",
    Format.HEIC: "video",
}
"""Signatures that a format shares with a wider one, which then says nothing more."""


def recognise(path: Path) -> Format | Container:
    """Name the one format that claims a file.

    Raises: UnreadableError when none or more than one does, or one that geogate does not read.
    """
    seen = Glimpse.of(path)
    if not seen.size:
        raise UnreadableError("the file is empty", remedy=ALLOWED)
    claims: list[Format | Container | Known] = [kind(seen) for claim, kind in _BINARY if claim(seen)]
    shared = {_SAME[kind] for kind in claims if isinstance(kind, Format) and kind in _SAME}
    claims += [known for known in dict.fromkeys(known_binary(seen)) if known.name not in shared]
    if len(claims) > 1:
        raise UnreadableError("the file fits more than one format", remedy="export the file again, alone")
    return readable(claims[0] if claims else _weak_or_text(seen))


def readable(found: Format | Container | Known) -> Format | Container:
    """Pass on what is read.

    Raises: UnreadableError with the advice for what is only known.
    """
    if isinstance(found, Known):
        raise UnreadableError(f"the file is {found.name}, which geogate does not read", remedy=found.advice)
    return found


def container_of(path: Path) -> Container | None:
    """Name the container that a file is; ``None`` where no container claims it.

    Raises: UnreadableError when something else claims it as well.
    """
    seen = Glimpse.of(path)
    if not any(claim(seen) and isinstance(kind(seen), Container) for claim, kind in _BINARY):
        return None
    found = recognise(path)
    return found if isinstance(found, Container) else None


def _weak_or_text(seen: Glimpse) -> Format | Known:
    weak = known_weakly(seen)
    if weak is not None:
        return weak
    if seen.head.startswith(_LAYER_OF_TILE):
        return Format.VECTOR_TILE
    if not seen.text or b"\0" in seen.head:
        raise UnreadableError("the file has a format that geogate does not know", remedy=ALLOWED)
    known = known_text(seen)
    if known is not None:
        return known
    if seen.text.startswith((b"{", b"[", b"\x1e")):
        return kind_of_json(seen.path)
    if seen.text.startswith(b"<"):
        return kind_of_xml(seen)
    return Format.CSV
