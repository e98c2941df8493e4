"""How a child can end other than with an answer; each of these denies."""

from __future__ import annotations

from enum import StrEnum

from geogate.model.errors import ServiceError


class LimitKind(StrEnum):
    """What a child did that no reader may do."""

    CPU = "cpu"
    MEMORY = "memory"
    WALL = "wall"
    OUTPUT = "output"
    THREADS = "threads"
    SIGNAL = "signal"
    FORBIDDEN = "forbidden"
    PROTOCOL = "protocol"
    STRAY_FILE = "stray-file"


_SUMMARIES = {
    LimitKind.CPU: "the child process used more processor time than it may",
    LimitKind.MEMORY: "the child process wanted more memory than it may have",
    LimitKind.WALL: "the child process did not answer in time",
    LimitKind.OUTPUT: "the child process wrote more than it may",
    LimitKind.THREADS: "the child process began more threads than it may",
    LimitKind.SIGNAL: "the child process crashed or was killed",
    LimitKind.FORBIDDEN: "the child process asked the system for what no reader needs, such as a network",
    LimitKind.PROTOCOL: "the child process did not answer as it must",
    LimitKind.STRAY_FILE: "the child process left files that it did not declare, or that are no plain files",
}

_REMEDIES = {
    LimitKind.CPU: "split the dataset, or raise the limit of processor time",
    LimitKind.MEMORY: "split the dataset, or raise the limit of memory",
    LimitKind.WALL: "split the dataset, or raise the limit of time",
    LimitKind.OUTPUT: "split the dataset, or raise the limit of output",
}

_REMEDY = "export the file again with a common tool; it is damaged or made to break its readers"


class ChildLimitError(Exception):
    """A child crossed a limit, crashed or misbehaved; its session is over and what it gave before counts for nothing.

    ``detail`` is a signal's name or the like. No text holds anything that the child said.
    """

    def __init__(self, kind: LimitKind, *, detail: str = "") -> None:
        summary = f"{_SUMMARIES[kind]} ({detail})" if detail else _SUMMARIES[kind]
        super().__init__(summary)
        self.kind = kind
        self.summary = summary
        self.detail = detail
        self.remedy = _REMEDIES.get(kind, _REMEDY)


class ChildFailedError(Exception):
    """A function raised in the child; ``error`` is the name of the exception's type and nothing else of it."""

    def __init__(self, error: str) -> None:
        super().__init__(f"a function failed in the child process: {error}")
        self.error = error


class NotIsolatedError(ServiceError):
    """This machine cannot isolate readers as is demanded; nothing is read."""

    retryable = False
