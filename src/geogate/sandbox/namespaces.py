"""A world of its own: namespaces without a network, other processes and other files, on a read-only root in memory."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from geogate.sandbox import system
from geogate.sandbox.view import DEVICES, Order, outermost

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER: Final = "/data"
OUTPUT: Final = "/out"
SCRATCH: Final = "/scratch"

_OVERFLOW: Final = 65534
"""The number under which the kernel shows owners that a namespace has no number for."""

_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_AT_RECURSIVE, _AT_FDCWD = 0x8000, -100
_ROOMS: Final = ("/tmp", "/var/tmp", "/mnt", "/var", "/usr")  # noqa: S108 - covered by the new root, never written to


def leave_namespaces() -> tuple[str, ...]:
    """Leave the machine's users, network and so on; children that are forked from now on number processes anew.

    Raises: OSError when the system does not allow it.
    """
    user, group = os.geteuid(), os.getegid()
    system.unshare(
        system.CLONE_NEWUSER | system.CLONE_NEWNET | system.CLONE_NEWPID | system.CLONE_NEWIPC | system.CLONE_NEWUTS
    )
    # Where one is not root, files of other owners shall look like one's own: compiled kernels that root has installed
    # are believed only then. Whether they can be believed is found out before, by the parent.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user if user == 0 else _OVERFLOW} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group if user == 0 else _OVERFLOW} {group} 1")
    system.name_host("geogate")
    return tuple(f"{name}-namespace" for name in ("user", "network", "process", "ipc", "host-name"))


def enter_root(order: Order, paths: Sequence[str], *, scratch: str | None) -> tuple[str, ...]:
    """Make a root that has what the child may see and nothing else, and go to its folder of files.

    Raises: OSError.
    """
    system.unshare(system.CLONE_NEWNS)
    system.mount(None, "/", None, system.MS_REC | system.MS_PRIVATE)
    shown = outermost((*paths, *order.read_only))
    # What is shown is held before the new root covers a folder that it may lie in.
    held = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in (*shown, *DEVICES) if Path(path).exists()}
    files = {f"{FOLDER}/{name}": os.open(path, os.O_PATH | os.O_CLOEXEC) for path, name in order.files}
    written = {OUTPUT: order.output, SCRATCH: scratch}
    folders = {name: os.open(path, os.O_PATH | os.O_CLOEXEC) for name, path in written.items() if path is not None}
    room = next(path for path in _ROOMS if Path(path).is_dir())
    entries = 4 * (len(held) + sum(name.count("/") for name in files)) + 256
    system.mount("tmpfs", room, "tmpfs", system.MS_NOSUID | system.MS_NODEV, f"size=4m,nr_inodes={entries},mode=755")
    Path(room + FOLDER).mkdir()
    for path, descriptor in held.items():
        _show(descriptor, room + path, _NOSUID | (0 if path in DEVICES else _NODEV | _RDONLY))
    for path, descriptor in files.items():
        _show(descriptor, room + path, _NOSUID | _NODEV | _NOEXEC | _RDONLY)
    for path, descriptor in folders.items():
        _show(descriptor, room + path, _NOSUID | _NODEV | _NOEXEC)
    _protect(room, _NOSUID | _NODEV | _NOEXEC | _RDONLY, deep=False)
    _go_to(room)
    return ("mount-namespace", "private-root")


def _go_to(room: str) -> None:
    os.chdir(room)
    system.syscall("pivot_root", b".", b".")
    system.unmount(".")
    os.chdir(FOLDER)


def _show(descriptor: int, target: str, attributes: int) -> None:
    """Bind what a descriptor holds to a path within the new root."""
    is_folder = Path(f"/proc/self/fd/{descriptor}").is_dir()
    Path(target if is_folder else os.path.dirname(target)).mkdir(parents=True, exist_ok=True)  # noqa: PTH120
    if not is_folder:
        Path(target).touch(exist_ok=False)
    system.mount(f"/proc/self/fd/{descriptor}", target, None, system.MS_BIND | system.MS_REC)
    os.close(descriptor)
    _protect(target, attributes, deep=True)


def _protect(target: str, attributes: int, *, deep: bool) -> None:
    """Make a mount, and all mounts within it, read-only and so on."""
    wanted = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    try:
        system.syscall("mount_setattr", _AT_FDCWD, os.fsencode(target), _AT_RECURSIVE * deep, ctypes.byref(wanted), 32)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        # Kernels before 5.12 change one mount; what is mounted within it is guarded by other means.
        locked = os.statvfs(target).f_flag & (_NOSUID | _NODEV | _NOEXEC | _RDONLY)
        system.mount(None, target, None, system.MS_REMOUNT | system.MS_BIND | attributes | locked)
