"""Formats that geogate knows by their bytes and does not read, with the advice what to convert them to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from geogate.readers.recognise_glimpse import ARCHIVE, CLOUD, NO_DATA, PHOTO, RASTER, TABLE, VECTOR, Known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.readers.recognise_glimpse import Glimpse

_SIGNATURES: Final[tuple[tuple[int, bytes, str, str], ...]] = (
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", ARCHIVE),
    (0, b"Rar!\x1a\x07", "a RAR archive", ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", "compressed with Zstandard", ARCHIVE),
    (0, b"\x04\x22\x4d\x18", "compressed with LZ4", ARCHIVE),
    (0, b"LZIP\x01", "compressed with lzip", ARCHIVE),
    (0, b"\x1f\x9d", "compressed with compress", ARCHIVE),
    (0, b"\xff\x06\x00\x00sNaPpY", "compressed with Snappy", ARCHIVE),
    (0, b"MSCF\0\0\0\0", "a cabinet archive", ARCHIVE),
    (2, b"-lh5-", "an LZH archive", ARCHIVE),
    (2, b"-lh6-", "an LZH archive", ARCHIVE),
    (2, b"-lh7-", "an LZH archive", ARCHIVE),
    (0, b"!<arch>\n", "an ar archive", ARCHIVE),
    (0, b"xar!", "a xar archive", ARCHIVE),
    (0, b"hsqs", "a file system image", ARCHIVE),
    (0, b"070701", "a cpio archive", ARCHIVE),
    (0, b"070707", "a cpio archive", ARCHIVE),
    (0, b"\xed\xab\xee\xdb", "an RPM package", NO_DATA),
    (32_769, b"CD001", "a disc image", ARCHIVE),
    (0, b"%PDF-", "a PDF", NO_DATA),
    (0, b"AC10", "a DWG drawing", VECTOR),
    (0, b"AutoCAD Binary DXF", "a DXF drawing", VECTOR),
    (0, b"\x08\x09\xfe\x02", "a DGN drawing", VECTOR),
    (4, b"\x0a\x09OSMHeader", "OpenStreetMap data (PBF)", VECTOR),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5", RASTER),
    (0, b"\x0e\x03\x13\x01", "HDF4", RASTER),
    (0, b"ARROW1\0\0", "Arrow or Feather", TABLE),
    (0, b"FEA1", "Feather", TABLE),
    (0, b"ORC", "ORC", TABLE),
    (0, b"Obj\x01", "Avro", TABLE),
    (8, b"DUCK", "a DuckDB database", TABLE),
    (0, b"\x93NUMPY", "a NumPy array", TABLE),
    (0, b"MATLAB ", "a MATLAB file", TABLE),
    (0, b"RDX2\n", "R data", TABLE),
    (0, b"RDX3\n", "R data", TABLE),
    (0, b"X\n\0\0\0\x02", "R data", TABLE),
    (0, b"X\n\0\0\0\x03", "R data", TABLE),
    (0, b"$FL2@(#)", "SPSS data", TABLE),
    (0, b"<stata_dta>", "Stata data", TABLE),
    (4, b"Standard Jet DB", "a Microsoft Access database", VECTOR),
    (4, b"Standard ACE DB", "a Microsoft Access database", VECTOR),
    (0, b"SIMPLE  =", "FITS", RASTER),
    (0, b"NITF0", "NITF", RASTER),
    (0, b"NSIF0", "NITF", RASTER),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000", RASTER),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000", RASTER),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL", PHOTO),
    (0, b"EHFA_HEADER_TAG", "an ERDAS image", RASTER),
    (0, b"PCIDSK  ", "PCIDSK", RASTER),
    (0, b"msid", "MrSID", RASTER),
    (0, b"BUFR", "BUFR", NO_DATA),
    (0, b"NUM_OREC", "a datum grid", NO_DATA),
    (0, b"DSBB", "a Surfer grid", RASTER),
    (0, b"DSRB", "a Surfer grid", RASTER),
    (0, b"GIF87a", "GIF", PHOTO),
    (0, b"GIF89a", "GIF", PHOTO),
    (0, b"8BPS", "a Photoshop document", PHOTO),
    (0, b"v/1\x01", "OpenEXR", PHOTO),
    (128, b"DICM", "a medical image (DICOM)", NO_DATA),
    (0, b"RIFF", "audio or video", NO_DATA),
    (0, b"\x1a\x45\xdf\xa3", "video", NO_DATA),
    (0, b"\0\0\x01\xba", "video", NO_DATA),
    (0, b"FLV\x01", "video", NO_DATA),
    (0, b"ID3", "audio", NO_DATA),
    (0, b"OggS", "audio or video", NO_DATA),
    (0, b"fLaC", "audio", NO_DATA),
    (0, b"glTF", "a 3D scene", NO_DATA),
    (0, b"b3dm", "a 3D tile", NO_DATA),
    (0, b"pnts", "a 3D tile", CLOUD),
    (0, b"ASTM-E57", "an E57 point cloud", CLOUD),
    (0, b"\x7fELF", "a program", NO_DATA),
    (0, b"\0asm", "a program", NO_DATA),
    (0, b"\xca\xfe\xba\xbe", "a program", NO_DATA),
    (0, b"\xcf\xfa\xed\xfe", "a program", NO_DATA),
    (0, b"dex\n", "a program", NO_DATA),
    (0, b"bplist00", "a property list", NO_DATA),
    (0, b"!BDN", "a mailbox", NO_DATA),
    (0, b"\x03\xd9\xa2\x9a", "a password store", NO_DATA),
)
"""Offset, bytes, what the file is, and the advice."""

_WEAK: Final[tuple[tuple[bytes, str, str], ...]] = (
    (b"BM", "a bitmap image", PHOTO),
    (b"MZ", "a program", NO_DATA),
    (b"\xff\xfb", "audio", NO_DATA),
    (b"\xff\x0a", "JPEG XL", PHOTO),
    (b"\x80\x02", "a Python pickle", TABLE),
    (b"\x80\x03", "a Python pickle", TABLE),
    (b"\x80\x04", "a Python pickle", TABLE),
    (b"\x80\x05", "a Python pickle", TABLE),
    (b"\0\0\x01\0", "an icon", PHOTO),
)
"""Signatures so short that they count only where nothing else fits."""

_TEXTS: Final[tuple[tuple[re.Pattern[bytes], str, str], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), name, advice)
    for pattern, name, advice in (
        (rb"(0\s*\r?\n\s*SECTION|999\r?\n)", "a DXF drawing", VECTOR),
        (rb"EXP  [01] ", "an ArcInfo export (E00)", VECTOR),
        (rb"version\s+\d+\s*\r?\n\s*charset", "a MapInfo file (MIF)", VECTOR),
        (rb"!table\s*\r?\n", "a MapInfo table", VECTOR),
        (rb"\$(GP|GN|GL|GA)[A-Z]{3},", "a log of a receiver (NMEA)", "convert it to GPX or CSV"),
        (rb"ncols\s+\d+", "an ASCII grid", RASTER),
        (rb"DSAA", "a Surfer grid", RASTER),
        (rb"ply\r?\n", "a PLY point cloud", CLOUD),
        (rb"# \.PCD", "a PCD point cloud", CLOUD),
        (rb"#VRML", "a 3D scene", NO_DATA),
        (rb"ISO-10303-21;", "a building model (IFC or STEP)", VECTOR),
        (rb"-----BEGIN ", "a key, a certificate or an encrypted message", NO_DATA),
        (rb"(From |Received: |Return-Path: |MIME-Version: |Delivered-To: |Message-ID: )", "e-mail", NO_DATA),
        (rb"BEGIN:V(CARD|CALENDAR)", "contacts or a calendar", NO_DATA),
        (rb"%!PS", "PostScript", NO_DATA),
        (rb"\{\\rtf", "a text document (RTF)", NO_DATA),
        (rb"#!", "a program", NO_DATA),
        (rb"(PROJCS|GEOGCS|PROJCRS|GEOGCRS|COMPD_CS|LOCAL_CS)\s*\[", "the reference of another file", NO_DATA),
        (rb"(CREATE TABLE|INSERT INTO|PRAGMA |BEGIN TRANSACTION|-- (MySQL|PostgreSQL|SQLite|Dump))", "SQL", VECTOR),
        (rb"(SRID=\d+;)?(MULTI)?(POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\s*(Z\s*)?\(", "bare WKT", TABLE),
        (rb"[0-9]{5}[23][LDR ][E ][1 ]", "an ISO 8211 file, such as an S-57 chart", VECTOR),
        (rb"%PDF-", "a PDF", NO_DATA),
    )
)

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PDF_WITHIN = 1_024
"""Readers of PDF look for its beginning in as many bytes."""


def known_binary(seen: Glimpse) -> Iterator[Known]:
    """Name the formats whose signature a file has."""
    binary = b"\0" in seen.head[:HEADERS]
    for offset, signature, name, advice in _SIGNATURES:
        # A table may have a column that is called ORCID.
        if seen.head[offset : offset + len(signature)] == signature and (binary or not signature.isalnum()):
            yield Known(name, advice)
    if seen.head[4:8] == b"ftyp":
        avif = seen.head[8:12] in {b"avif", b"avis"}
        yield Known("AVIF", PHOTO) if avif else Known("video", NO_DATA)
    if not seen.head.startswith(b"%PDF-") and b"%PDF-" in seen.head[:_PDF_WITHIN]:
        yield Known("a PDF", NO_DATA)


def known_weakly(seen: Glimpse) -> Known | None:
    """Name the format of a file whose signature is short, or which is text in an encoding that is not read."""
    for signature, name, advice in _WEAK:
        if seen.head.startswith(signature) and b"\0" in seen.head[:HEADERS]:
            return Known(name, advice)
    if seen.head.startswith(_UTF16):
        return Known("text in UTF-16", "write UTF-8")
    return None


HEADERS: Final = 4_096
"""Bytes in which a binary format that begins like text has a NUL."""


def known_text(seen: Glimpse) -> Known | None:
    """Name the format of a file of text that is no table."""
    return next((Known(name, advice) for start, name, advice in _TEXTS if start.match(seen.text)), None)
