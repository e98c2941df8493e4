"""Hear what readers in this process say to nobody in particular: warnings, lines of logs, complaints of libraries.

A child has pipes for that. Here the process's own standard output and error lead into a file while a reader works; the
file's text is thrown away, because it can hold values. What the gate itself logs meanwhile goes where it went before.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
import warnings
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from geogate.sandbox.system import flush_libraries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_QUIET: Final = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""Warnings about code, not about data, which Python does not show either."""

_OWN: Final = "geogate."
"""Loggers of the gate, which speak of the machine."""

_STANDARD: Final = (1, 2)
_alone: Final = threading.RLock()
"""Output, filters of warnings and levels of loggers belong to the whole process."""


@dataclass(slots=True)
class Heard:
    """Whether anything was said."""

    anything: bool = False


class _Listener(logging.Handler):
    """Hears the lines of a log that are warnings or worse."""

    def __init__(self, heard: Heard) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard
        self.own: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take note that there was one, and keep what the gate says itself."""
        if record.name.startswith(_OWN):
            self.own.append(record)
        else:
            self._heard.anything = True


@contextmanager
def overhearing(heard: Heard) -> Iterator[None]:
    """Hear all that is said while the block runs; readers in other threads wait, so that each hears its own."""
    with _alone, ExitStack() as stack:
        stack.enter_context(_log_lines(heard))
        stack.enter_context(_output(heard))
        stack.enter_context(_warnings(heard))
        yield


@contextmanager
def _warnings(heard: Heard) -> Iterator[None]:
    with warnings.catch_warnings(record=True) as found:
        warnings.resetwarnings()
        warnings.simplefilter("always")
        for kind in _QUIET:
            warnings.simplefilter("ignore", kind)
        try:
            yield
        finally:
            heard.anything |= bool(found)


@contextmanager
def _log_lines(heard: Heard) -> Iterator[None]:
    """Hear loggers even where the process has told all of them to be silent."""
    root, listener = logging.getLogger(), _Listener(heard)
    level, disabled = root.level, root.manager.disable
    root.addHandler(listener)
    root.setLevel(min(level, logging.WARNING))
    logging.disable(logging.NOTSET)
    try:
        yield
    finally:
        logging.disable(disabled)
        root.setLevel(level)
        root.removeHandler(listener)
        if not root.handlers and logging.lastResort is not None:
            for record in listener.own:
                logging.lastResort.handle(record)


@contextmanager
def _output(heard: Heard) -> Iterator[None]:
    """Lead standard output and error into a file, on every level at which something can write to them."""
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())
        text = stack.enter_context(open(os.dup(file.fileno()), "w", encoding="utf-8", errors="replace"))  # noqa: PTH123
        stack.callback(_end, heard, file)
        for name, number in zip(("stdout", "stderr"), _STANDARD, strict=True):
            before = getattr(sys, name)
            _flush(before)
            stack.callback(_led(number, file))
            stack.callback(setattr, sys, name, before)
            # What holds the old object writes to the same descriptor, and must be through before that leads back.
            stack.callback(_flush, before)
            setattr(sys, name, text)
        stack.callback(_flush, text)
        stack.callback(flush_libraries)
        yield


def _led(number: int, file: IO[bytes]) -> Callable[[], None]:
    """Lead a descriptor into a file and return what leads it back; logs that write to it keep their way."""
    try:
        kept: int | None = os.dup(number)
    except OSError:
        kept = None
    speakers = [] if kept is None else [(each, each.stream) for each in _handlers() if _writes_to(each.stream, number)]
    for handler, _ in speakers:
        handler.setStream(open(os.dup(kept or 0), "w", encoding="utf-8", errors="replace"))  # noqa: PTH123, SIM115
    os.dup2(file.fileno(), number)

    def back() -> None:
        for handler, stream in speakers:
            own = handler.setStream(stream)
            if own is not None:
                own.close()
        if kept is None:
            os.close(number)
        else:
            os.dup2(kept, number)
            os.close(kept)

    return back


def _handlers() -> list[logging.StreamHandler[Any]]:
    """Find the handlers of the process's own log that write to a stream and not to a file of theirs."""
    found = logging.getLogger().handlers
    return [each for each in found if isinstance(each, logging.StreamHandler) and not hasattr(each, "baseFilename")]


def _writes_to(stream: Any, number: int) -> bool:
    try:
        return bool(stream.fileno() == number)
    except (AttributeError, OSError, ValueError):
        return False


def _flush(stream: Any) -> None:
    with suppress(AttributeError, OSError, ValueError):
        stream.flush()


def _end(heard: Heard, file: IO[bytes]) -> None:
    heard.anything |= os.fstat(file.fileno()).st_size > 0
