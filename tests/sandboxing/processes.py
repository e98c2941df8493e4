"""Processes as the kernel lists them."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def below(pid: int) -> list[int]:
    """Name all processes below one, the nearest first."""
    try:
        children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [*children, *(deeper for each in children for deeper in below(each))]


def lives(pid: int) -> bool:
    """Tell whether a process lives; one that only waits to be heard of does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def as_ordinary_user(command: Sequence[str], user: int = 1234) -> list[str]:
    """Give a command that runs another as a user without rights, where this one is root."""
    drop = f"exec setpriv --reuid={user} --regid={user} --clear-groups --inh-caps=-all --bounding-set=-all "
    script = drop + shlex.join(command)
    python = Path(sys.base_prefix)
    closed = next((path for path in reversed(python.parents) if not path.stat().st_mode & 0o001), None)
    if closed is not None:
        # The interpreter lies in root's own folder: show it alone, in a mount namespace.
        shown = closed / python.relative_to(closed).parts[0]
        script = (
            f"set -e; mount --rbind {shown} /mnt; mount -t tmpfs -o mode=755 none {closed};"
            f" mkdir -p {shown}; mount --rbind /mnt {shown}; umount -l /mnt; {script}"
        )
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
