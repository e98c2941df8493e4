"""The filter of system calls, played through for each machine."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from geogate.sandbox.seccomp import program
from geogate.sandbox.syscalls import ALLOWED, FATAL, NUMBERS, REFUSED

if TYPE_CHECKING:
    from collections.abc import Sequence

ALLOW, KILL, REFUSE, UNKNOWN = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PID = 7


def answer(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """Run the filter as the kernel does."""
    data = [number, ARCHITECTURES[machine] if architecture is None else architecture, 0, 0]
    for argument in (*arguments, *[0] * 6)[:6]:
        data += [argument & 0xFFFFFFFF, argument >> 32 & 0xFFFFFFFF]
    return _run(program(machine, PID), data)


def _run(code: Sequence[tuple[int, int, int, int]], data: Sequence[int]) -> int:
    at, held = 0, 0
    while True:
        operation, met, missed, value = code[at]
        at += 1
        if operation == 0x06:
            return value
        if operation == 0x20:
            held = data[value // 4]
        else:
            holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[operation]
            at += met if holds else missed


@pytest.fixture(params=NUMBERS)
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_call_has_the_answer_of_its_list(machine: str) -> None:
    for names, expected in ((ALLOWED, ALLOW), (FATAL, KILL), (REFUSED, REFUSE)):
        for name in names & NUMBERS[machine].keys():
            assert answer(machine, NUMBERS[machine][name]) == expected, name


def test_no_call_is_on_two_lists_and_no_number_has_two_names(machine: str) -> None:
    assert not ALLOWED & FATAL
    assert not ALLOWED & REFUSED
    assert not FATAL & REFUSED
    assert len(set(NUMBERS[machine].values())) == len(NUMBERS[machine])


def test_calls_that_are_not_listed_do_not_exist(machine: str) -> None:
    known = set(NUMBERS[machine].values())
    assert {answer(machine, number) for number in range(600) if number not in known} == {UNKNOWN}


def test_calls_of_another_machine_are_fatal(machine: str) -> None:
    assert answer(machine, NUMBERS[machine]["read"], architecture=0x40000003) == KILL


def test_calls_of_the_third_kind_of_x86_are_fatal() -> None:
    assert answer("x86_64", 0x40000000) == KILL
    assert answer("x86_64", 0x40000000 + NUMBERS["x86_64"]["read"]) == KILL


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("clone", (0x3D0F00,), ALLOW),
        ("clone", (0x11,), REFUSE),
        ("clone", (0x3D0F00 | 0x10000000,), KILL),
        ("clone3", (), UNKNOWN),
        ("socket", (1,), REFUSE),
        ("socket", (2,), KILL),
        ("socket", (10,), KILL),
        ("socket", (16,), KILL),
        ("socket", (17,), KILL),
        ("ioctl", (1, 0x5401), ALLOW),
        ("ioctl", (1, 0x5412), 0x50000 | errno.ENOTTY),
        ("prctl", (15,), ALLOW),
        ("prctl", (1,), REFUSE),
        ("prctl", (22,), REFUSE),
        ("fcntl", (1, 3), ALLOW),
        ("fcntl", (1, 8), REFUSE),
        ("kill", (PID,), ALLOW),
        ("kill", (PID + 1,), REFUSE),
        ("kill", (0xFFFFFFFF,), REFUSE),
        ("kill", (0,), REFUSE),
        ("tgkill", (PID, 9), ALLOW),
        ("tgkill", (1, 9), REFUSE),
        ("tkill", (PID,), REFUSE),
        ("prlimit64", (0, 7, 0, 1), ALLOW),
        ("prlimit64", (PID, 7, 0, 1), REFUSE),
        ("prlimit64", (0, 7, 1, 0), REFUSE),
        ("prlimit64", (0, 7, 1 << 32, 0), REFUSE),
    ],
)
def test_what_depends_on_arguments_depends_on_them(
    machine: str, name: str, arguments: tuple[int, ...], expected: int
) -> None:
    assert answer(machine, NUMBERS[machine][name], *arguments) == expected
