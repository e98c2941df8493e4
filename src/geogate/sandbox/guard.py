"""The guard: the process beside a child that watches it, ends it when it must end, and leaves nothing of it behind.

It never reads what a child says, only the kernel's numbers about it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from geogate.model.document import canonical_json
from geogate.sandbox import system
from geogate.sandbox.child import ASIDE, NOT_ISOLATED, PLACE, Descriptors, run_child
from geogate.sandbox.levels import IsolationLevel
from geogate.sandbox.limits import status_of
from geogate.sandbox.namespaces import leave_namespaces
from geogate.sandbox.written import remove

if TYPE_CHECKING:
    import socket

    from geogate.sandbox.view import Ground, Order

SIZE: Final = struct.Struct("<I")

_TICK_MS: Final = 20
_TICKS_BETWEEN_SUMS: Final = 10
_MOST_FILES: Final = 10_000
_TOO_MUCH: Final = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a child ended.

    ``cause`` is ``ended``, ``asked`` or ``not-isolated``, or the limit for which the guard killed it. ``signal`` is 0
    where it was not killed by one.
    """

    cause: str
    signal: int
    code: int
    cpu_s: float
    peak_bytes: int


def run_guard(control: socket.socket, own: Descriptors, ground: Ground) -> None:
    """Start a child as the parent orders, watch it, tidy up, and report; in a process that was forked for it."""
    order = _order(control)
    private = f"{ground.base}/{os.getpid()}"
    try:
        report = _watched(order, control, own, private, ground)
    finally:
        remove(private)
    text = canonical_json(report).encode()
    with contextlib.suppress(OSError):
        control.sendall(SIZE.pack(len(text)) + text)


def _order(control: socket.socket) -> Order:
    (size,) = SIZE.unpack(_exactly(control, SIZE.size))
    # The parent is trusted; a child has no part in this socket.
    order: Order = pickle.loads(_exactly(control, size))  # noqa: S301
    return order


def _exactly(control: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        data = control.recv(size - len(found))
        if not data:
            raise EOFError("the parent is gone")
        found += data
    return found


def _watched(order: Order, control: socket.socket, own: Descriptors, private: str, ground: Ground) -> Report:
    mechanisms: tuple[str, ...] = ()
    try:
        # A folder that is shown as a file would show all that lies in it.
        if not all(Path(path).is_file() for path, _ in order.files):
            return _not_isolated()
        if order.limits.scratch_bytes:
            Path(private, ASIDE).mkdir(mode=0o700, parents=True)
        if order.level is IsolationLevel.NAMESPACES:
            mechanisms = leave_namespaces()
        else:
            _fill(private, order)
    except OSError:
        return _not_isolated()
    if system.IS_LINUX:
        # What a child leaves behind becomes a child of the guard.
        with contextlib.suppress(OSError):
            system.prctl(system.PR_SET_CHILD_SUBREAPER, 1)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _keep_only({own.calls, own.answers, own.noise} | ground.spared)
            code = run_child(order, own, private=private, paths=ground.paths, mechanisms=(*mechanisms, "guard"))
        finally:
            os._exit(code)
    for descriptor in (own.calls, own.answers, own.noise):
        os.close(descriptor)
    return _Watch(order, pid, control, scratch=f"{private}/{ASIDE}").until_its_end()


def _not_isolated() -> Report:
    return Report(cause="not-isolated", signal=0, code=NOT_ISOLATED, cpu_s=0.0, peak_bytes=0)


def _fill(private: str, order: Order) -> None:
    """Make a folder on disk in which the declared files, and they alone, have the names that the child knows."""
    place = Path(private) / PLACE
    place.mkdir(mode=0o700, parents=True)
    for path, name in order.files:
        entry = place / name
        entry.parent.mkdir(parents=True, exist_ok=True)
        entry.symlink_to(path)


def _keep_only(kept: set[int]) -> None:
    last = 2
    for descriptor in sorted(kept):
        os.closerange(last + 1, descriptor)
        last = max(last, descriptor)
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))


class _Watch:
    """What the guard knows of its child."""

    def __init__(self, order: Order, pid: int, control: socket.socket, *, scratch: str) -> None:
        self._order = order
        self._scratch = scratch
        self._pid = pid
        self._control = control
        self._cause = ""
        self._base: int | None = None
        self._peak = 0
        self._ticks = 0

    def until_its_end(self) -> Report:
        while not (ended := os.wait4(self._pid, os.WNOHANG))[0]:
            if not self._cause:
                self._cause = self._why_to_end()
                if self._cause:
                    os.kill(self._pid, signal.SIGKILL)
            self._pause()
        if _left_behind():
            self._cause = "forbidden"
        return self._report(ended[1], ended[2].ru_utime + ended[2].ru_stime)

    def _pause(self) -> None:
        """Wait a moment, less if the parent says something or the child ends."""
        if self._cause:
            time.sleep(0.001)
            return
        waiting = select.poll()
        waiting.register(self._control, select.POLLIN)
        ends = None
        with contextlib.suppress(AttributeError, OSError):
            ends = os.pidfd_open(self._pid)
            waiting.register(ends, select.POLLIN)
        waiting.poll(_TICK_MS)
        if ends is not None:
            os.close(ends)

    def _why_to_end(self) -> str:
        if select.select([self._control], [], [], 0)[0]:
            # The parent asks for the end, or is gone.
            return "asked"
        limits = self._order.limits
        try:
            resident, threads = status_of(self._pid)
        except OSError:
            return ""
        self._base = resident if self._base is None else min(self._base, resident)
        self._peak = max(self._peak, resident - self._base)
        self._ticks += 1
        if resident - self._base > limits.memory_bytes:
            return "memory"
        if threads > limits.threads:
            return "threads"
        if self._ticks % _TICKS_BETWEEN_SUMS == 0:
            return "output" if self._writes_too_much() else ""
        return ""

    def _writes_too_much(self) -> bool:
        limits, output = self._order.limits, self._order.output
        if limits.scratch_bytes and _written(self._scratch) > limits.scratch_bytes:
            return True
        return output is not None and _written(output) > limits.output_bytes

    def _report(self, status: int, cpu_s: float) -> Report:
        code = os.waitstatus_to_exitcode(status)
        cause = self._cause or "ended"
        if code == -signal.SIGKILL and not self._cause and cpu_s >= self._order.limits.cpu_s - 1:
            cause = "cpu"
        return Report(cause=cause, signal=max(0, -code), code=max(0, code), cpu_s=cpu_s, peak_bytes=self._peak)


def _left_behind() -> bool:
    """Kill what a child has started and left, where nothing forbade it to; tell whether there was anything."""
    found = False
    while True:
        for pid in _children():
            found = True
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            # Orphans of those that were just killed come next.
            os.waitpid(-1, 0)
        except ChildProcessError:
            return found


def _children() -> tuple[int, ...]:
    try:
        return tuple(int(each) for each in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
    except OSError:  # no such files on other systems
        return ()


def _written(folder: str) -> int:
    """Add up what lies in a folder; too many files, or folders too deep to look into, are as bad as too many bytes."""
    total, seen, ahead = 0, 0, [folder]
    while ahead:
        try:
            with os.scandir(ahead.pop()) as entries:
                for entry in entries:
                    seen += 1
                    if entry.is_dir(follow_symlinks=False):
                        ahead.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except FileNotFoundError:
            # It was there a moment ago.
            continue
        except OSError:
            return _TOO_MUCH
        if seen > _MOST_FILES:
            return _TOO_MUCH
    return total
