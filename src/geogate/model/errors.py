"""The one tree of errors, grouped by what the caller can do; a message never holds a coordinate or a field value.

A refusal by policy is not an error: it is a ``Verdict``. An error means that no verdict was reached, or that an
action was not allowed, and never that data may go.
"""

from __future__ import annotations

from typing import ClassVar


class GeogateError(Exception):
    """Something went wrong; ``summary`` says what, ``hint`` says what to do about it."""

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, summary: str, *, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.summary} ({self.hint})" if self.hint else self.summary


class UsageError(GeogateError):
    """The call itself is wrong: an option, a name or a combination of them."""

    exit_code = 2


class InputError(GeogateError):
    """The staged data cannot be found or opened at all."""

    exit_code = 3


class PolicyError(GeogateError):
    """A policy, a recipient file or a zone list is invalid, stale or not wholly readable: the gate stays shut."""

    exit_code = 4


class ServiceError(GeogateError):
    """A service that the gate needs does not answer as it must: the ledger, a bucket, a disk."""

    exit_code = 5
    retryable = True


class RefusedError(GeogateError):
    """The gate refuses an action: a spent clearance, a vote by the requester, an artefact that changed."""

    exit_code = 11
