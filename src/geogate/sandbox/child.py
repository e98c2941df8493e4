"""The child: it goes into isolation before it sees a byte, then answers calls until its parent is done with it."""

from __future__ import annotations

import errno
import importlib
import os
import pickle
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from geogate.model.document import canonical_json
from geogate.sandbox import system
from geogate.sandbox.frames import Letter, frame, read_frame, write_all
from geogate.sandbox.inside import Inside
from geogate.sandbox.landlock import landlock_version, restrict_files
from geogate.sandbox.levels import Isolation, IsolationLevel
from geogate.sandbox.limits import apply_limits
from geogate.sandbox.namespaces import FOLDER, OUTPUT, SCRATCH, enter_root
from geogate.sandbox.seccomp import filter_calls
from geogate.sandbox.view import DEVICES, Order, outermost

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_ISOLATED: Final = 77
"""How a child ends that could not be isolated."""

PLACE: Final = "in"
"""The declared files within a private folder."""
ASIDE: Final = "scratch"
"""The scratch folder within a private folder."""
_CAPABLE: Final = frozenset({IsolationLevel.NAMESPACES, IsolationLevel.FILTERED})
_FULL: Final = frozenset({errno.EFBIG, errno.ENOSPC, errno.EDQUOT})


class Descriptors:
    """The ends of the pipes that a child has: calls, answers, and what it says to nobody."""

    def __init__(self, calls: int, answers: int, noise: int) -> None:
        self.calls = calls
        self.answers = answers
        self.noise = noise


def run_child(order: Order, own: Descriptors, *, private: str, paths: Sequence[str], mechanisms: Sequence[str]) -> int:
    """Be a child, in a process that was forked for it; returns with what it ends.

    ``private`` is its folder on disk where it has no root of its own; ``mechanisms`` are those already in force.
    """
    try:
        _silence(own.noise)
        # Whoever kills the guard kills this process too.
        if system.IS_LINUX:
            system.prctl(system.PR_SET_PDEATHSIG, signal.SIGKILL)
        inside, found = _isolate(order, own, private, paths)
    except (OSError, ValueError) as error:
        write_all(own.answers, frame(Letter.ISOLATION, str(error)[:400].encode(errors="replace")))
        return NOT_ISOLATED
    isolation = Isolation(level=order.level, mechanisms=(*mechanisms, *found))
    write_all(own.answers, frame(Letter.READY, canonical_json(isolation).encode()))
    _serve(inside, own)
    return 0


def _silence(noise: int) -> None:
    """Let all that is written to nobody in particular go to the pipe that tells of it."""
    with open(os.devnull) as nothing:  # noqa: PTH123 - a device
        os.dup2(nothing.fileno(), 0)
    os.dup2(noise, 1)
    os.dup2(noise, 2)
    sys.stdout = open(1, "w", buffering=1, errors="replace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="replace", closefd=False)  # noqa: SIM115
    os.close(noise)


def _isolate(order: Order, own: Descriptors, private: str, paths: Sequence[str]) -> tuple[Inside, tuple[str, ...]]:
    """Give up everything that reading does not need, in an order in which each step is still possible."""
    found: list[str] = []
    scratch = f"{private}/{ASIDE}" if order.limits.scratch_bytes else None
    if order.level is IsolationLevel.NAMESPACES:
        found += enter_root(order, paths, scratch=scratch)
        folder, output = FOLDER, None if order.output is None else OUTPUT
        files, scratch = [folder], None if scratch is None else SCRATCH
    else:
        folder, output = f"{private}/{PLACE}", order.output
        files = [folder, *(path for path, _ in order.files)]
        os.chdir(folder)
    _work_in(scratch)
    if order.level is IsolationLevel.FILTERED or (order.level in _CAPABLE and landlock_version()):
        shown = outermost((*paths, *order.read_only))
        devices = [path for path in DEVICES if Path(path).exists()]
        found += restrict_files(read=[*shown, *files], output=output, scratch=scratch, devices=devices)
    if order.level in _CAPABLE:
        system.drop_capabilities()
        system.prctl(system.PR_SET_DUMPABLE, 0)
        found.append("no-capabilities")
    # In the machine's world the limit would count what the user runs elsewhere; there the filter forbids to fork.
    processes = order.limits.threads if order.level is IsolationLevel.NAMESPACES else None
    most = max(order.limits.output_bytes if output else 0, order.limits.scratch_bytes)
    found += apply_limits(order.limits, file_bytes=most, processes=processes)
    if order.level in _CAPABLE:
        found += filter_calls(os.getpid())
        _prove()
    folders = [None if each is None else Path(each) for each in (output, scratch)]
    inside = Inside(folder=Path(folder), output=folders[0], scratch=folders[1], channel=own.answers)
    return inside, tuple(found)


def _work_in(scratch: str | None) -> None:
    """Let Python and libraries keep what they need for a moment in one folder, or nowhere."""
    tempfile.tempdir = scratch
    for name in ("TMPDIR", "CPL_TMPDIR"):
        os.environ.pop(name, None)
        if scratch is not None:
            os.environ[name] = scratch


def _prove() -> None:
    """See that files of the machine and sockets are out of reach, whatever was said before.

    Raises: OSError when they are not.
    """
    import socket

    try:
        socket.socket(socket.AF_UNIX).close()
    except PermissionError:
        pass
    else:
        raise OSError(errno.ENOTSUP, "sockets can still be made")
    for path in ("/etc/passwd", "/proc/self/mem", "/proc/1/environ"):
        try:
            os.close(os.open(path, os.O_RDONLY))
        except OSError:
            continue
        raise OSError(errno.ENOTSUP, "files of the machine can still be read")


def _serve(inside: Inside, own: Descriptors) -> None:
    while True:
        try:
            letter, payload = read_frame(own.calls)
        except EOFError:
            return
        if letter is not Letter.CALL:
            return
        answer = _answer(inside, payload)
        inside.flush()
        # What waits in buffers was said before the answer.
        sys.stdout.flush()
        sys.stderr.flush()
        system.flush_libraries()
        write_all(own.answers, answer)


def _answer(inside: Inside, payload: bytes) -> bytes:
    """Call what the parent names; what is raised goes back as the name of its type."""
    try:
        # The parent is trusted, and what it sends was written before this child saw a byte.
        module, name, arguments, named = pickle.loads(payload)  # noqa: S301
        function: Any = importlib.import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
        value = function(inside, *arguments, **named)
        if isinstance(value, bytes):
            return frame(Letter.BYTES, value)
        return frame(Letter.ANSWER, canonical_json(value).encode())
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent hears of it, and denies
        return frame(Letter.ERROR, _name_of(error).encode())


def _name_of(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "!memory"
    if isinstance(error, OSError) and error.errno in _FULL:
        return "!output"
    return type(error).__name__[:100]
