"""Reading files to their end for their digest: alone, while they are copied, or beside work that reads them too."""

from __future__ import annotations

import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from geogate.model.names import Sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

CHUNK = 1 << 20

T = TypeVar("T")

NEVER = threading.Event()
"""For those who never want to stop."""


def hash_file(
    source: int, target: int | None = None, *, most: int | None = None, stop: threading.Event = NEVER
) -> tuple[Sha256, int]:
    """Read a descriptor to its end, copying it where there is a target.

    One that has more bytes than ``most`` is not read further.

    Raises: InterruptedError when it shall stop.
    """
    digest, size = hashlib.sha256(), 0
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    while count := os.readv(source, [buffer]):
        digest.update(view[:count])
        size += count
        written = 0
        while target is not None and written < count:
            written += os.write(target, view[written:count])
        if stop.is_set():
            raise InterruptedError("the digest is not wanted any more")
        if most is not None and size > most:
            break  # somebody appends to it; the caller finds that it changed
    return Sha256(digest.hexdigest()), size


@contextmanager
def beside(work: Callable[[threading.Event], T]) -> Iterator[Future[T]]:
    """Run work in a thread of its own while the block runs; the end of the block waits for it and raises its error.

    A block that ends with an error of its own sets the event that the work is given, and does not wait for more.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(1, thread_name_prefix="geogate-hash") as pool:
        future = pool.submit(work, stop)
        try:
            yield future
            future.result()
        finally:
            stop.set()
