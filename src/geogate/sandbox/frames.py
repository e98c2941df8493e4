"""Frames on the pipes between a child and its parent: a letter, a length, and that many bytes.

What comes from a child is hostile: its length is bounded before memory is given for it, and it is never unpickled.
"""

from __future__ import annotations

import os
import struct
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD: Final = struct.Struct("<cQ")
PROGRESS: Final = struct.Struct("<Q")

_AT_ONCE: Final = 1 << 16


class Letter(Enum):
    """What a frame is."""

    CALL = b"C"
    READY = b"R"
    ANSWER = b"A"
    BYTES = b"B"
    ERROR = b"E"
    PROGRESS = b"P"
    ISOLATION = b"I"


class FrameError(Exception):
    """Bytes that are no frame, or one longer than it may be."""


def frame(letter: Letter, payload: bytes) -> bytes:
    """Write a frame."""
    return HEAD.pack(letter.value, len(payload)) + payload


class FrameReader:
    """Cuts frames out of bytes as they come; ``most`` says which letters may come and how long their frames may be."""

    def __init__(self, most: Mapping[Letter, int]) -> None:
        self._most = most
        self._held = bytearray()
        self._wanted: tuple[Letter, int] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no byte is held."""
        return not self._held and self._wanted is None

    def feed(self, data: bytes) -> None:
        """Take bytes."""
        self._held += data

    def take(self) -> tuple[Letter, bytes] | None:
        """Return the next frame, ``None`` while it is not complete.

        Raises: FrameError.
        """
        if self._wanted is None:
            if len(self._held) < HEAD.size:
                return None
            self._wanted = self._head(bytes(self._held[: HEAD.size]))
            del self._held[: HEAD.size]
        letter, size = self._wanted
        if len(self._held) < size:
            return None
        payload = bytes(self._held[:size])
        del self._held[:size]
        self._wanted = None
        return letter, payload

    def _head(self, head: bytes) -> tuple[Letter, int]:
        value, size = HEAD.unpack(head)
        letter = next((each for each in self._most if each.value == value), None)
        if letter is None or size > self._most[letter]:
            raise FrameError("a frame that may not come, or too long a one")
        return letter, size


def read_frame(descriptor: int) -> tuple[Letter, bytes]:
    """Wait for a frame from a side that is trusted.

    Raises: EOFError when the other side is gone.
    """
    value, size = HEAD.unpack(_exactly(descriptor, HEAD.size))
    return Letter(value), _exactly(descriptor, size)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all bytes, waiting as long as it takes.

    Raises: OSError when the other side is gone.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _exactly(descriptor: int, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        data = os.read(descriptor, min(size - len(found), _AT_ONCE))
        if not data:
            raise EOFError("the other side is gone")
        found += data
    return bytes(found)
