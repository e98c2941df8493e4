"""Rules of the kernel about files (Landlock) that any process can lay upon itself, and never lift again."""

from __future__ import annotations

import ctypes
import os
import stat
from typing import TYPE_CHECKING, Final

from geogate.sandbox.system import PR_SET_NO_NEW_PRIVS, prctl, syscall

if TYPE_CHECKING:
    from collections.abc import Iterable

_VERSION: Final = 1
_RULE_PATH: Final = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_MAKE_SYM, _REFER, _TRUNCATE, _IOCTL_DEV = 1 << 12, 1 << 13, 1 << 14, 1 << 15
_FIRST: Final = (1 << 13) - 1

_READ: Final = _READ_FILE | _READ_DIR
_WRITE: Final = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE
_ON_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

_ABI_REFER, _ABI_TRUNCATE, _ABI_NETWORK, _ABI_DEVICES, _ABI_SCOPES = 2, 3, 4, 5, 6


def landlock_version() -> int:
    """Return the version of Landlock in this kernel, 0 where there is none."""
    try:
        return syscall("landlock_create_ruleset", None, 0, _VERSION)
    except OSError:
        return 0


def restrict_files(
    *, read: Iterable[str], output: str | None, scratch: str | None, devices: Iterable[str]
) -> tuple[str, ...]:
    """Leave this process only these files and folders; nothing can be executed, and no link made but in the scratch.

    Raises: OSError when the kernel has no Landlock or a path is missing.
    """
    version = landlock_version()
    handled = _handled(version)
    attributes = (ctypes.c_uint64 * 3)(
        handled, 0b11 if version >= _ABI_NETWORK else 0, 0b11 if version >= _ABI_SCOPES else 0
    )
    size = 8 if version < _ABI_NETWORK else 16 if version < _ABI_SCOPES else 24
    ruleset = syscall("landlock_create_ruleset", ctypes.byref(attributes), size, 0)
    try:
        for path in read:
            _allow(ruleset, path, _READ & handled)
        if output is not None:
            _allow(ruleset, output, _WRITE & handled)
        if scratch is not None:
            _allow(ruleset, scratch, (_WRITE | _MAKE_SYM) & handled)
        for path in devices:
            _allow(ruleset, path, (_READ_FILE | _WRITE_FILE) & handled)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        syscall("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)
    return (f"landlock-{version}",)


def _handled(version: int) -> int:
    handled = _FIRST
    for since, right in ((_ABI_REFER, _REFER), (_ABI_TRUNCATE, _TRUNCATE), (_ABI_DEVICES, _IOCTL_DEV)):
        if version >= since:
            handled |= right
    return handled


def _allow(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _ON_FILES
        rule = rights.to_bytes(8, "little") + descriptor.to_bytes(4, "little")
        syscall("landlock_add_rule", ruleset, _RULE_PATH, ctypes.create_string_buffer(rule, len(rule)), 0)
    finally:
        os.close(descriptor)
