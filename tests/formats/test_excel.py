from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyogrio
import pytest
import shapely
from formats.datasets import content, sealed

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate
from geogate.readers import open_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.measures.source import Source

TYPES = "[Content_Types].xml"


def workbook(folder: Path, **sheets: dict[str, list[Any]]) -> Path:
    """Write sheets with GDAL."""
    file = folder / "a.xlsx"
    for name, columns in sheets.items():
        pyogrio.write_dataframe(pd.DataFrame(columns), file, driver="XLSX", layer=name, append=file.exists())
    return file


def changed(file: Path, *, add: dict[str, bytes] | None = None, edit: tuple[str, str, str] | None = None) -> Path:
    """Add members to a workbook, or put another text into one."""
    whole = io.BytesIO()
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            data = before.read(name)
            if edit and name == edit[0]:
                assert re.search(edit[1], data.decode())
                data = re.sub(edit[1], edit[2], data.decode(), count=1).encode()
            after.writestr(name, data)
        for name, data in (add or {}).items():
            after.writestr(name, data)
    file.write_bytes(whole.getvalue())
    return file


def opened(file: Path) -> Source:
    (source,) = open_dataset((file,))
    return source


ROWS: dict[str, list[Any]] = {"name": ["a", "b"], "lon": [7.5, 8.25], "lat": [47.25, 46.5], "n": [1, 2]}


def test_every_sheet_is_a_layer(tmp_path: Path) -> None:
    source = opened(workbook(tmp_path, north=ROWS, south={"x": [1.5], "y": [2.5], "ok": ["yes"]}))
    assert [(layer.name, layer.rows) for layer in source.layers] == [("north", 2), ("south", 1)]
    assert [layer.crs and str(layer.crs) for layer in source.layers] == ["OGC:CRS84", None]
    wkb, rows = content(source)
    assert [shape.wkt for shape in shapely.from_wkb(wkb)] == ["POINT (7.5 47.25)", "POINT (8.25 46.5)"]
    assert rows == {"name": ["a", "b"], "n": [1, 2]}


def test_wkt_in_a_sheet_is_read(tmp_path: Path) -> None:
    source = opened(workbook(tmp_path, a={"wkt": ["SRID=2056;POINT (2600000 1200000)"], "n": ["x"]}))
    assert str(source.layers[0].crs) == "EPSG:2056"
    assert str(shapely.from_wkb(content(source)[0][0])) == "POINT (2600000 1200000)"


def test_a_hidden_sheet_is_judged_like_any_other(tmp_path: Path) -> None:
    file = workbook(tmp_path, shown=ROWS, covert=ROWS)
    changed(file, edit=("xl/workbook.xml", r'"2" state="visible"', '"2" state="hidden"'))
    source = opened(file)
    assert [layer.name for layer in source.layers] == ["shown", "covert"]
    assert ("hidden sheets", Fate.JUDGED) in {(part.what, part.fate) for part in source.contents}


@pytest.mark.parametrize(
    ("member", "what", "fate"),
    [
        ("xl/vbaProject.bin", "macros", Fate.REFUSED),
        ("xl/embeddings/oleObject1.bin", "embedded objects", Fate.REFUSED),
        ("xl/secret.bin", "other members of a workbook", Fate.REFUSED),
        ("secret.csv", "other members of a workbook", Fate.REFUSED),
        ("xl/comments1.xml", "comments", Fate.REMOVED),
        ("xl/media/image1.png", "pictures", Fate.REMOVED),
        ("xl/pivotCache/pivotCacheRecords1.xml", "copies of data in pivots", Fate.REMOVED),
        ("xl/externalLinks/externalLink1.xml", "copies of data from other files", Fate.REMOVED),
        ("docProps/custom.xml", "properties", Fate.REMOVED),
    ],
)
def test_what_is_no_cell_is_named(member: str, what: str, fate: Fate, tmp_path: Path) -> None:
    file = changed(workbook(tmp_path, a=ROWS), add={member: b"secret"})
    assert {part.what: part.fate for part in opened(file).contents}[what] is fate


def test_a_workbook_leaves_as_a_geopackage_with_its_cells_only(tmp_path: Path) -> None:
    file = changed(workbook(tmp_path, a=ROWS, b=ROWS), add={"xl/comments1.xml": b"secret"})
    (out,) = sealed((file,), tmp_path / "out")
    (after,) = open_dataset((out,))
    assert out.name == "a.gpkg"
    assert [layer.name for layer in after.layers] == ["a", "b"]
    assert content(after) == content(opened(file))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"name": ["a"], "value": [1]}, "the sheet has no columns of positions"),
        ({"lon": [1.5], "lat": [2.5], "x": [1.5], "y": [1.5]}, "more than one way"),
        ({"lon": ["7,5"], "lat": ["47,25"]}, "no decimal number"),
        ({"lon": [1.5], "lat": [2.5], "note": ["a"], "Note": ["b"]}, "two columns of the same name"),
        ({"lon": [1.5, None], "lat": [2.5, 3.5]}, "half a position"),
    ],
)
def test_a_sheet_without_clear_positions_is_refused(
    columns: dict[str, list[Any]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableError, match=message) as caught:
        opened(workbook(tmp_path, a=columns)).layers  # noqa: B018 - reading it is the point
    assert caught.value.layer == "a"


def test_cells_that_lie_far_apart_are_refused_before_they_are_read(tmp_path: Path) -> None:
    far = '<c r="XFD1048576"><v>1</v></c></row></sheetData>'
    file = changed(workbook(tmp_path, a=ROWS), edit=("xl/worksheets/sheet1.xml", r"</row>\s*</sheetData>", far))
    with pytest.raises(UnreadableError, match="too far apart"):
        opened(file).layers  # noqa: B018 - reading it is the point


def test_entities_in_a_workbook_are_refused(tmp_path: Path) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]>'
    file = changed(workbook(tmp_path, a=ROWS), edit=("xl/worksheets/sheet1.xml", r"<\?xml[^>]*\?>", bomb))
    with pytest.raises(UnreadableError, match="entities"):
        opened(file).contents  # noqa: B018 - reading it is the point


def test_a_title_above_the_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"first row|positions"):
        opened(workbook(tmp_path, a={"Title": ["lon", 1.5], "": ["lat", 2.5]})).layers  # noqa: B018 - see above


def opendocument(cells: str) -> bytes:
    office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    body = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{office}" office:version="1.3" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="a">{cells}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", body)
        archive.writestr("META-INF/manifest.xml", "<m/>")
    return whole.getvalue()


def row(*cells: str | float, repeated: str = "") -> str:
    texts = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
        if isinstance(cell, str)
        else f'<table:table-cell office:value-type="float" office:value="{cell}"><text:p>x</text:p></table:table-cell>'
        for cell in cells
    )
    return f"<table:table-row{repeated}>{texts}</table:table-row>"


EMPTY_END = (
    '<table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/>'
    "</table:table-row>"
)


def test_opendocument_is_read_with_the_empty_rows_that_programs_write(tmp_path: Path) -> None:
    (tmp_path / "a.ods").write_bytes(opendocument(row("lon", "lat") + row(7.5, 47.25) + EMPTY_END))
    source = opened(tmp_path / "a.ods")
    assert [shape.wkt for shape in shapely.from_wkb(content(source)[0])] == ["POINT (7.5 47.25)"]


def test_cells_that_are_repeated_a_million_times_are_refused(tmp_path: Path) -> None:
    many = row(7.5, 47.25, repeated=' table:number-rows-repeated="1048576"').replace(
        "<table:table-cell ", '<table:table-cell table:number-columns-repeated="16384" '
    )
    (tmp_path / "a.ods").write_bytes(opendocument(row("lon", "lat") + many))
    with pytest.raises(UnreadableError, match=r"the workbook|as a workbook"):
        opened(tmp_path / "a.ods").layers  # noqa: B018 - reading it is the point


@pytest.mark.parametrize("stream", ["_VBA_PROJECT_CUR", "MBD0001"])
def test_an_old_workbook_with_macros_or_objects_is_refused(stream: str, tmp_path: Path) -> None:
    from geogate.readers.excel_parts import check_workbook

    def entry(name: str) -> bytes:
        encoded = (name + "\0").encode("utf-16-le")
        return encoded.ljust(64, b"\0") + len(encoded).to_bytes(2, "little") + b"\0" * 62

    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0"))
    header[30:32] = (9).to_bytes(2, "little")
    header[48:52] = (1).to_bytes(4, "little")
    header[76:80] = (0).to_bytes(4, "little")
    header[80:512] = b"\xff" * 432
    fat = (0xFFFFFFFD).to_bytes(4, "little") + (0xFFFFFFFE).to_bytes(4, "little") + b"\xff" * 504
    directory = entry("Root Entry") + entry("Workbook") + entry(stream) + b"\0" * 128
    file = tmp_path / "a.xls"
    file.write_bytes(bytes(header) + fat + directory)
    assert ("macros", Fate.REFUSED) in {(part.what, part.fate) for part in check_workbook(file)}
    with pytest.raises(UnreadableError):
        opened(file).contents  # noqa: B018 - it is no workbook besides
