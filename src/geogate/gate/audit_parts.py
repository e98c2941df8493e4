"""Judge the parts of an audit on all cores: each process takes a part that nobody has taken, until there is none.

What is judged lies in the run's folder. What another process could not judge is judged by the caller, who meets the
reason: nothing is left out because a process died.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from geogate.engines.local import cores
from geogate.gate.audit_run import done_file, judge_part
from geogate.gate.reconcile_seen import audit_folder
from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess
    from pathlib import Path

    from geogate.gate.audit_run import PartDone, Run
    from geogate.gate.house import House

SEVERAL: Final = 2_000
"""Releases from which on another process is worth its start."""

MOST: Final = 8
"""Processes that judge at a time."""


def ended(run: Run, *, house: House) -> tuple[PartDone, ...]:
    """Gather the parts of a run; those that nobody judged yet are judged now, on all cores where they are many.

    Raises: as ``judge_part``.
    """
    helpers = _started(_processes(run, house) - 1, run, house)
    if helpers:
        try:
            _take(run, house)
        except BaseException:
            for helper in helpers:
                helper.terminate()
            raise
        finally:
            for helper in helpers:
                helper.join()
    return tuple(judge_part(part, run=run, house=house) for part in run.parts)


def _processes(run: Run, house: House) -> int:
    """Say how many processes judge: one where little is to be done, or this one cannot be forked."""
    forks = "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
    if not forks or multiprocessing.current_process().daemon:
        return 1
    waiting = [part for part in run.parts if not done_file(part, house=house).exists()]
    with house.ledger() as ledger:
        counts = dict(ledger.parts_sent())
    much = sum(counts.get(part, 0) for part in waiting) >= SEVERAL
    return min(cores(), len(waiting), MOST) if much else 1


def _started(count: int, run: Run, house: House) -> list[ForkProcess]:
    for part in run.parts if count > 0 else ():
        _taken(part, house).unlink(missing_ok=True)  # by a run that died
    context = multiprocessing.get_context("fork")
    helpers = [context.Process(target=_help, args=(run, house), daemon=True) for _ in range(count)]
    for helper in helpers:
        helper.start()
    return helpers


def _help(run: Run, house: House) -> None:
    with suppress(Exception):  # whatever it is, the caller judges that part itself, and raises it
        _take(run, house)


def _take(run: Run, house: House) -> None:
    """Judge what nobody has judged or taken.

    Raises: as ``judge_part``.
    """
    for part in run.parts:
        if not done_file(part, house=house).exists() and _take_one(part, house):
            judge_part(part, run=run, house=house)


def _take_one(part: str, house: House) -> bool:
    try:
        os.close(os.open(_taken(part, house), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    except OSError as error:
        raise ServiceError(f"the audit cannot keep what it knows ({error.strerror})") from error
    return True


def _taken(part: str, house: House) -> Path:
    return audit_folder(house) / "run" / f"part-{part}.taken"
