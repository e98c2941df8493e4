"""What a child may use, and the part of it that the kernel watches over."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MIB: Final = 1 << 20
GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one child.

    ``wall_s`` counts only while a call is waited for. ``memory_bytes`` comes on top of what the libraries take that
    were loaded before. ``output_bytes`` is the sum of all files in the output, ``scratch_bytes`` of those in the folder
    for what is only used meanwhile, such as members of containers; with 0 there is none. ``answer_bytes`` is the length
    of the longest answer.
    """

    cpu_s: int = 1800
    wall_s: float = 3600.0
    memory_bytes: int = 8 * GIB
    output_bytes: int = 64 * GIB
    scratch_bytes: int = 16 * GIB
    answer_bytes: int = 256 * MIB
    files: int = 512
    threads: int = 128


def apply_limits(limits: Limits, *, file_bytes: int, processes: int | None) -> tuple[str, ...]:
    """Bind this process; it cannot be undone.

    ``file_bytes`` bounds each file that is written, ``processes`` those of the user, ``None`` where others count.

    Raises: OSError, ValueError when the system does not take a limit.
    """
    # Not above what this process was given itself.
    _bind(resource.RLIMIT_CPU, limits.cpu_s)
    _bind(resource.RLIMIT_CORE, 0)
    _bind(resource.RLIMIT_NOFILE, limits.files)
    _bind(resource.RLIMIT_FSIZE, file_bytes)
    _bind(resource.RLIMIT_DATA, data_bytes() + limits.memory_bytes)
    if processes is not None:
        _bind(resource.RLIMIT_NPROC, processes)
    return ("rlimits",)


def _bind(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (least, least))


def data_bytes() -> int:
    """Return the writable memory that this process has of its own."""
    return _kib("VmData", "self") * 1024


def status_of(pid: int) -> tuple[int, int]:
    """Return the resident bytes that a process does not share with files, and the number of its threads.

    Raises: OSError when there is no such process.
    """
    text = Path(f"/proc/{pid}/status").read_text()
    found = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    resident = sum(int(found.get(name, "0 kB").split()[0]) for name in ("RssAnon", "RssShmem"))
    return resident * 1024, int(found.get("Threads", "1"))


def _kib(name: str, process: str) -> int:
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:  # no such files on other systems
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:")), 0)
