"""Archives: files in files, and what archives hold besides their members."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import struct
import tarfile
import zipfile
from typing import TYPE_CHECKING

from smuggling.case import Case
from smuggling.classes.hidden_in_sqlite import FOUND, TEXT
from smuggling.cover import cover
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

DEPTH = 5


def _geojson() -> bytes:
    return str(cover().to_json()).encode()


def _secret_csv() -> bytes:
    rows = "".join(f"{x},{y}\n" for x, y in SECRET)
    return f"lon,lat\n{rows}".encode()


def _zip(members: dict[str, bytes], comment: bytes = b"") -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data)
        archive.comment = comment
    return into.getvalue()


def _unpacked(data: bytes, depth: int = DEPTH) -> Iterator[bytes]:
    """Give data, and all that is packed in it."""
    yield data
    if depth == 0:
        return
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                yield info.filename.encode() + info.comment + info.extra
                if not info.flag_bits & 1:
                    yield from _unpacked(archive.read(info), depth - 1)
    elif data.startswith(b"\x1f\x8b"):
        with contextlib.suppress(gzip.BadGzipFile):
            yield from _unpacked(gzip.decompress(data), depth - 1)
    elif data.startswith(b"BZh"):
        yield from _unpacked(bz2.decompress(data), depth - 1)
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                yield member.name.encode() + str(member.pax_headers).encode() + member.linkname.encode()
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None:
                    yield from _unpacked(file.read(), depth - 1)


def in_archives(folder: Path) -> Iterator[Position]:
    """Find the secret in the files of a folder, and in all that is packed in them."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            for data in _unpacked(path.read_bytes()):
                yield from ((float(x), float(y)) for x, y in FOUND.findall(data))
                if data.startswith(b"lon,lat\n"):
                    yield from (tuple(map(float, row.split(b","))) for row in data.split()[1:])  # type: ignore[misc]


def _encrypted(folder: Path) -> None:
    """Write a member whose bytes are turned by a fixed key, and say in its header that it is encrypted."""
    data = bytearray(_zip({"places.geojson": _geojson(), "notes.txt": bytes(b ^ 0x5A for b in TEXT.encode())}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.rindex(mark)
        (flags,) = struct.unpack_from("<H", data, start + at)
        struct.pack_into("<H", data, start + at, flags | 1)
    (folder / "places.zip").write_bytes(bytes(data))


def _decrypted(folder: Path) -> Iterator[Position]:
    for path in folder.rglob("*.zip"):
        data = bytearray(path.read_bytes())
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            start = data.rindex(mark)
            (flags,) = struct.unpack_from("<H", data, start + at)
            struct.pack_into("<H", data, start + at, flags & ~1)
        with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
            text = bytes(b ^ 0x5A for b in archive.read("notes.txt"))
            yield from ((float(x), float(y)) for x, y in FOUND.findall(text))


def _tar(folder: Path) -> None:
    with tarfile.open(folder / "places.tar", "w") as archive:
        for name, data in (("places.geojson", _geojson()), ("notes.csv", _secret_csv())):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def _pax(folder: Path) -> None:
    with tarfile.open(folder / "places.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("places.geojson")
        info.size = len(_geojson())
        info.pax_headers = {"comment": TEXT}
        archive.addfile(info, io.BytesIO(_geojson()))


def _link(folder: Path) -> None:
    with tarfile.open(folder / "places.tar", "w") as archive:
        info = tarfile.TarInfo("places.geojson")
        info.size = len(_geojson())
        archive.addfile(info, io.BytesIO(_geojson()))
        link = tarfile.TarInfo("latest.geojson")
        link.type, link.linkname = tarfile.SYMTYPE, TEXT[:90]
        archive.addfile(link)


def _file(name: str, make: Callable[[], bytes]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_bytes(make())

    return write


def _nested() -> bytes:
    return _zip(
        {"places.geojson": _geojson(), "readme.txt": _zip({"inner.bin": gzip.compress(_secret_csv(), mtime=0)})}
    )


def _extra_field() -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        info = zipfile.ZipInfo("places.geojson", (2026, 1, 1, 0, 0, 0))
        info.extra = struct.pack("<HH", 0x6666, len(TEXT)) + TEXT.encode()
        archive.writestr(info, _geojson())
    return into.getvalue()


def _overwritten() -> bytes:
    """Name two members alike: a reader shows the last one only."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr(zipfile.ZipInfo("places.geojson", (2026, 1, 1, 0, 0, 0)), _secret_csv())
        archive.writestr(zipfile.ZipInfo("Places.geojson", (2026, 1, 1, 0, 0, 0)), _geojson())
    return into.getvalue().replace(b"Places.geojson", b"places.geojson")


def _between() -> bytes:
    """Put a member into the archive that its directory does not name."""
    whole = _zip({"places.geojson": _geojson()})
    start = whole.rindex(b"PK\x01\x02")
    directory = whole[start:]
    end = directory.rindex(b"PK\x05\x06")
    hidden = TEXT.encode()
    moved = bytearray(directory)
    struct.pack_into("<I", moved, end + 16, start + len(hidden))
    return whole[:start] + hidden + bytes(moved)


def _case(name: str, why: str, write: Callable[[Path], None]) -> Case:
    return Case(name=name, why=why, write=write, recover=in_archives)


CASES = (
    _case(
        "member",
        "beside a harmless one",
        _file("places.zip", lambda: _zip({"a.geojson": _geojson(), "b.csv": _secret_csv()})),
    ),
    _case("zip-in-zip", "under another extension, packed again", _file("places.zip", _nested)),
    _case(
        "archive-as-table",
        "an archive that is called a table",
        _file("places.csv", lambda: _zip({"b.csv": _secret_csv()})),
    ),
    _case(
        "comment", "archives have comments", _file("places.zip", lambda: _zip({"a.geojson": _geojson()}, TEXT.encode()))
    ),
    _case("extra-field", "members have extra fields", _file("places.zip", _extra_field)),
    _case(
        "member-name",
        "the name of a member",
        _file("places.zip", lambda: _zip({"a.geojson": _geojson(), f"{TEXT[:60]}/b.geojson": _geojson()})),
    ),
    _case("same-name-twice", "readers show one of them", _file("places.zip", _overwritten)),
    _case(
        "before-the-archive",
        "an archive may begin later",
        _file("places.zip", lambda: TEXT.encode() + _zip({"a.geojson": _geojson()})),
    ),
    _case("between-the-members", "what the directory does not name", _file("places.zip", _between)),
    _case(
        "after-the-gzip",
        "a second stream behind the first",
        _file("places.geojson.gz", lambda: gzip.compress(_geojson(), mtime=0) + TEXT.encode()),
    ),
    _case("gzip", "packed once", _file("places.csv.gz", lambda: gzip.compress(_secret_csv(), mtime=0))),
    _case("bzip2", "packed otherwise", _file("places.csv.bz2", lambda: bz2.compress(_secret_csv()))),
    _case("tar", "another archive", _tar),
    _case("tar-header", "a comment in an extended header", _pax),
    _case("tar-link", "where a link points to", _link),
    Case(name="encrypted", why="nobody can look into it", write=_encrypted, recover=_decrypted),
)
