"""Distinct ids by zone as compiled loops, up to as many as are enough.

``geogate.measures.zone_devices_tally`` has the reference, and grows the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import int64, uint64

from geogate.kernels.inputs import read_only
from geogate.kernels.jit import kernel
from geogate.kernels.raw import load_uint64

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Bytes = NDArray[np.uint8]
    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]
    Zones = NDArray[np.int32]

FREE = -1
"""The zone of an entry of the table that is not used."""

_MIX = np.uint64(0xC6A4_A793_5BD1_E995)
_SHIFT = np.uint64(47)
_SPREAD = np.uint64(0x9E37_79B9_7F4A_7C15)


@kernel
def hash_bytes(data: Bytes, start: int, end: int, seed: int) -> int:
    """Hash some bytes as ``geogate.measures.device_ids`` does."""
    size = uint64(end - start)
    found = seed ^ (size * _MIX)
    at = start
    while at + 8 <= end:
        word = load_uint64(data, at) * _MIX
        word = (word ^ (word >> _SHIFT)) * _MIX
        found = (found ^ word) * _MIX
        at += 8
    if at < end:
        word = uint64(0)
        for place in range(at, end):
            word |= uint64(data[place]) << uint64(8 * (place - at))
        found = (found ^ word) * _MIX
    found = (found ^ (found >> _SHIFT)) * _MIX
    mixed: int = found ^ (found >> _SHIFT)
    return mixed


@kernel
def pick_open(zone: Ints, full: Bools, picked: Ints) -> int:
    """List the hits of zones that have not enough devices yet; return how many they are, or -1 if a zone is none.

    ``zone`` is read-only.

    Shape: ``zone`` and ``picked`` ``(hits,)``, ``full`` ``(zones,)``.
    """
    count = 0
    known = True
    for hit in range(len(zone)):
        own = zone[hit]
        known &= (own >= 0) & (own < len(full))
        picked[count] = hit
        count += int64(not full[own if known else 0])
    return count if known else -1


@kernel
def _place(hashes: Words, zones: Zones, found: int, zone: int) -> int:
    """Find the entry of a hash and a zone, or the free one where it belongs; the table's size is a power of two."""
    last = uint64(len(zones) - 1)
    at = ((found ^ (uint64(zone) * _SPREAD)) * _SPREAD) >> uint64(20)
    while True:
        place: int = int64(at & last)
        if zones[place] == FREE or (zones[place] == zone and hashes[place] == found):
            return place
        at += uint64(1)


@kernel
def enter_devices(
    data: Bytes,
    offsets: Ints,
    values: Ints,
    zone: Ints,
    first: int,
    seed: int,
    enough: int,
    hashes: Words,
    zones: Zones,
    counts: Ints,
    full: Bools,
    used: Ints,
) -> int:
    """Enter the devices of hits into the table until it is half full; return the number of the first hit not entered.

    Hit ``i`` is of the device ``data[offsets[values[i]]:offsets[values[i] + 1]]``, or of none where ``values[i]`` is
    negative: these are one device together, and the same as one whose id is empty. A zone that has enough devices takes
    no more. The arrays up to ``zone`` are read-only; every value lies within ``data``, every zone within ``counts``.

    Shape: ``values`` and ``zone`` ``(hits,)``; ``hashes`` and ``zones`` ``(table,)``, a power of two; ``counts`` and
        ``full`` ``(zones,)``; ``used`` ``(1,)``.
    """
    last = -2
    found = uint64(0)
    most = len(zones) // 2
    for hit in range(first, len(values)):
        own = zone[hit]
        if full[own]:
            continue
        if used[0] >= most:
            return hit
        value = values[hit]
        if value != last:
            start = offsets[value] if value >= 0 else int64(0)
            end = offsets[value + 1] if value >= 0 else int64(0)
            found = hash_bytes(data, start, end, seed)
            last = value
        place = _place(hashes, zones, found, own)
        if zones[place] == FREE:
            hashes[place], zones[place] = found, own
            used[0] += 1
            counts[own] += 1
            full[own] = counts[own] >= enough
    return len(values)


@kernel
def refill(old_hashes: Words, old_zones: Zones, full: Bools, hashes: Words, zones: Zones) -> int:
    """Enter what zones without enough devices have into another table, which is free; return how much it is.

    Shape: each pair ``(table,)``, a power of two; the other table has room for all.
    """
    used = 0
    for entry in range(len(old_zones)):
        zone = old_zones[entry]
        if zone != FREE and not full[zone]:
            place = _place(hashes, zones, old_hashes[entry], zone)
            hashes[place], zones[place] = old_hashes[entry], zone
            used += 1
    return used


def new_table(size: int) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return the hashes and zones of a free table; the size is a power of two."""
    return np.zeros(size, np.uint64), np.full(size, FREE, np.int32)


def warm_up() -> None:
    """Compile the kernels of this module."""
    data, values = read_only(np.zeros(1, np.uint8)), read_only(np.zeros(1, np.int64))
    offsets, seed = read_only(np.array([0, 1])), np.uint64(1)
    hashes, zones = new_table(2)
    counts, full = np.zeros(1, np.int64), np.zeros(1, np.bool_)
    pick_open(values, full, np.zeros(1, np.int64))
    used = np.zeros(1, np.int64)
    enter_devices(data, offsets, values, values, 0, seed, 2, hashes, zones, counts, full, used)
    refill(hashes, zones, full, *new_table(2))
