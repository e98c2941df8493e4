"""How the gate's answers end a task: what trying again cannot help is never retried.

The causes are cut off on purpose: Airflow logs whole chains, and what a library raised may name a path or a value.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from geogate.airflow.report import plain
from geogate.model.errors import GeogateError

if TYPE_CHECKING:
    from collections.abc import Iterator


class DeniedError(AirflowFailException):
    """The verdict denies: nothing leaves, and the same data will be denied again."""


class HeldError(AirflowFailException):
    """The verdict holds, and the task does not wait: reviewers decide, then it is cleared by hand."""


class UndecidedError(AirflowFailException):
    """Nobody decided on a held release in time: nothing leaves."""


class ChangedError(AirflowFailException):
    """An audit found releases that would not leave today."""


class StoppedError(AirflowFailException):
    """No verdict was reached, or the gate refused; trying the same again does not help."""


class ServiceDownError(AirflowException):
    """A service that the gate needs does not answer; the task is tried again as often as it says."""


@contextmanager
def ending_the_task() -> Iterator[None]:
    """Turn the gate's errors into Airflow's: retried if that can help, and on one line.

    Raises: StoppedError, ServiceDownError.
    """
    try:
        yield
    except GeogateError as error:
        kind = ServiceDownError if error.retryable else StoppedError
        raise kind(plain(str(error))) from None
