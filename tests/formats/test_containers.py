from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import crc32

import pytest
import shapely
from formats.datasets import COUNTRY_ROWS, content, countries
from formats.zips import Made, by_hand, deflated, local

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, Format
from geogate.readers import NamedSources, open_named
from geogate.readers.containers import unpack
from geogate.readers.containers_limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = b"lon,lat\n1.5,2.5\n"


def opened(data: bytes, folder: Path, name: str = "data.zip") -> NamedSources:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    file = folder / "staged"
    file.write_bytes(data)
    return open_named({file: name}, scratch=scratch)


def names(found: NamedSources) -> list[str]:
    return [found.names[source.path] for source in found.sources]


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], comment: bytes = b"") -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
        archive.comment = comment
    return whole.getvalue()


def tarred(*members: tuple[tarfile.TarInfo | str, bytes]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for member, data in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return whole.getvalue()


def named(name: str, mode: int = stat.S_IFREG | 0o644, **changes: object) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    for key, value in changes.items():
        setattr(info, key, value)
    return info


def test_every_member_of_every_container_is_opened(tmp_path: Path) -> None:
    inner = gzip.compress(tarred(("a/b.csv", ROWS), ("c.csv", ROWS)))
    found = opened(zipped(("folder/inner.tar.gz", inner), ("top.csv", ROWS)), tmp_path)
    assert names(found) == [
        "data.zip/folder/inner.tar.gz/inner.tar/a/b.csv",
        "data.zip/folder/inner.tar.gz/inner.tar/c.csv",
        "data.zip/top.csv",
    ]
    assert {part.what for part in found.parts} == {"owners and spare bytes in headers of a tar"}


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_file_is_named_after_its_container(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    suffix = {gzip.compress: "gz", bz2.compress: "bz2", lzma.compress: "xz"}[compress]
    for data in (compress(ROWS), compress(ROWS[:5]) + compress(ROWS[5:])):
        found = opened(data, tmp_path, f"rows.csv.{suffix}")
        assert names(found) == [f"rows.csv.{suffix}/rows.csv"]
        assert content(found.sources[0]) == ([shapely.to_wkb(shapely.Point(1.5, 2.5))], {})
        (tmp_path / "scratch" / "1" / "rows.csv").unlink()


def test_a_shapefile_in_a_zip_is_one_source(tmp_path: Path) -> None:
    parts = countries(tmp_path, Format.SHAPEFILE)
    found = opened(zipped(*((f"in/{path.name}", path.read_bytes()) for path in parts)), tmp_path)
    (source,) = found.sources
    assert names(found) == ["data.zip/in/countries.shp"]
    assert source.layers[0].rows == COUNTRY_ROWS


@pytest.mark.parametrize(
    "name",
    ["../a.csv", "/a.csv", "a/../../b.csv", "a\\b.csv", "C:\\a.csv", "a//b.csv", "a\nb.csv", " a.csv", "x" * 201],
)
def test_names_that_point_elsewhere_or_do_not_show_are_refused(name: str, tmp_path: Path) -> None:
    for data in (zipped((name, ROWS)), tarred((name, ROWS))):
        with pytest.raises(UnreadableError, match=r"name is not usable|too long a name"):
            opened(data, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch", "staged"]


@pytest.mark.parametrize("pair", [("a.csv", "a.csv"), ("a.csv", "A.CSV"), ("a", "a/b.csv"), ("a/b.csv", "A")])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(pair: tuple[str, str], tmp_path: Path) -> None:
    for data in (zipped(*((name, ROWS) for name in pair)), tarred(*((name, ROWS) for name in pair))):
        with pytest.raises(UnreadableError, match="same name"):
            opened(data, tmp_path)
        for path in sorted((tmp_path / "scratch").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(mode: int, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="links or devices"):
        opened(zipped((named("a.csv", mode), ROWS)), tmp_path)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.CONTTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(kind: bytes, tmp_path: Path) -> None:
    info = tarfile.TarInfo("a.csv")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(UnreadableError, match=r"links, devices or sparse"):
        opened(tarred((info, b"")), tmp_path)


def test_a_member_of_a_zip_without_a_name_is_refused(tmp_path: Path) -> None:
    data = zipped(("x.csv", b"lon,lat\n1,2\n")).replace(b"x.csv", b"\0.csv")
    with pytest.raises(UnreadableError, match="without a name"):
        opened(data, tmp_path)


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    data = bytearray(zipped(("a.csv", ROWS)))
    directory = data.rfind(b"PK\x01\x02")
    data[6] |= 1
    data[directory + 8] |= 1
    with pytest.raises(UnreadableError, match="encrypted"):
        opened(bytes(data), tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_uncommon_compression_is_refused(method: int, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="uncommon way"):
        opened(zipped((named("a.csv", compress_type=method), ROWS)), tmp_path)


def shifted(data: bytes, more: int, at: int) -> bytes:
    """Correct the offsets of a zip of one member after bytes were put in at ``at``."""
    whole = bytearray(data)
    directory, end = whole.rfind(b"PK\x01\x02"), whole.rfind(b"PK\x05\x06")
    struct.pack_into("<I", whole, end + 16, directory)
    if at == 0:
        struct.pack_into("<I", whole, directory + 42, more)
    return bytes(whole)


def test_what_no_member_has_is_a_part(tmp_path: Path) -> None:
    plain = zipped(("a.csv", ROWS))
    directory = plain.rfind(b"PK\x01\x02")
    odd = {
        "comments of a zip": zipped(("a.csv", ROWS), comment=b"8.5 47.3"),
        "extra fields of a zip": zipped((named("a.csv", extra=b"\xfe\xca\x04\0abcd"), ROWS)),
        "bytes beside the members of a zip": shifted(b"secret" + plain, 6, 0),
    }
    between = shifted(plain[:directory] + b"secret" + plain[directory:], 6, directory)
    beside = "bytes beside the members of a zip"
    after = plain + b"more"
    for number, (what, data) in enumerate([*odd.items(), (beside, between), (beside, after)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (part,) = opened(data, folder).parts
        assert (part.what, part.fate) == (what, Fate.REMOVED)


def test_a_zip_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    plain = zipped(("a.csv", ROWS))
    directory, end = plain.rfind(b"PK\x01\x02"), plain.rfind(b"PK\x05\x06")
    renamed = plain.replace(b"a.csv", b"b.csv", 1)
    entry = plain[directory:end]
    twice = bytearray(plain[:directory] + entry + entry.replace(b"a.csv", b"b.csv") + plain[end:])
    tail = twice.rfind(b"PK\x05\x06")
    struct.pack_into("<HHI", twice, tail + 8, 2, 2, 2 * len(entry))
    larger = bytearray(plain)
    struct.pack_into("<I", larger, directory + 24, 5)
    struct.pack_into("<I", larger, 22, 5)
    for data in (
        renamed,
        bytes(twice),
        bytes(larger),
        plain[:-1],
        plain[:40],
        plain[:-30] + plain[-22:],
    ):
        with pytest.raises(UnreadableError):
            opened(data, tmp_path)
        for path in (tmp_path / "scratch").rglob("*.csv"):
            path.unlink()


def test_a_zip_that_is_made_by_hand_is_read_where_nothing_is_odd(tmp_path: Path) -> None:
    packed = deflated(ROWS)
    plain = Made(name="a.csv", data=ROWS)
    found = opened(by_hand(plain, Made(name="b.csv", data=packed, method=8, size=len(ROWS), crc=crc32(ROWS))), tmp_path)
    assert names(found) == ["data.zip/a.csv", "data.zip/b.csv"]
    assert found.parts == ()


INSIDE = Made(name="b.csv", data=ROWS)
HOLDS_ANOTHER = Made(name="a.bin", data=b"    " + local(INSIDE))
MADE_ODD = {
    "another size before the data": (by_hand(Made(name="a.csv", data=ROWS, local_size=5)), "describes otherwise"),
    "a member within another": (by_hand(HOLDS_ANOTHER, replace(INSIDE, at=30 + 5 + 4)), "overlap"),
    "the data of another checksum": (by_hand(Made(name="a.csv", data=ROWS, crc=crc32(b"other"))), "damaged"),
    "bytes behind compressed data": (
        by_hand(Made(name="a.csv", data=deflated(ROWS) + b"8.5 47", method=8, size=len(ROWS), crc=crc32(ROWS))),
        "bytes after the end",
    ),
    "a second name": (
        by_hand(Made(name="a.csv", data=ROWS, extra=struct.pack("<HHBI5s", 0x7075, 10, 1, crc32(b"a.csv"), b"b.csv"))),
        "two names",
    ),
}


@pytest.mark.parametrize("name", MADE_ODD)
def test_a_member_of_a_zip_that_can_be_read_in_two_ways_is_refused(name: str, tmp_path: Path) -> None:
    data, reason = MADE_ODD[name]
    with pytest.raises(UnreadableError, match=reason):
        opened(data, tmp_path)


def test_a_comment_of_a_member_is_a_part(tmp_path: Path) -> None:
    (part,) = opened(by_hand(Made(name="a.csv", data=ROWS, comment=b"8.5 47.3")), tmp_path).parts
    assert (part.what, part.fate, part.count) == ("comments of a zip", Fate.REMOVED, 1)


def test_bytes_after_the_end_of_compressed_data_are_refused(tmp_path: Path) -> None:
    packed = gzip.compress(ROWS)
    for data in (packed + b"secret", packed[:-1], packed[:-8] + b"\0" * 8, bz2.compress(ROWS) + b"secret"):
        with pytest.raises(UnreadableError, match="stream"):
            opened(data, tmp_path, "rows.csv.gz")
        for path in (tmp_path / "scratch").rglob("*.csv*"):
            path.unlink()


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_a_stream_that_is_cut_short_is_refused_however_much_of_it_can_be_read(
    compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    packed = compress(ROWS + b"3.5,4.5\n" * 1000)
    suffix = {gzip.compress: "gz", bz2.compress: "bz2", lzma.compress: "xz"}[compress]
    for number, cut in enumerate((1, 5, 20, len(packed) // 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(UnreadableError, match="stream"):
            opened(packed[:-cut], folder, f"rows.csv.{suffix}")


def test_what_a_gzip_header_says_besides_is_a_part(tmp_path: Path) -> None:
    body = gzip.compress(ROWS)[10:]
    header = b"\x1f\x8b\x08" + bytes([4 | 8 | 16]) + b"\0" * 6 + b"\x03\0abc" + b"other.csv\0" + b"8.5 47.3\0"
    parts = opened(header + body, tmp_path, "rows.csv.gz").parts
    assert {part.what for part in parts} == {
        "another name in a gzip header",
        "comments in a gzip header",
        "extra fields in a gzip header",
    }


@pytest.mark.parametrize(
    ("flag", "more", "what"),
    [
        (4, b"\x03\0abc", "extra fields in a gzip header"),
        (8, b"other.csv\0", "another name in a gzip header"),
        (16, b"8.5 47.3\0", "comments in a gzip header"),
    ],
)
def test_each_part_of_a_gzip_header_is_named_by_itself(flag: int, more: bytes, what: str, tmp_path: Path) -> None:
    whole = b"\x1f\x8b\x08" + bytes([flag]) + b"\0" * 6 + more + gzip.compress(ROWS)[10:]
    assert [part.what for part in opened(whole, tmp_path, "rows.csv.gz").parts] == [what]


def test_a_tar_with_anything_but_zeros_around_its_members_is_refused(tmp_path: Path) -> None:
    plain = tarred(("a.csv", ROWS))
    between = bytearray(plain)
    between[512 + len(ROWS)] = 7
    hidden = plain[:4096] + b"secret" + plain[4102:]
    for data in (plain + b"secret", bytes(between), plain[:700], plain[:1024], plain[:1024] + plain, hidden):
        with pytest.raises(UnreadableError, match=r"tar|name"):
            opened(data, tmp_path, "a.tar")
        for path in (tmp_path / "scratch").rglob("*.csv"):
            path.unlink()


def test_extended_headers_of_a_tar_are_a_part(tmp_path: Path) -> None:
    info = tarfile.TarInfo("a.csv")
    info.pax_headers = {"SCHILY.xattr.user.position": "8.5 47.3"}
    parts = {part.what: part.fate for part in opened(tarred((info, ROWS)), tmp_path, "a.tar").parts}
    assert parts == {
        "extended headers of a tar": Fate.REMOVED,
        "owners and spare bytes in headers of a tar": Fate.REMOVED,
    }


def test_folders_without_files_are_a_part(tmp_path: Path) -> None:
    whole = zipped(("in/", b""), ("in/a.csv", ROWS), ("8.5_47.3/", b""))
    (part,) = opened(whole, tmp_path).parts
    assert (part.what, part.fate, part.count) == ("empty folders", Fate.REMOVED, 1)


def test_an_extra_field_that_only_one_of_two_headers_has_is_a_part(tmp_path: Path) -> None:
    plain = zipped(("a.csv", ROWS))
    local = bytearray(plain[:35] + b"\xfe\xca\x04\0abcd" + plain[35:])
    struct.pack_into("<H", local, 28, 8)
    (part,) = opened(shifted(bytes(local), 8, 1), tmp_path).parts
    assert (part.what, part.fate) == ("extra fields of a zip", Fate.REMOVED)


def nested(depth: int) -> bytes:
    data = ROWS
    for level in range(depth):
        data = zipped((f"{level}.bin", data))
    return data


def limited(data: bytes, folder: Path, limits: Limits) -> int:
    file, scratch = folder / "staged", folder / "scratch"
    file.write_bytes(data)
    scratch.mkdir(exist_ok=True)
    return len(unpack({file: "x"}, scratch=scratch, limits=limits).files)


def test_containers_are_opened_to_a_depth_and_no_further(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert limited(nested(3), tmp_path / "a", Limits(depth=3)) == 1
    with pytest.raises(UnreadableError, match="more than 3 deep"):
        limited(nested(4), tmp_path, Limits(depth=3))


def test_members_are_counted_over_all_containers(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    pair = zipped(("a.csv", ROWS), ("b.zip", zipped(("c.csv", ROWS))))
    assert limited(pair, tmp_path / "a", Limits(members=3)) == 2
    with pytest.raises(UnreadableError, match="more than 2 members"):
        limited(pair, tmp_path, Limits(members=2))


def test_the_bytes_of_all_members_are_limited(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    pair = zipped(("a.csv", ROWS), ("b.csv", ROWS))
    assert limited(pair, tmp_path / "a", Limits(size=2 * len(ROWS))) == 2
    with pytest.raises(UnreadableError, match="more than geogate unpacks"):
        limited(pair, tmp_path, Limits(size=2 * len(ROWS) - 1))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, lambda data: zipped(("a", data))])
def test_a_bomb_is_not_unpacked(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    limits = Limits(ratio=20, harmless=1 << 16)
    with pytest.raises(UnreadableError, match="times its size"):
        limited(pack(b"\0" * (4 << 20)), tmp_path, limits)
    written = sum(path.stat().st_size for path in (tmp_path / "scratch").rglob("*") if path.is_file())
    assert written < 4 << 20


def test_a_container_without_files_is_refused(tmp_path: Path) -> None:
    for data in (zipped(), zipped(("folder/", b"")), tarred()):
        with pytest.raises(UnreadableError):
            opened(data, tmp_path)
