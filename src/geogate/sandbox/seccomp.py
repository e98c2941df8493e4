"""The filter of system calls: what is not on the list is refused, and what only an attack asks for ends the child."""

from __future__ import annotations

import ctypes
import errno
import struct
from typing import TYPE_CHECKING, Final

from geogate.sandbox.syscalls import ALLOWED, FATAL, NUMBERS, REFUSED
from geogate.sandbox.system import MACHINE, PR_SET_NO_NEW_PRIVS, prctl, syscall

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_ERRNO: Final = 0x00050000
_UNKNOWN: Final = _ERRNO | errno.ENOSYS
_REFUSE: Final = _ERRNO | errno.EPERM

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_AUDIT: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32: Final = 0x40000000
_SET_MODE_FILTER: Final = 1

_CLONE_THREAD: Final = 0x00010000
_CLONE_NAMESPACES: Final = 0x7E020080
_AF_UNIX: Final = 1
_IOCTLS: Final = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Questions to terminals, bytes that wait, and the flags of a descriptor."""
_PRCTLS: Final = (15, 16, 0x53564D41)
"""Names of threads and of memory."""
_FCNTLS_REFUSED: Final = (8, 10, 15, 1024, 1026)
"""Signals to others, leases and notices."""

Instruction = tuple[int, int, int, int]


def filter_calls(pid: int) -> tuple[str, ...]:
    """Let this process, whose number is ``pid`` in its own eyes, make only the calls on the list; for good.

    Raises: OSError when the kernel has no filters or the machine is not known.
    """
    if MACHINE not in NUMBERS:
        raise OSError(errno.ENOSYS, "no list of system calls for this machine")
    code = b"".join(struct.pack("<HBBI", *each) for each in program(MACHINE, pid))
    held = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("@HxxxxxxP", len(code) // 8, ctypes.addressof(held))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    syscall("seccomp", _SET_MODE_FILTER, 0, ctypes.create_string_buffer(head, len(head)))
    return ("seccomp",)


def program(machine: str, pid: int) -> tuple[Instruction, ...]:
    """Write the filter for a machine."""
    numbers = NUMBERS[machine]
    code: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _AUDIT[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        code += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    plain = ((ALLOWED, _ALLOW), (FATAL, _KILL), (REFUSED, _REFUSE))
    for names, answer in plain:
        for name in sorted(names & numbers.keys()):
            code += [(_EQUAL, 0, 1, numbers[name]), (_RETURN, 0, 0, answer)]
    for name, rule in _special(pid):
        if name in numbers:
            code += [(_EQUAL, 0, len(rule), numbers[name]), *rule]
    return (*code, (_RETURN, 0, 0, _UNKNOWN))


def _special(pid: int) -> Iterator[tuple[str, Sequence[Instruction]]]:
    """Give the calls that depend on an argument; every rule ends with an answer."""
    yield (
        "clone",
        (
            *_argument(0),
            (_ANY_BIT, 0, 3, _CLONE_THREAD),
            (_ANY_BIT, 1, 0, _CLONE_NAMESPACES),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _KILL),
            (_RETURN, 0, 0, _REFUSE),
        ),
    )
    # Its flags lie in memory, where no filter can read; libraries then use the older call.
    yield "clone3", ((_RETURN, 0, 0, _UNKNOWN),)
    yield "socket", _one_of(0, (_AF_UNIX,), _REFUSE, _KILL)
    yield "ioctl", _one_of(1, _IOCTLS, _ALLOW, _ERRNO | errno.ENOTTY)
    yield "prctl", _one_of(0, _PRCTLS, _ALLOW, _REFUSE)
    yield "fcntl", _one_of(1, _FCNTLS_REFUSED, _REFUSE, _ALLOW)
    yield "kill", _one_of(0, (pid,), _ALLOW, _REFUSE)
    yield "tgkill", _one_of(0, (pid,), _ALLOW, _REFUSE)
    yield "tkill", ((_RETURN, 0, 0, _REFUSE),)
    # To ask for a limit of one's own is allowed: no process, no new limit.
    yield (
        "prlimit64",
        (
            *_argument(0),
            (_EQUAL, 0, 5, 0),
            *_argument(2),
            (_EQUAL, 0, 3, 0),
            (_LOAD, 0, 0, _ARGUMENTS + 20),
            (_EQUAL, 0, 1, 0),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _REFUSE),
        ),
    )


def _argument(number: int) -> tuple[Instruction, ...]:
    """Load the lower half of an argument; the machines that are known are little-endian."""
    return ((_LOAD, 0, 0, _ARGUMENTS + 8 * number),)


def _one_of(argument: int, values: Sequence[int], answer: int, otherwise: int) -> tuple[Instruction, ...]:
    tests = [(_EQUAL, len(values) - number, 0, value) for number, value in enumerate(values)]
    return (*_argument(argument), *tests, (_RETURN, 0, 0, otherwise), (_RETURN, 0, 0, answer))
