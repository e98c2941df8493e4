"""One child as its parent sees it: calls and their answers, its limits, and how it ends.

Nothing that comes from a child is believed: answers are read strictly as values of the type that the caller names.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from geogate.model.document import from_json
from geogate.model.errors import ServiceError
from geogate.sandbox.errors import ChildFailedError, ChildLimitError, LimitKind, NotIsolatedError
from geogate.sandbox.frames import PROGRESS, FrameError, FrameReader, Letter, frame
from geogate.sandbox.guard import SIZE, Report
from geogate.sandbox.levels import Isolation
from geogate.sandbox.written import Written, empty, look_through

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from geogate.sandbox.ends import Ends
    from geogate.sandbox.view import Order

T = TypeVar("T")

_SMALL: Final = 4096
_READ_AT_ONCE: Final = 1 << 20
_START_S: Final = 30.0
_END_S: Final = 20.0
_BURST: Final = 1000
_PROGRESS_PER_S: Final = 100
_LIMITS: Final = frozenset(kind.value for kind in LimitKind)
_SIGNALS: Final = {
    signal.SIGSYS: LimitKind.FORBIDDEN,
    signal.SIGXCPU: LimitKind.CPU,
    signal.SIGXFSZ: LimitKind.OUTPUT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a session went that broke no limit.

    ``warned`` says that the child wrote something to nobody in particular: a warning, a line of a log, a complaint of a
    library. ``written`` are the sizes of the files in its output, by the names that were declared.
    """

    isolation: Isolation
    warned: bool
    written: tuple[Written, ...]
    cpu_s: float
    peak_bytes: int


class Child:
    """A child process with one dataset; it is used in a ``with`` block, and gone after it.

    It belongs to one thread at a time.
    """

    def __init__(self, order: Order, ends: Ends, *, output: Path | None) -> None:
        self._order = order
        self._ends = ends
        self._output = output
        most = {
            Letter.READY: _SMALL,
            Letter.ISOLATION: _SMALL,
            Letter.ERROR: _SMALL,
            Letter.PROGRESS: PROGRESS.size,
            Letter.ANSWER: order.limits.answer_bytes,
            Letter.BYTES: order.limits.answer_bytes,
        }
        self._frames = FrameReader(most)
        self._wall_s = order.limits.wall_s
        self._noise = False
        self._said = 0
        self._broken: ChildLimitError | None = None
        self._report: Report | None = None
        self._is_whole = False
        self.isolation = self._begin()

    @property
    def warned(self) -> bool:
        """Whether the child wrote anything to nobody in particular so far."""
        self._hear_noise()
        return self._noise

    def call(
        self,
        function: str | Callable[..., Any],
        /,
        *arguments: Any,
        gives: type[T],
        on_progress: Callable[[int], None] | None = None,
        **named: Any,
    ) -> T:
        """Call a function in the child, with its ``Inside`` and the arguments, and return its answer.

        ``function`` is ``module:name``, or one that can be found by its module and name. Its answer is ``bytes`` where
        ``gives`` says so, and else a value of that type, as ``geogate.model.document`` writes and reads it.

        Raises: ChildLimitError when the session is over; ChildFailedError when the function raised.
        """
        if self._broken is not None:
            raise self._broken
        module, name = (
            function.split(":") if isinstance(function, str) else (function.__module__, function.__qualname__)
        )
        try:
            return self._answer(frame(Letter.CALL, pickle.dumps((module, name, arguments, named))), gives, on_progress)
        except ChildLimitError as error:
            self._broken = error
            self.close()
            raise

    def finish(self, written: Sequence[str] = ()) -> Ending:
        """End the child, and look at what it leaves: the files that are declared here and no others.

        Raises: ChildLimitError when it broke a limit, ended by itself, or left anything else.
        """
        if self._broken is not None:
            raise self._broken
        report = self._end()
        if report.cause != "asked":
            self._broken = _broken(report)
            raise self._broken
        found = look_through(self._output, written, most_bytes=self._order.limits.output_bytes)
        self._is_whole = True
        return Ending(
            isolation=self.isolation,
            warned=self._noise,
            written=found,
            cpu_s=report.cpu_s,
            peak_bytes=report.peak_bytes,
        )

    def close(self) -> None:
        """End the child; what it wrote is removed unless ``finish`` has found it in order.

        Raises: ServiceError when it cannot be removed.
        """
        self._end()
        self._ends.close()
        if self._output is not None and not self._is_whole:
            try:
                empty(self._output)
            except OSError:
                raise ServiceError("what a child process wrote cannot be removed", hint="empty the folder") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> Isolation:
        text = pickle.dumps(self._order)
        try:
            self._ends.control.sendall(SIZE.pack(len(text)) + text)
            self._ends.control.setblocking(False)  # noqa: FBT003 - the method has no keyword for it
            letter, payload = self._exchange(b"", until=time.monotonic() + _START_S, on_progress=None)
        except (OSError, ChildLimitError) as error:
            self.close()
            report = self._report
            if report is not None and report.cause != "not-isolated":
                raise
            raise NotIsolatedError("a child process could not be isolated", hint=str(error)) from None
        if letter is not Letter.READY:
            self.close()
            raise NotIsolatedError("a child process could not be isolated", hint=payload.decode(errors="replace"))
        return from_json(Isolation, payload.decode())

    def _answer(self, call: bytes, gives: type[T], on_progress: Callable[[int], None] | None) -> T:
        if not self._frames.is_empty or self._receive(patient=False):
            # It answered what it was not asked.
            raise ChildLimitError(LimitKind.PROTOCOL)
        start = time.monotonic()
        self._said = 0
        letter, payload = self._exchange(call, until=start + self._wall_s, on_progress=on_progress)
        self._wall_s -= time.monotonic() - start
        self._hear_noise()
        if letter is Letter.ERROR:
            raise _failure(payload)
        if letter is Letter.BYTES and gives is bytes:
            return payload  # type: ignore[return-value]
        if letter is not Letter.ANSWER or gives is bytes:
            raise ChildLimitError(LimitKind.PROTOCOL)
        try:
            return from_json(gives, payload.decode())
        except (ValueError, RecursionError):
            # What it says can hold anything.
            raise ChildLimitError(LimitKind.PROTOCOL) from None

    def _exchange(
        self, outgoing: bytes, *, until: float, on_progress: Callable[[int], None] | None
    ) -> tuple[Letter, bytes]:
        """Send bytes, and wait for a frame that is not one of progress."""
        rest = memoryview(outgoing)
        started = time.monotonic()
        while True:
            try:
                found = self._frames.take()
            except FrameError:
                raise ChildLimitError(LimitKind.PROTOCOL) from None
            if found is None:
                rest = self._step(rest, until)
            elif found[0] is Letter.PROGRESS:
                self._told(found[1], started, on_progress)
            elif rest:
                raise ChildLimitError(LimitKind.PROTOCOL)
            else:
                return found

    def _told(self, payload: bytes, started: float, on_progress: Callable[[int], None] | None) -> None:
        self._said += 1
        if len(payload) != PROGRESS.size or self._said > _BURST + _PROGRESS_PER_S * (time.monotonic() - started):
            raise ChildLimitError(LimitKind.PROTOCOL)
        if on_progress is not None:
            on_progress(PROGRESS.unpack(payload)[0])

    def _step(self, rest: memoryview, until: float) -> memoryview:
        """Move bytes where they can be moved; return those that are still to be sent."""
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise ChildLimitError(LimitKind.WALL)
        ends, waiting = self._ends, select.poll()
        waiting.register(ends.answers, select.POLLIN)
        if not ends.is_silent:
            waiting.register(ends.noise, select.POLLIN)
        if rest:
            waiting.register(ends.calls, select.POLLOUT)
        ready = dict(waiting.poll(max(1, int(left_s * 1000))))
        if ends.noise in ready:
            self._hear_noise()
        if ends.answers in ready:
            self._receive(patient=True)
        elif ends.calls in ready:
            try:
                rest = rest[os.write(ends.calls, rest[:_READ_AT_ONCE]) :]
            except BrokenPipeError:
                raise self._ended() from None
        return rest

    def _receive(self, *, patient: bool) -> bool:
        """Take what the child has said; an end of it is the end of the child where an answer is waited for."""
        try:
            data = os.read(self._ends.answers, _READ_AT_ONCE)
        except BlockingIOError:
            return False
        if not data and patient:
            raise self._ended()
        self._frames.feed(data)
        return bool(data)

    def _hear_noise(self) -> None:
        while not self._ends.is_silent:
            try:
                heard = os.read(self._ends.noise, _READ_AT_ONCE)
            except BlockingIOError:
                return
            if heard:
                self._noise = True
            else:
                self._ends.silence()

    def _ended(self) -> ChildLimitError:
        """Say how a child ended that was not asked to."""
        return _broken(self._heard_of(time.monotonic() + _END_S))

    def _end(self) -> Report:
        """Ask the guard to end the child, and wait until it has."""
        if self._report is None:
            with contextlib.suppress(OSError):
                self._ends.control.send(b"k")
            self._heard_of(time.monotonic() + _END_S)
            self._hear_noise()
        return self._heard_of(time.monotonic() + _END_S)

    def _heard_of(self, until: float) -> Report:
        """Wait for the guard's report.

        Raises: ChildLimitError when the guard is gone without one.
        """
        if self._report is None:
            try:
                self._report = _read_report(self._ends.control, until)
            except (OSError, ValueError):
                self._report = Report(cause="lost", signal=signal.SIGKILL, code=0, cpu_s=0.0, peak_bytes=0)
        return self._report


def _read_report(control: socket.socket, until: float) -> Report:
    control.settimeout(max(0.01, until - time.monotonic()))
    head = control.recv(SIZE.size, socket.MSG_WAITALL)
    if len(head) != SIZE.size:
        raise ConnectionError("the guard is gone")
    return from_json(Report, control.recv(SIZE.unpack(head)[0], socket.MSG_WAITALL).decode())


def _broken(report: Report) -> ChildLimitError:
    if report.cause in _LIMITS:
        return ChildLimitError(LimitKind(report.cause))
    if report.signal:
        name = signal.Signals(report.signal).name if report.signal in set(signal.Signals) else "signal"
        return ChildLimitError(_SIGNALS.get(signal.Signals(report.signal), LimitKind.SIGNAL), detail=name)
    return ChildLimitError(LimitKind.PROTOCOL, detail="it ended too early")


def _failure(payload: bytes) -> Exception:
    """Make the error of what a child calls one; its name is the child's word and nothing more."""
    name = payload.decode(errors="replace")
    if name == "!memory":
        return ChildLimitError(LimitKind.MEMORY)
    if name == "!output":
        return ChildLimitError(LimitKind.OUTPUT)
    return ChildFailedError(name if name.isidentifier() and name.isascii() else "an unnamed error")
