"""Photos: what their metadata tells, what becomes of each part, and what leaves."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from geogate.libraries.photos import anatomy_of, picture_of
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, Format, LayerKind
from geogate.readers import open_dataset
from geogate.readers.photo import PhotoSource
from geogate.readers.photo_told import Told
from geogate.readers.photo_xmp import degrees_of
from geogate.seal.canonical import encode

if TYPE_CHECKING:
    from pathlib import Path

LON, LAT = 8.5, 47.25
SUFFIXES = {"JPEG": "jpg", "PNG": "png", "TIFF": "tif", "WEBP": "webp", "HEIF": "heic"}


def image(width: int = 48, height: int = 32, mode: str = "RGB") -> Image.Image:
    """Give a picture whose corners differ."""
    down, across = np.mgrid[0:height, 0:width]
    values = np.stack([across * 5 % 256, down * 7 % 256, (across + down) % 256], -1).astype(np.uint8)
    return Image.fromarray(values).convert(mode)


def exif(place: dict[int, Any] | None = None, **tags: Any) -> Image.Exif:
    """Give Exif with a place, and other tags by their number in hexadecimal, such as ``x010f``."""
    made = Image.Exif()
    for name, value in tags.items():
        made[int(name[1:], 16)] = value
    usual = {1: "N", 2: (47.0, 15.0, 0.0), 3: "E", 4: (8.0, 30.0, 0.0), 5: b"\0", 6: 400.0}
    gps = usual if place is None else place
    if gps:
        made.get_ifd(0x8825).update(gps)
        made[0x8825] = gps
    return made


def save(folder: Path, form: str, picture: Image.Image | None = None, **options: Any) -> Path:
    """Write a photo."""
    if form == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    path = folder / f"photo.{SUFFIXES[form]}"
    (picture or image()).save(path, form, **options)
    return path


def source(path: Path) -> PhotoSource:
    """Open a photo."""
    (opened,) = open_dataset((path,))
    assert isinstance(opened, PhotoSource)
    return opened


def rows(path: Path) -> list[dict[str, Any]]:
    """Read the rows of a photo, with the position as ``xyz``."""
    photo = source(path)
    (layer,) = photo.layers
    assert layer.kind is LayerKind.PHOTO
    assert layer.crs is not None
    (batch,) = photo.batches(layer, crs=layer.crs)
    assert batch.rows == layer.rows
    at = batch.geometries
    found = [dict(row) for row in batch.attributes.to_pylist()]
    for number, row in enumerate(found):
        first, last = at.feature_offsets[number : number + 2]
        row["xy"] = tuple(at.xy[first]) if last > first else None
        row["z"] = at.z[first] if last > first and at.z is not None else None
    return found


def removed(path: Path) -> set[str]:
    """Name the parts that do not leave."""
    return {part.what for part in source(path).contents if part.fate is Fate.REMOVED}


def sealed(path: Path) -> Path:
    """Write a photo as geogate does."""
    photo = source(path)
    into = path.parent / "sealed"
    into.mkdir(exist_ok=True)
    layers = {layer.name: layer.crs for layer in photo.layers if layer.crs is not None}
    (written,) = encode([(photo, layers)], into=into, shapefile_as=Format.GEOPACKAGE)
    return written


@pytest.mark.parametrize("form", SUFFIXES)
def test_a_place_in_exif_is_found_in_every_format(form: str, tmp_path: Path) -> None:
    (row,) = rows(save(tmp_path, form, exif=exif().tobytes()))
    assert row["xy"] == pytest.approx((LON, LAT))
    assert (row["z"], row["place_source"], row["place_role"]) == (400.0, "Exif", "camera")
    assert (row["width"], row["height"]) == (48, 32)


@pytest.mark.parametrize("form", SUFFIXES)
def test_what_leaves_has_the_picture_and_nothing_else(form: str, tmp_path: Path) -> None:
    path = save(tmp_path, form, exif=exif(x010f="Make", x010e="A caption").tobytes())
    assert removed(path)
    written = sealed(path)
    assert written.suffix == (".jpg" if form in {"JPEG", "HEIF"} else ".png")
    assert all(part.fate is Fate.JUDGED for part in source(written).contents)
    (row,) = rows(written)
    told = {key: value for key, value in row.items() if value is not None}
    assert told.keys() == {"format", "width", "height"}
    with Image.open(path) as before, Image.open(written) as after:
        one, other = (np.asarray(each.convert("RGB"), np.int16) for each in (before, after))
    assert one.shape == other.shape
    assert np.abs(one - other).mean() <= (0 if written.suffix == ".png" else 8)


@pytest.mark.parametrize("form", SUFFIXES)
def test_what_leaves_is_written_the_same_again(form: str, tmp_path: Path) -> None:
    once = sealed(save(tmp_path, form))
    assert sealed(once).read_bytes() == once.read_bytes()


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "1", "LA", "RGBA", "P", "I;16"])
def test_kinds_of_pixels_leave_as_they_are_or_are_refused(mode: str, tmp_path: Path) -> None:
    values = (np.arange(48 * 32).reshape(32, 48) * 40).astype(np.uint16)
    picture = Image.fromarray(values) if mode == "I;16" else image(mode=mode)
    path = save(tmp_path, "TIFF" if mode == "CMYK" else "PNG", picture)
    if mode == "CMYK":
        with pytest.raises(UnreadableError, match="not red, green and blue"):
            _ = source(path).layers
        return
    with Image.open(sealed(path)) as after:
        assert np.array_equal(np.asarray(after.convert(picture.mode) if mode != "P" else after), _shown(picture))


def _shown(picture: Image.Image) -> np.ndarray[Any, Any]:
    return np.asarray(picture.convert("RGB") if picture.mode == "P" else picture)


def test_colours_under_what_is_wholly_transparent_do_not_leave(tmp_path: Path) -> None:
    values = np.full((8, 8, 4), 200, np.uint8)
    values[:4, :, 3] = 0
    with Image.open(sealed(save(tmp_path, "PNG", Image.fromarray(values)))) as after:
        seen = np.asarray(after)
    assert not seen[:4].any()
    assert (seen[4:] == values[4:]).all()


@pytest.mark.parametrize("form", ["TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_is_turned_leaves_upright(orientation: int, form: str, tmp_path: Path) -> None:
    made = exif({})
    made[0x0112] = orientation
    path = save(tmp_path, form, exif=made, lossless=True)
    with Image.open(path) as before, Image.open(sealed(path)) as after:
        assert np.array_equal(np.asarray(ImageOps.exif_transpose(before)), np.asarray(after))


def test_the_destination_of_a_photo_is_a_place_of_its_own(tmp_path: Path) -> None:
    place = {
        1: "S", 2: (47.0, 15.0, 0.0), 3: "W", 4: (8.0, 30.0, 0.0), 0x11: 12.5,
        0x13: "N", 0x14: (10.0, 0.0, 0.0), 0x15: "E", 0x16: (20.0, 0.0, 0.0),
    }  # fmt: skip
    camera, subject = rows(save(tmp_path, "JPEG", exif=exif(place)))
    assert camera["xy"] == pytest.approx((-LON, -LAT))
    assert camera["direction_deg"] == 12.5
    assert (subject["xy"], subject["place_role"]) == ((20.0, 10.0), "subject")


def test_a_place_that_cannot_be_read_is_a_place_without_a_position(tmp_path: Path) -> None:
    (row,) = rows(save(tmp_path, "JPEG", exif=exif({1: "N", 2: (470.0, 0.0, 0.0), 3: "E", 4: (8.0, 0.0, 0.0)})))
    assert (row["xy"], row["place_source"]) == (None, "Exif")


def test_cameras_owners_times_and_texts_have_columns(tmp_path: Path) -> None:
    made = exif({}, x010f="Make", x0110="Model", x013b="Ann", x0132="2026:01:01 00:00:00", x010e="caption", xa431="S1")
    (row,) = rows(save(tmp_path, "JPEG", exif=made))
    told = [row[name] for name in ("camera_make", "camera_model", "owner", "taken_at", "text", "camera_serial")]
    assert told == ["Make", "Model", "Ann", "2026:01:01 00:00:00", "caption", "S1"]


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def with_segment(folder: Path, marker: int, content: bytes, *, behind: bytes = b"") -> Path:
    """Put a segment behind the start of a JPEG."""
    path = save(folder, "JPEG")
    data = path.read_bytes()
    path.write_bytes(data[:2] + segment(marker, content) + data[2:] + behind)
    return path


XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:d="http://www.dji.com/drone-dji/1.0/" {attributes}>{elements}</rdf:Description></rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize(
    ("attributes", "elements"),
    [
        ('exif:GPSLatitude="47,15.0N" exif:GPSLongitude="8,30.0E"', ""),
        ('exif:GPSLatitude="47,15,0N" exif:GPSLongitude="8,30,0E"', ""),
        ('d:GpsLatitude="+47.25" d:GpsLongtitude="+8.5"', ""),
        ("", "<d:Latitude>47.25</d:Latitude><d:Longitude>8.5</d:Longitude>"),
        ('d:ownLat="47.25" d:ownLon="8.5"', ""),
    ],
)
def test_places_in_xmp_are_found_by_their_names(attributes: str, elements: str, tmp_path: Path) -> None:
    packet = XMP.format(attributes=attributes, elements=elements).encode()
    (row,) = rows(with_segment(tmp_path, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))
    assert row["xy"] == pytest.approx((LON, LAT))
    assert row["place_source"] == "XMP"


def test_texts_in_xmp_are_texts_and_a_packet_that_is_no_xml_too(tmp_path: Path) -> None:
    packet = XMP.format(attributes="", elements="<dc:title><rdf:Alt><rdf:li>a title</rdf:li></rdf:Alt></dc:title>")
    head = b"http://ns.adobe.com/xap/1.0/\0"
    (row,) = rows(with_segment(tmp_path, 0xE1, head + packet.encode()))
    assert row["text"] == "a title"
    found = rows(with_segment(tmp_path, 0xE1, head + packet.encode()[:-9]))
    assert any("a title" in row["text"] for row in found)


@pytest.mark.parametrize(
    ("text", "degrees"), [("47,15.0N", 47.25), ("8,30,0W", -8.5), ("-8.5", -8.5), ("850/100", 8.5), ("+8.5", 8.5)]
)
def test_degrees_are_read_as_xmp_writes_them(text: str, degrees: float) -> None:
    assert degrees_of(text) == pytest.approx(degrees)


def test_what_is_no_number_is_no_degree() -> None:
    assert np.isnan(degrees_of("north"))
    assert np.isnan(degrees_of("1/0"))


def iptc(number: int, text: bytes) -> bytes:
    return b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(text)) + text


def resource(number: int, content: bytes, name: bytes = b"") -> bytes:
    named = bytes([len(name)]) + name
    named += b"\0" * (len(named) % 2)
    return b"8BIM" + struct.pack(">H", number) + named + struct.pack(">I", len(content)) + content


def test_captions_authors_and_areas_of_iptc_are_told(tmp_path: Path) -> None:
    fields = iptc(120, b"caption") + iptc(80, b"Ann") + iptc(90, b"Goslar")
    fields += b"\0" * (len(fields) % 2)
    content = b"Photoshop 3.0\0" + resource(0x0404, fields) + resource(0x0BB7, b"a path", b"named")
    found = rows(with_segment(tmp_path, 0xED, content))
    assert [row["text"] for row in found] == ["caption", "named", "a path"]
    assert (found[0]["owner"], found[0]["areas"]) == ("Ann", "Goslar")


@pytest.mark.parametrize(
    ("marker", "content", "what"),
    [
        (0xFE, b"a comment", "comments"),
        (0xEB, b"JP and more", "content credentials"),
        (0xE2, b"ICC_PROFILE\0 and more", "colour profiles"),
        (0xE2, b"MPF\0 and more", "lists of further pictures"),
        (0xE0, b"JFXX\0 and more", "thumbnails"),
        (0xE7, b"something", "segments of other kinds"),
        (0xEE, b"Adobe\0\x64\0\0\0\0\1", "marks of the colour transform"),
    ],
)
def test_every_segment_beside_the_picture_is_named(marker: int, content: bytes, what: str, tmp_path: Path) -> None:
    path = with_segment(tmp_path, marker, content)
    assert what in removed(path)
    assert content not in sealed(path).read_bytes()


def test_bytes_and_pictures_behind_a_picture_are_named(tmp_path: Path) -> None:
    assert "bytes behind the picture" in removed(with_segment(tmp_path, 0xFE, b"x", behind=b"PK\3\4 and more"))
    other = save(tmp_path, "JPEG", exif=exif()).read_bytes()
    path = with_segment(tmp_path, 0xFE, b"x", behind=other)
    assert "further pictures behind the first" in removed(path)
    assert rows(path)[0]["xy"] == pytest.approx((LON, LAT))


def test_bytes_between_the_scan_and_the_end_do_not_leave(tmp_path: Path) -> None:
    path = save(tmp_path, "JPEG")
    path.write_bytes(path.read_bytes()[:-2] + b"hidden text" + b"\xff\xd9")
    assert b"hidden text" not in sealed(path).read_bytes()


def test_texts_and_chunks_of_png_are_told_and_removed(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "in the open")
    info.add_text("Packed", "packed", zip=True)
    info.add_itxt("Wide", "wide", zip=True)
    info.add(b"prVt", b"a chunk of one's own")
    path = save(tmp_path, "PNG", pnginfo=info)
    assert removed(path) == {"texts", "chunks of other kinds"}
    texts = {row["text"] for row in rows(path)}
    assert texts == {"Comment: in the open", "Packed: packed", "Wide: wide", "a chunk of one's own"}


def test_a_packed_text_without_end_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, "PNG")
    data = path.read_bytes()
    content = b"zTXta\0\0" + zlib.compress(bytes(50_000_000))
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    path.write_bytes(data[:-12] + chunk + data[-12:])
    with pytest.raises(UnreadableError, match="damaged"):
        _ = source(path).layers


def test_a_picture_that_claims_to_be_enormous_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, "PNG")
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match="decoded"):
        _ = source(path).layers


def test_further_pictures_of_tiff_webp_and_heic_are_removed(tmp_path: Path) -> None:
    for form in ("TIFF", "WEBP", "HEIF"):
        path = save(tmp_path, form, save_all=True, append_images=[image().rotate(180)])
        if form == "WEBP":
            with pytest.raises(UnreadableError, match="damaged"):
                _ = source(path).layers
        else:
            assert "further pictures" in removed(path)


def test_files_beside_a_photo_are_refused(tmp_path: Path) -> None:
    photo = PhotoSource(save(tmp_path, "JPEG"), Format.JPEG, (tmp_path / "photo.jgw",))
    with pytest.raises(UnreadableError, match="1 files beside"):
        _ = photo.layers


@pytest.mark.parametrize("form", SUFFIXES)
def test_a_photo_that_was_cut_short_is_refused(form: str, tmp_path: Path) -> None:
    path = save(tmp_path, form)
    data = path.read_bytes()
    for size in (len(data) - 1, len(data) // 2, 30):
        path.write_bytes(data[:size])
        with pytest.raises(UnreadableError):
            _ = [source(path).layers, sealed(path)]
        if form == "TIFF":
            break


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("photos")
    made = exif(x010f="Make", x010e="caption").tobytes()
    return {form: save(folder, form, exif=made).read_bytes() for form in SUFFIXES}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=st.sampled_from([*SUFFIXES]), data=st.data())
def test_whatever_happens_to_a_photo_it_is_read_or_refused(
    form: str, data: st.DataObject, whole: dict[str, bytes], tmp_path: Path
) -> None:
    broken = bytearray(whole[form])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(broken) - 1))
        change = data.draw(st.sampled_from(["byte", "cut", "grow", "ones"]))
        if change == "byte":
            broken[at] = data.draw(st.integers(0, 255))
        elif change == "ones":
            broken[at : at + 4] = b"\xff\xff\xff\xff"
        elif change == "cut":
            del broken[at : at + data.draw(st.integers(1, 40))]
        else:
            broken[at:at] = data.draw(st.binary(max_size=20))
        if not broken:
            return
    path = tmp_path / f"photo.{SUFFIXES[form]}"
    path.write_bytes(broken)
    kind = {"HEIF": Format.HEIC, "WEBP": Format.WEBP}.get(form) or Format(form)
    photo = PhotoSource(path, kind)
    try:
        (layer,) = photo.layers
        assert layer.crs is not None
        assert [batch.rows for batch in photo.batches(layer, crs=layer.crs)] == [layer.rows]
        into = io.BytesIO(sealed_bytes(photo, tmp_path))
    except UnreadableError as error:
        told = (error.summary, error.remedy)
        assert all(told)
        return
    with Image.open(into) as written:
        written.load()


def sealed_bytes(photo: PhotoSource, folder: Path) -> bytes:
    from geogate.seal.photo import write_photo

    (written,) = write_photo(photo, folder / "written")
    return written.read_bytes()


def test_every_place_that_a_photo_tells_counts_and_each_of_them_once() -> None:
    told = Told()
    for source, role, lon in (
        ("Exif", "camera", 8),
        ("XMP", "camera", 9),
        ("IPTC", "camera", 8),
        ("XMP", "subject", 8),
    ):
        told.place(source, role, lon, 47)
    assert [(place.source, place.role, place.lonlat) for place in told.places] == [
        ("Exif", "camera", (8, 47)),
        ("XMP", "camera", (9, 47)),
        ("XMP", "subject", (8, 47)),
    ]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_nothing_but_pixels_comes_along_with_a_picture(tmp_path: Path, form: str) -> None:
    options = {"comment": b"8.5 47.3"} if form == "JPEG" else {}
    path = save(tmp_path, form, None, exif=exif(x010e="8.5 47.3"), **options)
    with Image.open(path) as written:
        assert written.info["exif"]
    kind = {"HEIF": Format.HEIC, "WEBP": Format.WEBP}.get(form) or Format(form)
    assert picture_of(path, kind, anatomy_of(path, kind), orientation=1).info == {}
