"""How far a pass has come: lines in a log now and then, a line that moves on a terminal."""

from __future__ import annotations

import logging
import os
import pty
import subprocess
import sys

import pytest

from geogate.cli.progress import rows_progress
from geogate.gate.progress import EVERY_S, SILENT, logged


class Clock:
    """Stands still until it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_short_pass_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with caplog.at_level(logging.INFO):
        progress = logged("judging", clock=clock)
        progress.on_total(1_000)
        clock.now += EVERY_S - 0.001
        progress.on_rows(500)
    assert caplog.messages == []


def test_a_long_pass_says_every_half_minute_how_far_it_is(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with caplog.at_level(logging.INFO):
        progress = logged("judging", clock=clock)
        clock.now += 1_000
        progress.on_total(10_000)
        for _ in range(4):
            clock.now += EVERY_S / 2
            progress.on_rows(1_500)
    assert caplog.messages == [
        "judging: 3,000 of 10,000 rows, 100 rows/s, 70 s left",
        "judging: 6,000 of 10,000 rows, 100 rows/s, 40 s left",
    ]


@pytest.mark.parametrize(
    ("total", "rows", "said"),
    [
        (None, 3_000, "screening: 3,000 rows, 100 rows/s"),
        (0, 3_000, "screening: 3,000 rows, 100 rows/s"),
        (10_000, 0, "screening: 0 rows, 0 rows/s"),
        (10_000, 30_000, "screening: 30,000 of 10,000 rows, 1,000 rows/s, 0 s left"),
    ],
)
def test_claims_that_are_missing_or_wrong_harm_nothing(
    total: int | None, rows: int, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    with caplog.at_level(logging.INFO):
        progress = logged("screening", clock=clock)
        progress.on_total(total)
        clock.now += EVERY_S
        progress.on_rows(rows)
    assert caplog.messages == [said]


def test_nobody_has_to_listen() -> None:
    SILENT.on_total(None)
    SILENT.on_rows(3)


def test_without_a_terminal_nothing_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with rows_progress("screening") as progress:
        progress.on_total(10)
        progress.on_rows(10)
    assert capfd.readouterr() == ("", "")


ON_A_TERMINAL = """
import time
from geogate.cli.progress import rows_progress

with rows_progress("screening") as progress:
    for total in (None, 2_000):
        progress.on_total(total)
        for _ in range(5):
            progress.on_rows(250)
            time.sleep(0.15)
"""


def test_a_terminal_shows_rows_of_the_claimed_rate_and_time_left() -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen([sys.executable, "-c", ON_A_TERMINAL], stderr=theirs, env=environment) as shown:
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 4096):
                text += piece
        except OSError:  # so a terminal says that the other side has gone
            pass
        assert shown.wait() == 0
    os.close(ours)
    said = text.decode()
    assert "of ? rows" in said
    assert "of 2,000 rows" in said
    assert "rows/s" in said
    assert "0:00:0" in said
