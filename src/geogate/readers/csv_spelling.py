"""The text of a CSV, compared with how a writer spells the cells that were read; anything else is named.

A writer has one style for a whole file: which cells it quotes, how it ends lines, and how it spells whole numbers.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import IO, TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from geogate.libraries.strict import strictly
from geogate.libraries.wkt import wkt_of
from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.readers.csv_positions import Positions

QUOTES: Final = ("texts", "needed", "all")
OTHER_TEXT = "another spelling of the same cells"
_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a file says of its form: the delimiter, the names of its columns, which are positions, and their SRID."""

    delimiter: str
    names: tuple[str, ...]
    positions: Positions
    srid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a writer spells cells and ends lines; ``digits`` says that whole numbers have a decimal."""

    quotes: str
    digits: bool
    end: str


def odd_spelling(file: IO[bytes], form: Form, batches: Iterator[pa.RecordBatch]) -> Counter[str]:
    """Compare a file that is open at its beginning with the cells that were read of it."""
    odd: Counter[str] = Counter()
    line = file.readline()
    odd["byte order marks"] += line.startswith(_MARK)
    try:
        odd[OTHER_TEXT] += not _is_spelt(file, form, batches, header=line.removeprefix(_MARK))
    except (UnreadableError, pa.ArrowException):
        # Whoever reads the rows will say why.
        odd["cells that are not positions"] += 1
    return +odd


def _is_spelt(file: IO[bytes], form: Form, batches: Iterator[pa.RecordBatch], *, header: bytes) -> bool:
    """Tell whether a file goes on after its header as one style spells the rows, and then ends."""
    styles = _styles(header, form)
    for batch in batches:
        at, ends = file.tell(), {}
        for style in styles:
            expected = _rows(batch, form, style)
            file.seek(at)
            if file.read(len(expected)) == expected:
                ends[style] = at + len(expected)
        if len(set(ends.values())) != 1:
            return False
        styles = tuple(ends)
        file.seek(ends[styles[0]])
    return not file.read(1)


def _styles(header: bytes, form: Form) -> tuple[Style, ...]:
    """List the styles in which the header may be written."""
    return tuple(
        Style(quotes=quotes, digits=digits, end=end)
        for quotes, digits, end in product(QUOTES, (False, True), ("\n", "\r\n"))
        if header == _header(form, quotes=quotes, end=end)
    )


def _header(form: Form, *, quotes: str, end: str) -> bytes:
    names = pa.array(form.names, pa.string())
    cells = _needed(names, form) if quotes == "needed" else _quoted(names)
    return (form.delimiter.join(cells.to_pylist()) + end).encode()


def _quoted(cells: Any) -> Any:
    return pc.binary_join_element_wise('"', pc.replace_substring(cells, '"', '""'), '"', "")


def _needed(cells: Any, form: Form) -> Any:
    """Quote the cells that could not be read otherwise."""
    return pc.if_else(pc.match_substring_regex(cells, f'["\\r\\n{form.delimiter}]'), _quoted(cells), cells)


def _rows(batch: pa.RecordBatch, form: Form, style: Style) -> bytes:
    """Spell the rows of a batch."""
    columns = []
    for name in form.names:
        cells, missing = batch.column(name), None
        if name in form.positions.columns:
            missing = pc.equal(cells, "")
            cells = _wkt(cells, form.srid) if form.positions.is_wkt else _numbers(cells, missing, digits=style.digits)
        columns.append(_with_quotes(cells, missing, form, style))
    lines = pc.binary_join_element_wise(*columns, form.delimiter)
    return _bytes_of(pc.binary_join_element_wise(lines, style.end, ""))


def _with_quotes(cells: Any, missing: Any, form: Form, style: Style) -> Any:
    """Quote cells by the style; ``missing`` marks positions that are not there, and is ``None`` for other columns."""
    is_number = missing is not None and not form.positions.is_wkt
    if style.quotes == "needed" or (style.quotes == "texts" and is_number):
        return _needed(cells, form)
    quoted = _quoted(cells)
    return quoted if missing is None or style.quotes == "all" else pc.if_else(missing, "", quoted)


def _numbers(cells: Any, missing: Any, *, digits: bool) -> Any:
    """Spell numbers with the fewest digits that give them back; empty cells stay empty."""
    texts = pc.cast(pc.cast(pc.if_else(missing, "0", cells), pa.float64()), pa.string())
    if digits:
        texts = pc.replace_substring_regex(texts, r"e-(\d)$", r"e-0\1")
        whole = pc.match_substring_regex(texts, r"^-?\d+$")
        texts = pc.if_else(whole, pc.binary_join_element_wise(texts, ".0", ""), texts)
    return pc.if_else(missing, "", texts)


def _wkt(cells: Any, srid: int) -> Any:
    """Spell geometries as geogate does; empty cells stay empty."""
    import shapely

    prefix = f"SRID={srid};" if srid else ""
    with strictly("read to its end"):
        texts = pc.utf8_slice_codeunits(cells, len(prefix)).to_numpy(zero_copy_only=False)
        texts[texts == ""] = None
        spelt = pa.array(wkt_of(shapely.from_wkt(texts)), pa.string())
    return pc.fill_null(pc.binary_join_element_wise(prefix, spelt, ""), "")


def _bytes_of(lines: Any) -> bytes:
    if not len(lines):
        return b""
    start, end = lines.offset, lines.offset + len(lines)
    offsets = memoryview(lines.buffers()[1]).cast("i")
    return bytes(memoryview(lines.buffers()[2])[offsets[start] : offsets[end]])
