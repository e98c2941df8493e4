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

FREE = np.uint64(0)
"""The owner of an entry of the table that is not used."""

_AT_ONCE = 64

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
def _start(table: Words, found: int, owner: int) -> int:
    """Find the entry of the table where the search for a hash and its owner begins."""
    last = uint64(len(table) // 2 - 1)
    entry: int = int64(2 * ((((found ^ (owner * _SPREAD)) * _SPREAD) >> uint64(20)) & last))
    return entry


@kernel
def _place(table: Words, entry: int, found: int, owner: int) -> int:
    """Find the entry of a hash and its owner, or the free one where it belongs; there is always a free one."""
    while table[entry + 1] != FREE and (table[entry + 1] != owner or table[entry] != found):
        entry += 2
        if entry == len(table):
            entry = 0
    return entry


@kernel
def _look_up(
    data: Bytes,
    offsets: Ints,
    values: Ints,
    zone: Ints,
    seed: int,
    table: Words,
    hashes: Words,
    entries: Ints,
    unknown: Ints,
) -> int:
    """Hash the ids of a few hits and look each up once, all at the same time because memory is slow.

    Returns how many are not found where they would be first, and lists these in ``unknown``.
    """
    last = -2
    found = uint64(0)
    count = 0
    for hit in range(len(values)):
        value = values[hit]
        if value != last:
            start = offsets[value] if value >= 0 else int64(0)
            end = offsets[value + 1] if value >= 0 else int64(0)
            found = hash_bytes(data, start, end, seed)
            last = value
        hashes[hit] = found
        entries[hit] = _start(table, found, uint64(zone[hit] + 1))
    for hit in range(len(values)):
        known = (table[entries[hit]] == hashes[hit]) & (table[entries[hit] + 1] == uint64(zone[hit] + 1))
        unknown[count] = hit
        count += int64(not known)
    return count


@kernel
def enter_devices(
    data: Bytes,
    offsets: Ints,
    values: Ints,
    zone: Ints,
    first: int,
    seed: int,
    enough: int,
    table: Words,
    counts: Ints,
    full: Bools,
    used: Ints,
) -> int:
    """Enter the devices of hits into the table until it is half full; return the number of the first hit not entered.

    Hit ``i`` is of the device ``data[offsets[values[i]]:offsets[values[i] + 1]]``, or of none where ``values[i]`` is
    negative: these are one device together, and the same as one whose id is empty. A zone that has enough devices takes
    no more. The arrays up to ``zone`` are read-only; every value lies within ``data``, every zone within ``counts``.

    Shape: ``values`` and ``zone`` ``(hits,)``; ``table`` as of ``new_table``; ``counts`` and ``full`` ``(zones,)``;
        ``used`` ``(1,)``.
    """
    hashes, entries, unknown = np.empty(_AT_ONCE, np.uint64), np.empty(_AT_ONCE, np.int64), np.empty(_AT_ONCE, np.int64)
    for begin in range(first, len(values), _AT_ONCE):
        end = min(begin + _AT_ONCE, len(values))
        count = _look_up(data, offsets, values[begin:end], zone[begin:end], seed, table, hashes, entries, unknown)
        for k in range(count):
            hit = unknown[k]
            own = zone[begin + hit]
            if full[own]:
                continue
            if used[0] >= len(table) // 4:
                stopped: int = begin + hit
                return stopped
            found, owner = hashes[hit], uint64(own + 1)
            entry = _place(table, entries[hit], found, owner)
            if table[entry + 1] == FREE:
                table[entry], table[entry + 1] = found, owner
                used[0] += 1
                counts[own] += 1
                full[own] = counts[own] >= enough
    return len(values)


@kernel
def refill(old: Words, full: Bools, table: Words) -> int:
    """Enter what zones without enough devices have into another table, which is free; return how much it is.

    Shape: both as of ``new_table``; the other one has room for all.
    """
    used = 0
    for entry in range(0, len(old), 2):
        owner = old[entry + 1]
        if owner != FREE and not full[int64(owner) - 1]:
            place = _place(table, _start(table, old[entry], owner), old[entry], owner)
            table[place], table[place + 1] = old[entry], owner
            used += 1
    return used


def new_table(size: int) -> NDArray[np.uint64]:
    """Return a free table; its size is a power of two. An entry is a hash and, next to it, its owner: a zone plus 1.

    Shape: ``(2 * size,)``.
    """
    return np.zeros(2 * size, np.uint64)


def warm_up() -> None:
    """Compile the kernels of this module."""
    data, values = read_only(np.zeros(1, np.uint8)), read_only(np.zeros(1, np.int64))
    offsets, seed = read_only(np.array([0, 1])), np.uint64(1)
    counts, full, used = np.zeros(1, np.int64), np.zeros(1, np.bool_), np.zeros(1, np.int64)
    pick_open(values, full, np.zeros(1, np.int64))
    enter_devices(data, offsets, values, values, 0, seed, 2, new_table(2), counts, full, used)
    refill(new_table(2), full, new_table(2))
