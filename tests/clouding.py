"""COPC files for tests, as the specification has them: chunks of their own, each a node of an octree."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import laspy
import lazrs
import numpy as np

from geogate.libraries.point_cloud_wkt import wkt_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyproj
    from numpy.typing import NDArray

_HEADER, _RECORD, _LONG_RECORD, _INFO, _ENTRY = 375, 54, 60, 160, 32
KEYS = ((0, 0, 0, 0), (1, 0, 0, 0), (1, 1, 1, 0))
HIDDEN = (1, 0, 1, 0)


def _record(user: bytes, number: int, content: bytes) -> bytes:
    return struct.pack("<H16sHH32s", 0, user, number, len(content), b"") + content


def _plain(points: NDArray[np.float64], scale: float) -> tuple[bytes, int]:
    """Give a LAS file of some points, and the bytes of one of them."""
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.scales, header.offsets = np.array([scale, scale, 0.01]), np.zeros(3)
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = points.T
    plain = io.BytesIO()
    cloud.write(plain)
    return plain.getvalue(), header.point_format.size


def _chunk(points: NDArray[np.float64], scale: float) -> bytes:
    """Compress some points into one chunk, without the table of chunks."""
    data, _ = _plain(points, scale)
    (first,) = struct.unpack_from("<I", data, 96)
    packed = io.BytesIO()
    compressor = lazrs.LasZipCompressor(packed, lazrs.LazVlr.new_for_compression(6, 0, True))  # noqa: FBT003
    compressor.compress_many(data[first:])
    compressor.finish_current_chunk()
    return packed.getvalue()[8:]


def write_copc(
    path: Path,
    nodes: Sequence[NDArray[np.float64]],
    *,
    crs: pyproj.CRS,
    scale: float = 0.01,
    hidden: NDArray[np.float64] | None = None,
) -> Path:
    """Write a cloud of up to three nodes; each has rows of x, y and z. The octree alone knows of ``hidden`` points.

    Source: COPC 1.0; LAS 1.4 R15; LAZ 1.4.
    """
    data, size = _plain(np.concatenate(nodes), scale)
    (first,) = struct.unpack_from("<I", data, 96)
    vlr = lazrs.LazVlr.new_for_compression(6, 0, True)  # noqa: FBT003 chunks of any size
    records = [
        _record(b"laszip encoded", 22204, bytes(vlr.record_data())),
        _record(b"LASF_Projection", 2112, wkt_record(crs)),
    ]
    start = _HEADER + _RECORD + _INFO + sum(map(len, records))
    packed = io.BytesIO()
    packed.write(bytes(start))
    compressor = lazrs.LasZipCompressor(packed, vlr)
    entries, at = [], first
    # The first chunk follows the place of the table of chunks.
    before = start + 8
    for key, node in zip(KEYS, nodes, strict=False):
        compressor.compress_many(data[at : at + len(node) * size])
        compressor.finish_current_chunk()
        after = packed.tell()
        entries.append(struct.pack("<iiiiQii", *key, before, after - before, len(node)))
        at, before = at + len(node) * size, after
    compressor.done()
    body = packed.getvalue()[start:]
    secret = b"" if hidden is None else _chunk(hidden, scale)
    if hidden is not None:
        entries.append(struct.pack("<iiiiQii", *HIDDEN, start + len(body), len(secret), len(hidden)))
    tree = start + len(body) + len(secret)
    info = struct.pack(
        "<5dQQ2d88x",
        *np.concatenate(nodes).mean(axis=0),
        1e4,
        10.0,
        tree + _LONG_RECORD,
        _ENTRY * len(entries),
        0.0,
        0.0,
    )
    head = bytearray(data[:_HEADER])
    struct.pack_into("<I", head, 96, start)
    struct.pack_into("<I", head, 100, 3)
    struct.pack_into("<B", head, 104, 6 | 0x80)
    struct.pack_into("<H", head, 6, 0x11)
    struct.pack_into("<QI", head, 235, tree, 1)
    content = b"".join(entries)
    octree = struct.pack("<H16sHQ32s", 0, b"copc", 1000, len(content), b"") + content
    path.write_bytes(bytes(head) + b"".join([_record(b"copc", 1, info), *records]) + body + secret + octree)
    return path
