from __future__ import annotations

import bz2
import gzip
import io
import zipfile
from typing import TYPE_CHECKING

import geopandas
import pytest
from gating.files import COARSE, FINE, INSIDE, frame

if TYPE_CHECKING:
    from pathlib import Path

    from gating.files import Points
    from gating.gate import Gate


def zipped(folder: Path, **members: bytes) -> Path:
    file = folder / "export.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), data)
    return file


def rows(points: Points) -> bytes:
    lines = ["lon,lat,name", *(f"{x},{y},a" for x, y in points)]
    return ("\n".join(lines) + "\n").encode()


def written(points: Points, driver: str, folder: Path, suffix: str) -> bytes:
    file = folder / f"written{suffix}"
    frame(points, ["a"]).to_file(file, driver=driver)
    return file.read_bytes()


def test_members_of_a_container_leave_as_files_of_their_own(gate: Gate) -> None:
    inner = gzip.compress(rows(COARSE))
    file = zipped(gate.staged, a_DOT_csv=rows(COARSE), deep__b_DOT_csv_DOT_gz=inner)
    gate.send(gate.clear(file))
    assert len([name for name in gate.delivered() if name.endswith(".csv")]) == 2
    assert not any(data.startswith(b"PK") for data in gate.delivered().values())


@pytest.mark.parametrize("points", [FINE, INSIDE])
def test_a_member_that_may_not_leave_keeps_the_others_back(points: Points, gate: Gate) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("harmless.bin", rows(points))
    file = zipped(gate.staged, a_DOT_csv=rows(COARSE), thumbs_DOT_db=inner.getvalue())
    done = gate.submit(file)
    assert done.state == "denied"
    assert any(finding.layer.startswith("export.zip/thumbs.db/harmless") for finding in done.verdict.findings)
    assert gate.delivered() == {}


@pytest.mark.parametrize("data", [b"%PDF-1.7\n\0", b"", b"PK\x03\x04", b"\x7fELF\0"])
def test_a_member_that_nobody_reads_keeps_the_others_back(data: bytes, gate: Gate) -> None:
    assert gate.submit(zipped(gate.staged, a_DOT_csv=rows(COARSE), b=data)).state == "denied"


@pytest.mark.parametrize(("driver", "suffix"), [("KML", ".kml"), ("GPX", ".gpx"), ("GML", ".gml")])
def test_formats_without_a_writer_leave_as_a_geopackage(driver: str, suffix: str, gate: Gate) -> None:
    (gate.staged / f"export{suffix}").write_bytes(written(COARSE, driver, gate.root, suffix))
    gate.send(gate.clear(gate.staged / f"export{suffix}"))
    (name,) = [name for name in gate.delivered() if name.endswith(".gpkg")]
    (gate.root / "back.gpkg").write_bytes(gate.delivered()[name])
    assert len(geopandas.read_file(gate.root / "back.gpkg")) == len(COARSE)
    (gate.staged / f"fine{suffix}").write_bytes(written(FINE, driver, gate.root, f"2{suffix}"))
    assert gate.submit(gate.staged / f"fine{suffix}").state == "denied"


def test_a_part_that_nothing_can_judge_denies_also_where_geogate_encodes(gate: Gate) -> None:
    text = written(COARSE, "KML", gate.root, ".kml").decode()
    link = "<NetworkLink><Link><href>http://example.org/a.kml</href></Link></NetworkLink>"
    (gate.staged / "a.kml").write_text(text.replace("</Document>", f"{link}</Document>"))
    done = gate.submit(gate.staged / "a.kml")
    assert done.state == "denied"
    assert {str(finding.rule) for finding in done.verdict.findings} == {"gate/unjudged-part"}


def test_no_container_leaves_verbatim(gate: Gate) -> None:
    gate.policies.write_policy(encoding="verbatim")
    (gate.staged / "a.csv").write_bytes(rows(COARSE))
    assert gate.screen(gate.staged / "a.csv").decision == "clear"
    zipped(gate.staged, a_DOT_csv=rows(COARSE))
    # Four bytes of the date, and others of each member without data, could say anything.
    (gate.staged / "b.csv.gz").write_bytes(gzip.compress(rows(COARSE), mtime=830931) + gzip.compress(b"", mtime=47120))
    (gate.staged / "c.csv.bz2").write_bytes(bz2.compress(rows(COARSE)) + bz2.compress(b"", 8) + bz2.compress(b"", 3))
    for name in ("export.zip", "b.csv.gz", "c.csv.bz2"):
        verdict = gate.screen(gate.staged / name)
        assert verdict.decision == "deny"
        assert {str(finding.rule) for finding in verdict.findings} == {"gate/unjudged-part"}


def test_a_zip_at_the_end_of_a_photo_or_a_table_is_found(gate: Gate) -> None:
    for number, head in enumerate((rows(COARSE), b"\xff\xd8\xff\xe0")):
        whole = head + zipped(gate.staged, a_DOT_csv=rows(FINE)).read_bytes()
        (gate.staged / f"{number}.csv").write_bytes(whole)
        assert gate.submit(gate.staged / f"{number}.csv").state == "denied"
