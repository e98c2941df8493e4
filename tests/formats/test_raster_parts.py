"""What a GeoTIFF is made of: every tag, block and loose byte is named, and hostile directories end in a refusal."""

from __future__ import annotations

import contextlib
import struct
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import PIL.TiffImagePlugin
import pyproj
import pytest
import rasterio
from rastering import batches, rows, write_tif

from geogate.measures.published import published
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate
from geogate.readers import open_dataset
from geogate.readers.raster import RasterSource
from geogate.seal.raster import write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = Path(__file__).parents[3] / "shared" / "data" / "raster"
SECRET = b"52.123456, 13.567891"
PLAIN = np.arange(1, 65 * 70 + 1, dtype=np.uint16).reshape(1, 65, 70)


def canonical(path: Path, target: Path) -> Path:
    """Write a file as geogate would."""
    source = RasterSource(path)
    layer = source.layers[0]
    crs = published(layer.crs) if layer.crs else None
    assert crs is not None
    (written,) = write_geotiff(source, {layer.name: crs}, target)
    return written


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """A file that geogate wrote: all that is in it is judged."""
    path = canonical(write_tif(tmp_path / "plain.tif", PLAIN, nodata=0), tmp_path / "clean.tif")
    assert fates(path) == {Fate.JUDGED}
    return path


def fates(path: Path) -> set[Fate]:
    return {part.fate for part in RasterSource(path).contents}


def removed(path: Path) -> set[str]:
    return {part.what for part in RasterSource(path).contents if part.fate is Fate.REMOVED}


def entries(data: bytes) -> dict[int, int]:
    """Return where the entry of each tag of the first directory stands, in a little-endian classic TIFF."""
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    return {struct.unpack_from("<H", data, place)[0]: place for place in range(at + 2, at + 2 + 12 * count, 12)}


def change(path: Path, tag: int, layout: str, offset: int, *values: int) -> Path:
    """Overwrite a part of the entry of a tag."""
    data = bytearray(path.read_bytes())
    struct.pack_into(layout, data, entries(bytes(data))[tag] + offset, *values)
    path.write_bytes(data)
    return path


def append(path: Path) -> Path:
    path.write_bytes(path.read_bytes() + SECRET)
    return path


def tagged(**tags: str) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        with rasterio.open(path, "r+") as dataset:
            dataset.update_tags(**tags)
        return path

    return write


def shift_blocks(path: Path) -> Path:
    """Put a secret between the header and the first block."""
    plain = path.with_name("shifted.tif")
    data = path.read_bytes()
    header, body = data[:8], data[8:]
    (first,) = struct.unpack_from("<I", header, 4)
    moved = bytearray(header + SECRET + body)
    struct.pack_into("<I", moved, 4, first + len(SECRET))
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 12: 8}
    for tag, place in entries(bytes(moved)).items():
        kind, count, value = struct.unpack_from("<HII", moved, place + 2)
        if count * sizes[kind] > 4:
            struct.pack_into("<I", moved, place + 8, value + len(SECRET))
        if tag == 324:
            (at,) = struct.unpack_from("<I", moved, place + 8)
            places = struct.unpack_from(f"<{count}I", moved, at) if count > 1 else (at,)
            assert count > 1
            struct.pack_into(f"<{count}I", moved, at, *(each + len(SECRET) for each in places))
    plain.write_bytes(moved)
    return plain


def test_what_geogate_writes_has_nothing_that_is_not_judged(clean: Path) -> None:
    with rasterio.open(clean) as dataset:
        assert np.array_equal(dataset.read(), PLAIN)
        assert dataset.nodata == 0


@pytest.mark.parametrize(
    ("hide", "what"),
    [
        (append, "bytes that no tag refers to"),
        (tagged(TIFFTAG_IMAGEDESCRIPTION=SECRET.decode()), "texts about the image"),
        (tagged(TIFFTAG_DATETIME="2026:11:22 10:00:00"), "times of the image"),
        (tagged(note=SECRET.decode()), "GDAL metadata"),
    ],
    ids=["trailing bytes", "description", "time", "metadata"],
)
def test_what_is_hidden_beside_the_pixels_is_named_and_removed(
    clean: Path, tmp_path: Path, hide: Callable[[Path], Path], what: str
) -> None:
    dirty = hide(clean)
    assert what in removed(dirty)
    again = canonical(dirty, tmp_path / "again.tif")
    assert fates(again) == {Fate.JUDGED}
    assert SECRET not in again.read_bytes()


def test_xmp_is_named_and_removed(clean: Path, tmp_path: Path) -> None:
    with PIL.Image.open(clean) as image:
        assert isinstance(image, PIL.TiffImagePlugin.TiffImageFile)
        tags = image.tag_v2
        tags[700] = b"<x>" + SECRET + b"</x>"
        image.save(tmp_path / "xmp.tif", tiffinfo=tags)
    assert SECRET in (tmp_path / "xmp.tif").read_bytes()
    assert "XMP metadata" in removed(tmp_path / "xmp.tif")
    again = canonical(tmp_path / "xmp.tif", tmp_path / "again.tif")
    assert SECRET not in again.read_bytes()


def test_a_private_tag_is_named(clean: Path) -> None:
    # The tag with the nodata value, which is the last one, becomes one that nobody knows.
    assert "private tags" in removed(change(clean, 42113, "<H", 0, 65111))


def test_bytes_beside_a_short_value_are_named(clean: Path) -> None:
    assert "bytes beside the values of tags" in removed(change(clean, 259, "<H", 10, 0x4142))


def test_a_pixel_beyond_the_edge_of_the_image_is_named(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", PLAIN, tiled=True, blockxsize=16, blockysize=16)
    assert "image data with room for more than pixels" not in removed(path)
    data = bytearray(path.read_bytes())
    last = entries(bytes(data))[324]
    count, at = struct.unpack_from("<II", data, last + 4)
    (block,) = struct.unpack_from("<I", data, at + 4 * (count - 1))
    data[block + 16 * 16 * 2 - 1] = 7
    path.write_bytes(data)
    assert "image data with room for more than pixels" in removed(path)


def test_a_block_that_is_longer_than_its_pixels_is_named(clean: Path) -> None:
    data = clean.read_bytes()
    at = entries(data)[325]
    (size,) = struct.unpack_from("<I", data, at + 8)
    assert "image data with room for more than pixels" in removed(change(clean, 325, "<I", 8, size + 3))


@pytest.mark.parametrize("compress", ["lzw", "packbits", "jpeg", "zstd", "webp", "lzma", "lerc"])
def test_data_in_other_compressions_are_written_anew(tmp_path: Path, compress: str) -> None:
    drawn = np.tile(np.arange(64, dtype=np.uint8), (3, 64, 1))
    path = write_tif(tmp_path / "a.tif", drawn, compress=compress)
    assert "image data with room for more than pixels" in removed(path)
    with rasterio.open(path) as dataset, rasterio.open(canonical(path, tmp_path / "b.tif")) as written:
        assert np.array_equal(dataset.read(), written.read())
    assert fates(tmp_path / "b.tif") == {Fate.JUDGED}


def test_the_reference_systems_own_words_are_named(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", PLAIN)
    assert "georeferencing in words of its own" not in removed(path)
    data = path.read_bytes()
    named = b"ETRS89 / UTM zone 32N"
    assert named in data
    path.write_bytes(data.replace(named, b"52.123456N, 13.56789E"))
    assert "georeferencing in words of its own" in removed(path)


def test_further_pages_are_refused(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", PLAIN)
    with rasterio.open(path) as dataset:
        place = {"crs": dataset.crs, "transform": dataset.transform}
    with rasterio.open(path, "w", driver="GTiff", width=8, height=8, count=1, dtype="uint8", **place) as dataset:
        dataset.write(np.ones((1, 8, 8), np.uint8))
    with rasterio.open(
        path, "w", driver="GTiff", width=8, height=8, count=1, dtype="uint8", APPEND_SUBDATASET="YES", **place
    ) as dataset:
        dataset.write(np.ones((1, 8, 8), np.uint8))
    found = {part.what for part in RasterSource(path).contents if part.fate is Fate.REFUSED}
    assert found == {"further pages"}


def test_a_tiff_with_images_that_are_no_overviews_is_refused(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", np.ones((1, 256, 256), np.uint8), overviews=(2,))
    data = bytearray(path.read_bytes())
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    (second,) = struct.unpack_from("<I", data, at + 2 + 12 * count)
    (tags,) = struct.unpack_from("<H", data, second)
    for place in range(second + 2, second + 2 + 12 * tags, 12):
        if struct.unpack_from("<H", data, place)[0] == 277:
            # Two bands where the base has one: GDAL passes over it.
            struct.pack_into("<H", data, place + 8, 2)
    path.write_bytes(data)
    with pytest.raises(UnreadableError):
        RasterSource(path).contents  # noqa: B018 the property reads


def test_a_turned_image_is_refused(tmp_path: Path, clean: Path) -> None:
    del tmp_path
    # The tag of planes becomes that of the orientation, in its place.
    data = bytearray(clean.read_bytes())
    place = entries(bytes(data))[277]
    struct.pack_into("<HHIHH", data, place, 274, 3, 1, 6, 0)
    clean.write_bytes(data)
    with pytest.raises(UnreadableError):
        RasterSource(clean).contents  # noqa: B018 the property reads


def test_a_directory_that_leads_to_itself_is_refused(clean: Path) -> None:
    data = bytearray(clean.read_bytes())
    (at,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<I", data, len(data) - 4, at)
    clean.write_bytes(data)
    with pytest.raises(UnreadableError, match="directories"):
        RasterSource(clean).layers  # noqa: B018 the property reads


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 100, 0.5, -1])
def test_a_file_that_was_cut_is_refused(clean: Path, kept: float) -> None:
    data = clean.read_bytes()
    clean.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(UnreadableError):
        rows(clean)


def test_a_file_that_claims_more_pixels_than_bytes_can_hold_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=100_000,
        height=100_000,
        count=1,
        dtype="uint8",
        SPARSE_OK=True,
        tiled=True,
        crs="EPSG:25832",
        transform=rasterio.Affine(1, 0, 600_000, 0, -1, 5_750_000),
    ):
        pass
    with pytest.raises(UnreadableError, match="larger than its bytes"):
        RasterSource(path).layers  # noqa: B018 the property reads


@pytest.mark.parametrize("number", [0, 0xFFFFFFFF])
@pytest.mark.parametrize("tag", [256, 257, 322, 323])
def test_impossible_sizes_are_refused(clean: Path, tag: int, number: int) -> None:
    with pytest.raises(UnreadableError):
        rows(change(clean, tag, "<I", 8, number))


@pytest.mark.parametrize("compression", [2, 6, 34661, 65000])
def test_unknown_and_wrong_compressions_are_refused(clean: Path, compression: int) -> None:
    with pytest.raises(UnreadableError):
        rows(change(clean, 259, "<H", 8, compression))


def test_a_warning_that_is_no_text_is_a_warning(tmp_path: Path) -> None:
    path = tagged(note="x")(write_tif(tmp_path / "a.tif", PLAIN))
    data = path.read_bytes()
    assert b'<Item name="note">' in data
    path.write_bytes(data.replace(b'<Item name="note">', b'<Item \xffame "note">'))
    with pytest.raises(UnreadableError, match="warning"):
        rows(path)


def test_damage_in_any_byte_is_a_refusal_or_an_image(clean: Path) -> None:
    data = clean.read_bytes()
    generator = np.random.default_rng(7)
    for _ in range(150):
        broken = bytearray(data)
        for place in generator.integers(0, len(data), 3).tolist():
            broken[place] = int(generator.integers(0, 256))
        clean.write_bytes(broken)
        with contextlib.suppress(UnreadableError):
            batches(clean, pyproj.CRS.from_epsg(25832))


def test_a_virtual_raster_and_a_plain_picture_are_refused(tmp_path: Path) -> None:
    virtual = tmp_path / "a.tif"
    virtual.write_text('<VRTDataset rasterXSize="5" rasterYSize="5"></VRTDataset>')
    with pytest.raises(UnreadableError):
        RasterSource(virtual).layers  # noqa: B018 the property reads
    picture = tmp_path / "b.tif"
    PIL.Image.fromarray(PLAIN[0].astype(np.uint8)).save(picture)
    with pytest.raises(UnreadableError, match="where it lies"):
        RasterSource(picture).layers  # noqa: B018 the property reads


@pytest.mark.parametrize("suffix", [".tfw", ".aux.xml", ".ovr", ".msk", ".rpb"])
def test_files_beside_the_image_are_not_looked_at_and_refused(tmp_path: Path, suffix: str) -> None:
    path = write_tif(tmp_path / "a.tif", PLAIN)
    beside = path.with_name("a.tif" + suffix) if suffix != ".tfw" else path.with_suffix(suffix)
    beside.write_text("1\n0\n0\n-1\n0\n0\n")
    assert len(rows(path)) == 1
    with pytest.raises(UnreadableError):
        [source.layers for source in open_dataset([path, beside])]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
def test_a_real_image_that_was_cut_is_refused() -> None:
    with pytest.raises(UnreadableError):
        batches(SHARED / "corrupt.tif")


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
@pytest.mark.parametrize("name", ["RGB.byte", "cogeo", "shade", "world.byte"])
def test_real_images_leave_with_the_same_pixels_and_nothing_else(tmp_path: Path, name: str) -> None:
    path = SHARED / f"{name}.tif"
    written = canonical(path, tmp_path / "a.tif")
    assert fates(written) == {Fate.JUDGED}
    with rasterio.open(path) as one, rasterio.open(written) as other:
        assert np.array_equal(one.read(), other.read())
        assert np.array_equal(one.read_masks(), other.read_masks())
        assert (one.crs, one.transform, one.nodata) == (other.crs, other.transform, other.nodata)
        assert one.colorinterp == other.colorinterp
    assert canonical(written, tmp_path / "b.tif").read_bytes() == written.read_bytes()


def test_the_day_on_which_an_image_was_taken_stays_and_the_time_of_day_does_not(clean: Path, tmp_path: Path) -> None:
    dirty = tagged(TIFFTAG_DATETIME="2026:11:22 10:17:59")(clean)
    assert {row["day"] for row in rows(dirty)} == {date(2026, 11, 22)}
    again = canonical(dirty, tmp_path / "again.tif")
    assert b"2026:11:22 00:00:00\0" in again.read_bytes()
    assert b"10:17:59" not in again.read_bytes()
    assert fates(again) == {Fate.JUDGED}
    assert {row["day"] for row in rows(again)} == {date(2026, 11, 22)}


@pytest.mark.parametrize(
    "text", ["2026:13:22 10:00:00", "2026-11-22 10:00:00", "0014:11:22 10:00:00", "2026:11:22", "48.071335 14.32177"]
)
def test_what_is_no_moment_is_no_day_and_does_not_stay(clean: Path, tmp_path: Path, text: str) -> None:
    dirty = tagged(TIFFTAG_DATETIME=text)(clean)
    assert {row["day"] for row in rows(dirty)} == {None}
    assert "times of the image" in removed(dirty)
    assert text.encode() not in canonical(dirty, tmp_path / "again.tif").read_bytes()


@pytest.mark.parametrize("at", [2**63 - 1, 2**63, 2**64 - 1, 2**64 - 16, 1 << 40], ids=hex)
def test_a_directory_that_no_file_could_hold_is_refused(tmp_path: Path, at: int) -> None:
    path = write_tif(tmp_path / "big.tif", PLAIN, BIGTIFF="YES")
    change_at(path, 8, "<Q", at)
    with pytest.raises(UnreadableError, match="point where nothing is"):
        RasterSource(path).layers  # noqa: B018 the property reads


@pytest.mark.parametrize("at", [2**63, 2**64 - 1, 2**64 - 8], ids=hex)
def test_a_second_directory_that_no_file_could_hold_is_refused(tmp_path: Path, at: int) -> None:
    path = write_tif(tmp_path / "big.tif", PLAIN, BIGTIFF="YES")
    data = path.read_bytes()
    (first,) = struct.unpack_from("<Q", data, 8)
    (count,) = struct.unpack_from("<Q", data, first)
    change_at(path, first + 8 + 20 * count, "<Q", at)
    with pytest.raises(UnreadableError, match="point where nothing is"):
        RasterSource(path).layers  # noqa: B018 the property reads


@pytest.mark.parametrize("field", [4, 12], ids=["count", "place"])
@pytest.mark.parametrize("value", [2**63, 2**64 - 1, 2**61 + 1], ids=hex)
def test_a_tag_that_no_file_could_hold_is_refused(tmp_path: Path, field: int, value: int) -> None:
    path = write_tif(tmp_path / "big.tif", PLAIN, BIGTIFF="YES", tiled=True, blockxsize=16, blockysize=16)
    data = path.read_bytes()
    (first,) = struct.unpack_from("<Q", data, 8)
    (count,) = struct.unpack_from("<Q", data, first)
    (place,) = (
        at for at in range(first + 8, first + 8 + 20 * count, 20) if struct.unpack_from("<H", data, at) == (324,)
    )
    change_at(path, place + field, "<Q", value)
    with pytest.raises(UnreadableError, match="point where nothing is"):
        RasterSource(path).layers  # noqa: B018 the property reads


def change_at(path: Path, at: int, code: str, value: int) -> None:
    """Overwrite one number of a file."""
    data = bytearray(path.read_bytes())
    struct.pack_into(code, data, at, value)
    path.write_bytes(data)
