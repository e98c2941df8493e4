"""Thousands of damaged values: kernels refuse what numpy refuses, with the same words, and read no byte past one."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
import shapely
from decoding import canonical, decoded

from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = [
    "POINT (1 2)",
    "POINT Z (1 2 3)",
    "POINT ZM (1 2 3 4)",
    "POINT EMPTY",
    "LINESTRING (0 0, 1 1, 2 5)",
    "LINESTRING M (0 0 1, 1 1 2)",
    "LINESTRING EMPTY",
    "POLYGON ((0 0, 1 0, 1 1, 0 0), (0.1 0.1, 0.2 0.1, 0.2 0.2, 0.1 0.1))",
    "POLYGON EMPTY",
    "MULTIPOINT ((1 2), EMPTY, (3 4))",
    "MULTILINESTRING ((0 0, 1 1), (3 3, 4 4, 5 5))",
    "MULTIPOLYGON Z (((0 0 1, 1 0 2, 1 1 3, 0 0 1)), ((5 5 1, 6 5 1, 6 6 1, 5 5 1)))",
    "GEOMETRYCOLLECTION (POINT (1 2), GEOMETRYCOLLECTION (LINESTRING (0 0, 1 1), POINT EMPTY), POLYGON EMPTY)",
]
TELLING = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0x20, 0x40, 0x80, 0xE9, 0xFF, 0x7F, 0xF8], np.uint8)
"""Bytes that mean something in a head or a count."""


def whole_values() -> list[bytes]:
    shapes = shapely.from_wkt(TEXTS)
    return [
        value
        for flavor in ("iso", "extended")
        for byte_order in (0, 1)
        for value in shapely.to_wkb(shapes, output_dimension=4, byte_order=byte_order, flavor=flavor)
    ]


def damaged(value: bytes, rng: np.random.Generator) -> bytes:
    """Change some bytes, most often those of a head or a count, cut the end off, or add to it."""
    found = bytearray(value)
    for _ in range(rng.integers(1, 4)):
        at = rng.integers(0, min(len(found), rng.choice([9, 22, len(found)])))
        found[at] = rng.choice(TELLING) if rng.random() < 0.7 else rng.integers(256)
    way = rng.random()
    if way < 0.15:
        del found[rng.integers(0, len(found) + 1) :]
    elif way < 0.2:
        found += rng.bytes(int(rng.integers(1, 9)))
    return bytes(found)


@pytest.mark.parametrize("act", [decoded, canonical])
def test_kernels_and_numpy_say_the_same_of_damaged_values(act: Callable[..., object]) -> None:
    rng = np.random.default_rng(20_26)
    whole = whole_values()
    accepted = refused = 0
    for number in range(1_000):
        rows = [whole[i] if number % 3 else damaged(whole[i], rng) for i in rng.integers(0, len(whole), 3)]
        rows.insert(rng.integers(0, 4), damaged(whole[rng.integers(0, len(whole))], rng))
        array = pa.array([None, *rows], pa.large_binary() if number % 4 == 0 else pa.binary())[number % 2 :]
        try:
            act(array, first_row=number)
            accepted += 1
        except UnmeasurableError:
            refused += 1
    assert min(accepted, refused) > 100


BESIDE_A_WALL = textwrap.dedent("""
    import ctypes, mmap, sys
    import numpy as np
    import pyarrow as pa
    from property.test_wkb_damaged import damaged, whole_values
    from geogate.kernels import wkb, wkb_canonical
    from geogate.measures.canonical_compiled import are_canonical
    from geogate.measures.measure import UnmeasurableError
    from geogate.measures.wkb_compiled import decode

    wall = 8 * mmap.PAGESIZE
    pages = mmap.mmap(-1, wall + mmap.PAGESIZE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(base + wall), mmap.PAGESIZE, 0) == 0

    def at_the_wall(rows):
        data = b"".join(rows)
        start = wall - len(data)
        pages[start:wall] = data
        bounds = np.cumsum([0, *map(len, rows)]).astype(np.int32)
        held = pa.foreign_buffer(base + start, len(data))
        return pa.Array.from_buffers(pa.binary(), len(rows), [None, pa.py_buffer(bounds), held])

    if sys.argv[1] == "over":
        beyond = np.frombuffer(pa.foreign_buffer(base, wall + 1), np.uint8)
        print(wkb.word(beyond, wall - 3, 0))
    rng = np.random.default_rng(7)
    whole = whole_values()
    accepted = 0
    for number in range(3_000):
        rows = [whole[i] for i in rng.integers(0, len(whole), number % 3)]
        value = whole[number % len(whole)]
        array = at_the_wall([*rows, damaged(value, rng) if number % 5 else value])
        accepted += decode(array, first_row=0) is not None
        are_canonical(array, first_row=0)
    for value in whole:
        assert decode(at_the_wall([value] * 30), first_row=0) is not None
        for cut in range(len(value)):
            decode(at_the_wall([value[:cut]]), first_row=0)
            are_canonical(at_the_wall([value[:cut]]), first_row=0)
    print("accepted", accepted)
""")


def beside_a_wall(how: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BESIDE_A_WALL, how],
        env={"PYTHONPATH": "tests", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_read_past_a_value_at_the_end_of_memory() -> None:
    run = beside_a_wall("within")
    assert run.returncode == 0, run.stderr
    assert int(run.stdout.split()[-1]) > 600


def test_a_read_past_the_end_of_memory_would_be_noticed() -> None:
    assert beside_a_wall("over").returncode < 0


def test_ten_million_vertices_in_one_feature_are_decoded() -> None:
    xy = np.arange(20_000_000, dtype=np.float64)
    head = b"\1\2\0\0\0" + np.uint32(10_000_000).tobytes()
    array = pa.Array.from_buffers(
        pa.binary(),
        1,
        [None, pa.py_buffer(np.array([0, len(head) + xy.nbytes], np.int32)), pa.py_buffer(head + xy.tobytes())],
    )
    from geogate.measures.geometries import Geometries

    found = Geometries.decode(array, first_row=0, kernels=True)
    assert found.xy.shape == (10_000_000, 2)
    assert found.xy.base is None or found.xy.base.nbytes == found.xy.nbytes
    assert np.array_equal(found.xy.T, xy.reshape(-1, 2).T)
    assert found.parts is not None
    assert found.parts.offsets.tolist() == [0, 10_000_000]


def test_every_call_finds_its_kernel_compiled() -> None:
    from geogate.kernels import geoarrow, wkb, wkb_canonical

    for module in (geoarrow, wkb, wkb_canonical):
        module.warm_up()
    for kind in (pa.binary(), pa.large_binary()):
        for text in ("POINT (1 2)", "POINT Z (1 2 3)", "LINESTRING Z (0 0 1, 1 1 2)"):
            value = shapely.to_wkb(shapely.from_wkt(text), flavor="iso")
            array = pa.array([value, None, value, value], kind)
            writable = pa.Array.from_buffers(
                kind, 4, [None, *(pa.py_buffer(bytearray(b.to_pybytes())) for b in array.buffers()[1:])]
            )
            for rows in (array, array[2:], array[:0], writable[2:]):
                canonical(decoded(rows).wkb_of(np.arange(len(rows))))
    assert len(wkb.walk.signatures) == len(wkb.copy_points.signatures) == 1
    assert len(wkb.are_alike.signatures) == 2
    assert len(wkb_canonical.canonicalise.signatures) == len(wkb_canonical.look_at_points.signatures) == 1
