"""How one input ended, and the limits that it had to keep."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import FrameType

MOST_S: Final = 60
"""An input of a few kilobytes that takes longer is a hang."""


class End(StrEnum):
    """How an input ended."""

    READ = "read"
    """In process: to its end. Through the gate: at least one layer was measured, and the verdict denied or held."""
    REFUSED = "refused"
    """Nothing was read of it, in words of the product."""
    CONTAINED = "contained"
    """The reading child died or failed, or warned; the verdict denies for that reason."""
    CRASH = "crash"
    """An exception that is none of the product's, or something was left behind, or a text names a path."""
    HANG = "hang"
    CLEAR = "clear"


BAD: Final = frozenset({End.CRASH, End.HANG, End.CLEAR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """An end, and what was seen; for people, not for the ledger."""

    end: End
    seen: str = ""


class OverTimeError(BaseException):
    """The time is over; no handler of errors may take it for one."""


@contextmanager
def within(seconds: int = MOST_S) -> Iterator[None]:
    """Raise ``OverTimeError`` in the main thread when a block takes longer."""

    def over(_number: int, _frame: FrameType | None) -> None:
        raise OverTimeError

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def write(files: Mapping[str, bytes], folder: Path) -> dict[Path, str]:
    """Write the files of a dataset into a folder, and give each with its name."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return {folder / name: name for name in files}
