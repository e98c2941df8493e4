"""An act in a process of its own that is killed at one of its steps, as ``kill -9`` or a power cut would do it.

A step is a commit of the database, before and after it, or a change of names or locks in the file system; the act
knows nothing of it.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

if TYPE_CHECKING:
    from collections.abc import Callable

_FILES = frozenset({"os.link", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "fcntl.flock"})


class Steps(StrEnum):
    """Which steps count."""

    ALL = auto()
    COMMITS = auto()
    AFTER_COMMITS = auto()


def killed_at(step: int, act: Callable[[], object], *, steps: Steps = Steps.ALL) -> bool:
    """Run the act and kill it at a step; ``False`` when it came to its end before."""
    process = fork()
    if process == 0:
        _run(step, act, steps=steps)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert code in {0, -signal.SIGKILL}, f"the act ended with {code}"
    return code != 0


def fork() -> int:
    """Fork as ``os.fork`` does; this process's threads, of which newer Pythons warn, are idle."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _run(step: int, act: Callable[[], object], *, steps: Steps) -> None:
    count = iter(range(step, -1, -1))

    def tick(*_: Any, **__: Any) -> None:
        if next(count) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(name: str, _: Any) -> None:
        if name in _FILES:
            tick()

    event.listen(Engine, "checkin", tick)
    if steps is not Steps.AFTER_COMMITS:
        event.listen(Engine, "commit", tick)
    if steps is Steps.ALL:
        sys.addaudithook(audit)
    code = 1
    try:
        act()
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, the parent must hear of it
        traceback.print_exc()
    finally:
        os._exit(code)
