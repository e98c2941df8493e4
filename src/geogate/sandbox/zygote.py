"""The zygote: a process with one thread that has loaded the libraries, and forks a guard and a child for each dataset.

``python -m geogate.sandbox.zygote DESCRIPTOR`` is how its parent starts it; it ends when the parent does.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import os
import pickle
import select
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from geogate.sandbox.child import Descriptors
from geogate.sandbox.guard import SIZE, run_guard
from geogate.sandbox.view import Ground, system_paths
from geogate.sandbox.written import remove

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX: Final = "geogate-sandbox-"
FORK: Final = b"F"

_DESCRIPTORS: Final = 4
_REAP_MS: Final = 500
_GRACE_S: Final = 5.0
_YOUNG_S: Final = 60.0


def main() -> None:
    """Load what the parent names, say so, and fork until the parent is gone."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(channel.fileno(), False)  # noqa: FBT003 - the function has no keyword for it
    try:
        (size,) = SIZE.unpack(channel.recv(SIZE.size, socket.MSG_WAITALL))
        for name in pickle.loads(channel.recv(size, socket.MSG_WAITALL)):  # noqa: S301 - from the parent
            module, _, function = name.partition(":")
            loaded = importlib.import_module(module)
            if function:
                getattr(loaded, function)()
    except BaseException as error:  # noqa: BLE001 - the parent says what it is, and refuses to go on
        channel.sendall(b"E" + type(error).__name__.encode())
        return
    gc.collect()
    gc.freeze()
    # Libraries may have files open, such as the database of projections; children keep those and nothing else.
    spared = _descriptors() - {channel.fileno()}
    with _folder() as base:
        _Zygote(channel, Ground(base=base, paths=system_paths(), spared=spared)).serve()


class _Zygote:
    def __init__(self, channel: socket.socket, ground: Ground) -> None:
        self._channel = channel
        self._ground = ground
        self._guards: set[int] = set()

    def serve(self) -> None:
        self._channel.sendall(b"R")
        waiting = select.poll()
        waiting.register(self._channel, select.POLLIN)
        while True:
            if waiting.poll(_REAP_MS if self._guards else None):
                message, descriptors, _flags, _address = socket.recv_fds(self._channel, 1, _DESCRIPTORS)
                if message != FORK or len(descriptors) != _DESCRIPTORS:
                    break
                self._fork(descriptors)
            self._reap()
        self._end()

    def _fork(self, descriptors: list[int]) -> None:
        pid = os.fork()
        if pid == 0:
            try:
                self._channel.close()
                control, calls, answers, noise = descriptors
                run_guard(socket.socket(fileno=control), Descriptors(calls, answers, noise), self._ground)
            finally:
                os._exit(0)
        self._guards.add(pid)
        for descriptor in descriptors:
            os.close(descriptor)

    def _reap(self) -> None:
        for pid in tuple(self._guards):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._guards.discard(pid)
                # A guard that was killed could not tidy up.
                remove(f"{self._ground.base}/{pid}")

    def _end(self) -> None:
        """Wait for the guards, which end by themselves when the parent does."""
        until = time.monotonic() + _GRACE_S
        while self._guards and time.monotonic() < until:
            self._reap()
            time.sleep(0.01)
        for pid in self._guards:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    """Make a folder for private folders; remove it at the end, and at the beginning what killed zygotes have left."""
    for old in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        _sweep(old)
    base = tempfile.mkdtemp(prefix=PREFIX)
    # Guards inherit the lock: the folder is held as long as one of them lives.
    held = _locked(base)
    try:
        yield base
    finally:
        remove(base)
        if held is not None:
            os.close(held)


def _sweep(old: Path) -> None:
    """Remove a folder of this user that nobody holds any more."""
    with contextlib.suppress(OSError):
        found = old.lstat()
        if found.st_uid != os.geteuid() or time.time() - found.st_mtime < _YOUNG_S:
            return
        held = _locked(str(old))
        if held is not None:
            remove(str(old))
            os.close(held)


def _locked(folder: str) -> int | None:
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return None
    return held


def _descriptors() -> frozenset[int]:
    """Name the descriptors that are open besides the three of every process."""
    found = set()
    for descriptor in range(3, 1024):
        with contextlib.suppress(OSError):
            os.fstat(descriptor)
            found.add(descriptor)
    return frozenset(found)


if __name__ == "__main__":
    main()
