"""A worker of the pool: a process that submits, approves and sends through the gate's use cases, as Airflow's do.

It dies when it is told to, by SIGKILL and in the middle of an act, and knows nothing of it. What an act raises goes
back to the pool, which tries again what geogate says may be tried again.
"""

from __future__ import annotations

import ctypes
import os
import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chaos.moments import Act, Hearing, Moment, Target

from geogate.gate.house import House, Wish
from geogate.model.errors import GeogateError, RefusedError
from geogate.model.lifecycle import State
from geogate.model.names import Nonce, RequestId

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

_DIE_WITH_PARENT: Final = 1
REQUESTER: Final = "rita"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One try of an act; ``request`` is what is approved, ``nonce`` what is sent with."""

    dataset: str
    act: Act
    attempt: int
    wish: Wish | None = None
    request: str = ""
    nonce: str = ""
    reviewer: str = ""
    moment: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a try ended: the state of the request that follows, or what was raised.

    ``came`` says whether the moment of the task came.
    """

    state: str = ""
    request: str = ""
    nonce: str = ""
    error: str = ""
    retryable: bool = False
    came: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """That the worker is at the moment of its task: the pool kills what dies then, and answers a worker that waits."""

    moment: Moment
    phase: str


def work(channel: Connection, environment: Mapping[str, str]) -> None:
    """Do tasks until the pool hangs up, or is no more."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)

    def strike(moment: Moment) -> None:
        channel.send(Struck(moment=moment, phase=hearing.phase))
        if moment.target is Target.PROCESS:
            os.kill(os.getpid(), signal.SIGKILL)
        if not moment.delay_ms:
            channel.recv()

    hearing = Hearing(strike)
    while True:
        try:
            task: Task = channel.recv()
        except EOFError:
            return
        hearing.begin(task.moment)
        done = _tried(task, environment)
        came = hearing.over()
        channel.send(replace(done, came=came))


def _tried(task: Task, environment: Mapping[str, str]) -> Done:
    try:
        return _DOING[task.act](task, environment)
    except GeogateError as error:
        return Done(error=f"{type(error).__name__}: {error.summary}", retryable=error.retryable)


def _submit(task: Task, environment: Mapping[str, str]) -> Done:
    from geogate.gate.submit import submit

    if task.wish is None:
        raise ValueError("a task to submit has a wish")
    found = submit(task.wish, house=House.from_environment(environment, actor=REQUESTER))
    return Done(state=found.state, request=str(found.request), nonce=str(found.clearance or ""))


def _approve(task: Task, environment: Mapping[str, str]) -> Done:
    """Vote as a person would, who looks at the request again where an earlier try was not heard of any more."""
    from geogate.gate.review import approve

    house, request = House.from_environment(environment, actor=task.reviewer), RequestId(task.request)
    with house.ledger() as ledger:
        voted = task.attempt > 1 and any(vote.reviewer == task.reviewer for vote in ledger.votes(request))
    if not voted:
        approve(request, comment="looked at it", house=house)
    with house.ledger() as ledger:
        kept = ledger.clearance_of(request)
        return Done(state=ledger.request(request).state, request=task.request, nonce=str(kept[0].nonce) if kept else "")


def _send(task: Task, environment: Mapping[str, str]) -> Done:
    """Send as Airflow's task does: a later try asks first whether an earlier one has delivered."""
    from geogate.gate.send import receipt_of, send_by_nonce

    house, nonce = House.from_environment(environment, actor=REQUESTER), Nonce(task.nonce)
    try:
        receipt = (receipt_of(nonce, house=house) if task.attempt > 1 else None) or send_by_nonce(nonce, house=house)
    except RefusedError:
        # The other one of two tries at once may have been quicker; then there is its receipt.
        other = receipt_of(nonce, house=house)
        if other is None:
            raise
        receipt = other
    return Done(state=State.SENT, request=str(receipt.request), nonce=task.nonce)


def _anchor(_: Task, environment: Mapping[str, str]) -> Done:
    """Sign the head of the ledger and keep it where no server forgets it."""
    from geogate.gate.anchors import anchor

    anchor(house=House.from_environment(environment, actor="keeper"))
    return Done(state="anchored")


_DOING: Final = {Act.SUBMIT: _submit, Act.APPROVE: _approve, Act.SEND: _send, Act.ANCHOR: _anchor}
