"""Photos: where they were taken, and what else their files hold."""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, PngImagePlugin
from PIL.ExifTags import GPS, IFD, Base
from smuggling.case import Case, only
from smuggling.classes.hidden_in_sqlite import TEXT, bytes_of_all
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

X, Y = SECRET[0]


def picture() -> Image.Image:
    """Give a picture that shows nothing."""
    return Image.fromarray(np.random.default_rng(5).integers(0, 255, (64, 64, 3), dtype=np.uint8))


def _dms(value: float) -> tuple[float, float, float]:
    return float(int(value)), float(int(value * 60 % 60)), round(value * 3600 % 60, 5)


def exif_with_place() -> Image.Exif:
    """Give EXIF with the place of the secret."""
    exif = Image.Exif()
    place: dict[int, Any] = {
        GPS.GPSLatitudeRef: "N",
        GPS.GPSLatitude: _dms(Y),
        GPS.GPSLongitudeRef: "E",
        GPS.GPSLongitude: _dms(X),
    }
    exif.get_ifd(IFD.GPSInfo).update(place)
    exif[IFD.GPSInfo] = place
    return exif


def _saved(name: str, **options: object) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        picture().save(folder / name, **options)  # type: ignore[arg-type]

    return write


def _exif(folder: Path) -> Iterator[Position]:
    with Image.open(only(folder, "photo.*")) as image:
        place = image.getexif().get_ifd(IFD.GPSInfo)
    lat, lon = (
        sum(float(part) / 60**n for n, part in enumerate(place[tag])) for tag in (GPS.GPSLatitude, GPS.GPSLongitude)
    )
    yield lon, lat


def xmp() -> bytes:
    """Give XMP with the place of the secret."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" '
        f'drone-dji:GpsLatitude="{Y}" drone-dji:GpsLongitude="{X}"/></rdf:RDF></x:xmpmeta>'
    ).encode()


def _xmp(folder: Path) -> Iterator[Position]:
    data = only(folder, "photo.*").read_bytes()
    lat = re.search(rb'GpsLatitude="([\d.]+)"', data)
    lon = re.search(rb'GpsLongitude="([\d.]+)"', data)
    if lat and lon:
        yield float(lon[1]), float(lat[1])


def _segment(marker: int, content: bytes) -> Callable[[Path], None]:
    """Write a segment behind the first one of a JPEG."""

    def write(folder: Path) -> None:
        into = io.BytesIO()
        picture().save(into, "JPEG")
        data = into.getvalue()
        segment = bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content
        (folder / "photo.jpg").write_bytes(data[:2] + segment + data[2:])

    return write


def _behind(name: str, form: str, content: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        into = io.BytesIO()
        picture().save(into, form)
        (folder / name).write_bytes(into.getvalue() + content)

    return write


def _iptc() -> bytes:
    field = b"\x1c\x02\x78" + struct.pack(">H", len(TEXT)) + TEXT.encode()
    field += b"\0" * (len(field) % 2)
    return b"Photoshop 3.0\0" + b"8BIM" + struct.pack(">H", 0x0404) + b"\0\0" + struct.pack(">I", len(field)) + field


def _thumbnail(folder: Path) -> None:
    """Put a thumbnail with EXIF of its own into a photo."""
    small = io.BytesIO()
    picture().resize((16, 16)).save(small, "JPEG", exif=exif_with_place())
    exif = Image.Exif()
    exif[Base.ImageDescription] = "x"
    into = io.BytesIO()
    picture().save(into, "JPEG")
    data = into.getvalue()
    # A second directory with the place and size of the thumbnail, as cameras write it.
    head = b"Exif\0\0II*\0" + struct.pack("<I", 8) + struct.pack("<H", 0) + struct.pack("<I", 14)
    entries = struct.pack("<HHII", 0x0201, 4, 1, 44) + struct.pack("<HHII", 0x0202, 4, 1, len(small.getvalue()))
    body = head + struct.pack("<H", 2) + entries + struct.pack("<I", 0) + small.getvalue()
    (folder / "photo.jpg").write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:])


def _in_thumbnail(folder: Path) -> Iterator[Position]:
    data = only(folder, "photo.*").read_bytes()
    start = data.index(b"\xff\xd8", 2)
    with Image.open(io.BytesIO(data[start:])) as image:
        place = image.getexif().get_ifd(IFD.GPSInfo)
    lat, lon = (
        sum(float(part) / 60**n for n, part in enumerate(place[tag])) for tag in (GPS.GPSLatitude, GPS.GPSLongitude)
    )
    yield lon, lat


def _png_text(folder: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", TEXT)
    picture().save(folder / "photo.png", pnginfo=info)


def _png_packed(folder: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", TEXT, zip=True)
    picture().save(folder / "photo.png", pnginfo=info)


def _png_texts(folder: Path) -> Iterator[Position]:
    data = only(folder, "photo.png").read_bytes()
    start = data.index(b"zTXtComment\0\0") + len(b"zTXtComment\0\0")
    text = zlib.decompressobj().decompress(data[start:])
    yield from ((float(x), float(y)) for x, y in re.findall(rb"POINT \((\S+) (\S+)\)", text))


def _png_chunk(folder: Path) -> None:
    into = io.BytesIO()
    picture().save(into, "PNG")
    data = into.getvalue()
    content = b"prVt" + TEXT.encode()
    chunk = struct.pack(">I", len(TEXT)) + content + struct.pack(">I", zlib.crc32(content))
    (folder / "photo.png").write_bytes(data[:-12] + chunk + data[-12:])


def _heic(folder: Path) -> None:
    import pillow_heif

    pillow_heif.from_pillow(picture()).save(folder / "photo.heic", exif=exif_with_place().tobytes())


def _heic_exif(folder: Path) -> Iterator[Position]:
    import pillow_heif

    for path in folder.rglob("*.heic"):
        exif = Image.Exif()
        exif.load(pillow_heif.open_heif(path).info["exif"])
        place = exif.get_ifd(IFD.GPSInfo)
        lat, lon = (
            sum(float(part) / 60**n for n, part in enumerate(place[tag])) for tag in (GPS.GPSLatitude, GPS.GPSLongitude)
        )
        yield lon, lat


def _case(
    name: str, why: str, write: Callable[[Path], None], recover: Callable[[Path], Iterator[Position]] = bytes_of_all
) -> Case:
    return Case(name=name, why=why, write=write, recover=recover, fine_allowed=True)


CASES = (
    _case("exif", "where the camera was", _saved("photo.jpg", exif=exif_with_place()), _exif),
    _case("exif-png", "PNG has EXIF too", _saved("photo.png", exif=exif_with_place()), _exif),
    _case("exif-webp", "WebP has EXIF too", _saved("photo.webp", exif=exif_with_place()), _exif),
    _case("exif-tiff", "TIFF is what EXIF is made of", _saved("photo.tif", exif=exif_with_place()), _exif),
    _case("exif-heic", "phones write it", _heic, _heic_exif),
    _case("xmp", "where a drone was", _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp()), _xmp),
    _case("iptc", "a caption", _segment(0xED, _iptc())),
    _case("comment", "a comment", _segment(0xFE, TEXT.encode())),
    _case("unknown-segment", "a segment of one's own", _segment(0xEB, TEXT.encode())),
    _case("thumbnail", "a small picture in the picture, with EXIF of its own", _thumbnail, _in_thumbnail),
    _case("behind-jpeg", "bytes behind the picture", _behind("photo.jpg", "JPEG", TEXT.encode())),
    _case("behind-png", "bytes behind the picture", _behind("photo.png", "PNG", TEXT.encode())),
    _case("png-text", "a text in the picture", _png_text),
    _case("png-packed-text", "a packed text in the picture", _png_packed, _png_texts),
    _case("png-own-chunk", "a chunk of one's own", _png_chunk),
)
