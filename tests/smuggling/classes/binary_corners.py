"""Shapefile, FlatGeobuf and Excel: what lies beside, behind and between the rows."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pyogrio
from smuggling.case import Case
from smuggling.classes.containers import in_archives
from smuggling.classes.hidden_in_sqlite import TEXT, bytes_of_all
from smuggling.cover import cover
from smuggling.secret import COVER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHORT = TEXT[:60]


def _shapefile(folder: Path) -> None:
    cover().to_file(folder / "places.shp")


def _beside(extension: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        _shapefile(folder)
        (folder / f"places{extension}").write_bytes(TEXT.encode())

    return write


def _behind(extension: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        _shapefile(folder)
        with (folder / f"places{extension}").open("ab") as file:
            file.write(TEXT.encode())

    return write


def _deleted(folder: Path) -> None:
    """Mark a row of the table as deleted; the text in it stays."""
    frame = cover()
    frame.loc[0, "name"] = SHORT
    frame.to_file(folder / "places.shp")
    path = folder / "places.dbf"
    data = bytearray(path.read_bytes())
    first = int.from_bytes(data[8:10], "little")
    data[first] = ord("*")
    path.write_bytes(bytes(data))


def _header(folder: Path) -> None:
    """Write into the bytes of the header that nobody uses."""
    _shapefile(folder)
    path = folder / "places.dbf"
    data = bytearray(path.read_bytes())
    first = int.from_bytes(data[8:10], "little")
    frame = bytes(data[first:])
    padding = TEXT.encode()
    data[8:10] = (first + len(padding)).to_bytes(2, "little")
    path.write_bytes(bytes(data[:first]) + padding + frame)


def _projection(folder: Path) -> None:
    _shapefile(folder)
    path = folder / "places.prj"
    path.write_text(path.read_text().replace("GCS_WGS_1984", TEXT))


def _gap(folder: Path) -> None:
    """Move the last record back and put bytes before it; the index says where it is."""
    _shapefile(folder)
    shape, index = folder / "places.shp", folder / "places.shx"
    data, offsets = shape.read_bytes(), bytearray(index.read_bytes())
    at = int.from_bytes(offsets[-8:-4], "big") * 2
    hidden = (TEXT + " " * (len(TEXT) % 2)).encode()
    offsets[-8:-4] = ((at + len(hidden)) // 2).to_bytes(4, "big")
    whole = bytearray(data[:at] + hidden + data[at:])
    whole[24:28] = (len(whole) // 2).to_bytes(4, "big")
    shape.write_bytes(bytes(whole))
    index.write_bytes(bytes(offsets))


def _flatgeobuf(**options: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        pyogrio.write_dataframe(cover(), folder / "places.fgb", driver="FlatGeobuf", layer_options=options)

    return write


def _after_flatgeobuf(folder: Path) -> None:
    pyogrio.write_dataframe(cover(), folder / "places.fgb", driver="FlatGeobuf")
    with (folder / "places.fgb").open("ab") as file:
        file.write(TEXT.encode())


SHEET = "xl/worksheets/sheet1.xml"
XLSX = {
    "[Content_Types].xml": '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="places" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def _sheet(extra: str = "") -> str:
    rows = [
        '<row r="1"><c r="A1" t="inlineStr"><is><t>lon</t></is></c><c r="B1" t="inlineStr"><is><t>lat</t></is></c></row>'
    ]
    rows += [
        f'<row r="{n}"><c r="A{n}"><v>{x:.1f}</v></c><c r="B{n}"><v>{y:.1f}</v></c></row>'
        for n, (x, y) in enumerate(COVER, start=2)
    ]
    return f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{"".join(rows)}</sheetData>{extra}</worksheet>'


def _excel(extra_parts: dict[str, str] | None = None, *, sheet: str = "") -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        into = io.BytesIO()
        with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in (XLSX | {SHEET: _sheet(sheet)} | (extra_parts or {})).items():
                archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
        (folder / "places.xlsx").write_bytes(into.getvalue())

    return write


def _hidden_sheet() -> dict[str, str]:
    second = f'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>{TEXT}</t></is></c></row></sheetData></worksheet>'
    book = XLSX["xl/workbook.xml"].replace(
        "</sheets>", '<sheet name="x" sheetId="2" state="veryHidden" r:id="rId2"/></sheets>'
    )
    rels = XLSX["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>",
        '<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet2.xml"/></Relationships>',
    )
    return {"xl/workbook.xml": book, "xl/_rels/workbook.xml.rels": rels, "xl/worksheets/sheet2.xml": second}


def _case(name: str, why: str, write: Callable[[Path], None]) -> Case:
    return Case(name=name, why=why, write=write, recover=bytes_of_all)


def _packed(name: str, why: str, write: Callable[[Path], None]) -> Case:
    return Case(name=name, why=why, write=write, recover=in_archives)


CASES = (
    _case("shp-spatial-index", "a file that programs expect and nobody opens", _beside(".sbn")),
    _case("shp-metadata", "a description beside it", _beside(".shp.xml")),
    _case("shp-index-of-qgis", "another one's index", _beside(".qix")),
    _case("shp-encoding", "a file that names the encoding", _beside(".cpg")),
    _case("shp-behind", "bytes behind the shapes", _behind(".shp")),
    _case("shx-behind", "bytes behind the index", _behind(".shx")),
    _case("dbf-behind", "bytes behind the table", _behind(".dbf")),
    _case("dbf-deleted", "a row that is marked as deleted", _deleted),
    _case("dbf-header", "room between the header and the rows", _header),
    _case("prj-name", "the name of the reference system", _projection),
    _case("shp-gap", "between two shapes", _gap),
    _case("fgb-description", "of a layer", _flatgeobuf(DESCRIPTION=TEXT)),
    _case("fgb-title", "of a layer", _flatgeobuf(TITLE=TEXT)),
    _case("fgb-behind", "bytes behind the last feature", _after_flatgeobuf),
    _packed("xlsx-hidden-sheet", "a sheet that the program does not show", _excel(_hidden_sheet())),
    _packed(
        "xlsx-comments",
        "notes on cells",
        _excel(
            {
                "xl/comments1.xml": f'<comments xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><commentList><comment ref="A1"><text><t>{TEXT}</t></text></comment></commentList></comments>'
            }
        ),
    ),
    _packed(
        "xlsx-properties",
        "of the document",
        _excel(
            {
                "docProps/core.xml": f'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"><cp:keywords>{TEXT}</cp:keywords></cp:coreProperties>'
            }
        ),
    ),
    _packed(
        "xlsx-footer",
        "what is printed below",
        _excel(sheet=f"<headerFooter><oddFooter>{TEXT}</oddFooter></headerFooter>"),
    ),
    _packed("xlsx-member", "a member that no part names", _excel({"xl/custom.bin": TEXT})),
)
