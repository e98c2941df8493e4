"""What a workbook holds besides the values of its cells, and whether its cells are as many as can be held.

Source: ECMA-376 (xlsx), OASIS OpenDocument 1.3 (ods), [MS-XLS] (xls).
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart, together
from geogate.readers.containers_names import Names
from geogate.readers.containers_zip import list_zip, member_bytes
from geogate.readers.recognise_ole import stream_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_CELLS: Final = 20_000_000
MOST_BYTES: Final = 512 << 20
_JUDGED: Final = "values of cells"
_PARTS: Final[tuple[tuple[re.Pattern[str], str, Fate], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), what, fate)
    for pattern, what, fate in (
        (r"xl/(worksheets/[^/]+\.xml|workbook\.xml|sharedStrings\.xml)|content\.xml", _JUDGED, Fate.JUDGED),
        (
            r"\[Content_Types\]\.xml|(.*/)?_rels/[^/]*\.rels|mimetype|META-INF/manifest\.xml|manifest\.rdf",
            "",
            Fate.REMOVED,
        ),
        (
            r"xl/styles\.xml|xl/theme/.*|styles\.xml|settings\.xml|xl/printerSettings/.*|Configurations2/.*",
            "",
            Fate.REMOVED,
        ),
        (
            r"docProps/.*|meta\.xml|xl/calcChain\.xml|xl/metadata\.xml|customXml/.*|docMetadata/.*",
            "properties",
            Fate.REMOVED,
        ),
        (r"xl/(comments.*|threadedComments/.*|persons/.*)", "comments", Fate.REMOVED),
        (r"xl/(drawings|charts|media|chartsheets|diagrams)/.*|Pictures/.*|Thumbnails/.*", "pictures", Fate.REMOVED),
        (r"xl/(pivotTables|pivotCache|slicers|slicerCaches|timelines)/.*", "copies of data in pivots", Fate.REMOVED),
        (r"xl/(tables|queryTables|richData)/.*|xl/connections\.xml", "descriptions of tables", Fate.REMOVED),
        (r"xl/externalLinks/.*", "copies of data from other files", Fate.REMOVED),
        (
            r"xl/(vbaProject.*|macrosheets/.*|dialogsheets/.*|activeX/.*|ctrlProps/.*)|Basic/.*|Scripts/.*",
            "macros",
            Fate.REFUSED,
        ),
        (r"xl/embeddings/.*|Object .*|ObjectReplacements/.*", "embedded objects", Fate.REFUSED),
    )
)
_BESIDES: Final = FilePart(what="formulas, formats and settings of a workbook", fate=Fate.REMOVED)
_PLAIN_STREAMS: Final = frozenset(
    {"Root Entry", "Workbook", "Book", "\x05SummaryInformation", "\x05DocumentSummaryInformation"}
)
_AT: Final = re.compile(rb"""<(?:\w+:)?(?:c|row)\b[^>]*?\br\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,8})["']""")
_REPEATED: Final = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["']([0-9]{1,12})["']""")
_LETTERS: Final = 26
_LARGEST_REPEAT: Final = 1_048_576


def _bad(why: str, remedy: str) -> UnreadableError:
    return UnreadableError(f"the workbook {why}", remedy=remedy)


def check_workbook(path: Path) -> tuple[FilePart, ...]:
    """Name the parts of a workbook, and look that its cells fit into memory before anybody reads them.

    Raises: UnreadableError.
    """
    with path.open("rb") as file:
        zipped = file.read(2) == b"PK"
    return together([_BESIDES, *(_zipped(path) if zipped else _compound(path))])


def _compound(path: Path) -> Iterator[FilePart]:
    others = stream_names(path) - _PLAIN_STREAMS
    if others:
        yield FilePart(what="macros", fate=Fate.REFUSED, count=len(others))


def _zipped(path: Path) -> Iterator[FilePart]:
    listing, names = list_zip(path), Names()
    yield from listing.parts
    if sum(entry.info.file_size for entry in listing.entries) > MOST_BYTES:
        raise _bad(f"unpacks to more than {MOST_BYTES >> 20} MiB", "send it as GeoPackage, GeoParquet or CSV")
    with path.open("rb") as file:
        for entry in listing.entries:
            if entry.info.is_dir():
                continue
            names.add(entry.info.filename)
            what, fate = _what(entry.info.filename)
            yield FilePart(what=what, fate=fate, size=entry.info.file_size)
            data = member_bytes(file, entry)
            if what == _JUDGED and entry.info.filename != "xl/sharedStrings.xml":
                _require_few_cells(b"".join(data))
            else:
                # To its end, where size and checksum are compared.
                zlib.crc32(b"".join(data))


def _what(name: str) -> tuple[str, Fate]:
    for pattern, what, fate in _PARTS:
        if pattern.fullmatch(name):
            return what or _BESIDES.what, fate
    return "other members of a workbook", Fate.REFUSED


def _require_few_cells(xml: bytes) -> None:
    """Refuse cells that lie so far apart that the table between them cannot be held, and entities.

    Raises: UnreadableError.
    """
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise _bad("has a document type or entities", "save it again")
    wide = high = 1
    for found in _AT.finditer(xml):
        wide = max(wide, _column(found.group(1)))
        high = max(high, int(found.group(2)))
    if wide * high > MOST_CELLS:
        raise _bad("has cells that lie too far apart", "put the table at the beginning of the sheet, or send CSV")
    if any(int(found.group(1)) > _LARGEST_REPEAT for found in _REPEATED.finditer(xml)):
        raise _bad("has cells that are repeated too often", "save it as .xlsx, or send CSV")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * _LETTERS + letter - ord("A") + 1
    return number
