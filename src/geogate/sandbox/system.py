"""Calls of the Linux kernel that Python has no name for; each raises OSError where the kernel says no."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from typing import Final

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 1 << 12, 1 << 14, 1 << 18
MNT_DETACH: Final = 2

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER = 1, 4, 24, 36
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4

_LAST_CAPABILITY: Final = 63
_CAPABILITY_VERSION_3: Final = 0x20080522

MACHINE: Final = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}.get(
    platform.machine(), ""
)
IS_LINUX: Final = sys.platform == "linux"

# Numbers that are not in glibc under a name of their own.
_SYSCALLS: Final = {
    "x86_64": {"pivot_root": 155, "capset": 126, "seccomp": 317},
    "aarch64": {"pivot_root": 41, "capset": 91, "seccomp": 277},
}
_EVERYWHERE: Final = {
    "landlock_create_ruleset": 444,
    "landlock_add_rule": 445,
    "landlock_restrict_self": 446,
    "mount_setattr": 442,
}

_libc = ctypes.CDLL(None, use_errno=True)


def syscall(name: str, *arguments: object) -> int:
    """Make a system call by name.

    Raises: OSError, also where this machine's number of it is not known.
    """
    number = _EVERYWHERE.get(name) or _SYSCALLS.get(MACHINE, {}).get(name)
    if number is None:
        raise OSError(38, f"{name} has no number here")
    return _checked(name, _libc.syscall(ctypes.c_long(number), *(_argument(each) for each in arguments)))


def prctl(option: int, *arguments: int) -> int:
    """Change how the kernel treats this process.

    Raises: OSError.
    """
    four = (*arguments, 0, 0, 0, 0)[:4]
    return _checked("prctl", _libc.prctl(option, *(ctypes.c_ulong(each) for each in four)))


def unshare(flags: int) -> None:
    """Leave namespaces for new ones.

    Raises: OSError.
    """
    _checked("unshare", _libc.unshare(flags))


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mount, bind or remount.

    Raises: OSError.
    """
    encoded = [None if each is None else os.fsencode(each) for each in (source, target, kind, options)]
    _checked("mount", _libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]))


def unmount(target: str) -> None:
    """Take a mount away as soon as nobody uses it.

    Raises: OSError.
    """
    _checked("umount2", _libc.umount2(os.fsencode(target), MNT_DETACH))


def name_host(name: str) -> None:
    """Name the machine, in this namespace.

    Raises: OSError.
    """
    _checked("sethostname", _libc.sethostname(name.encode(), ctypes.c_size_t(len(name))))


def flush_libraries() -> None:
    """Write out what C libraries keep in their buffers."""
    _libc.fflush(None)


def drop_capabilities() -> None:
    """Give up all privileges of root, and the way back to them.

    Raises: OSError.
    """
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            # Unknown to this kernel, or not ours to drop: nothing is gained through it without a new program.
            break
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    syscall("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def _argument(value: object) -> object:
    return ctypes.c_long(value) if isinstance(value, int) else value


def _checked(name: str, result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
