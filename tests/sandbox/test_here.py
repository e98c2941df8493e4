"""Readers in this process, under a policy that asks for no isolation: what they say beside their answer denies too."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
import warnings
from typing import TYPE_CHECKING

import pytest

from geogate.gate.here import Here
from geogate.gate.inspection import Inspection
from geogate.gate.overhear import Heard, overhearing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIBC = ctypes.CDLL(None)
LIBRARY = logging.getLogger("a.reading.library")


def _in_a_thread() -> None:
    thread = threading.Thread(target=lambda: os.write(2, b"!"))
    thread.start()
    thread.join()


COMPLAINTS: dict[str, Callable[[], object]] = {
    "a warning": lambda: warnings.warn("odd", UserWarning, stacklevel=1),
    "a line of a log": lambda: LIBRARY.warning("odd"),
    "standard output": lambda: print("odd"),  # noqa: T201
    "standard error": lambda: print("odd", file=sys.stderr),  # noqa: T201
    "the first standard error": lambda: print("odd", file=sys.__stderr__),
    "a C library to standard output": lambda: LIBC.puts(b"odd"),
    "a C library to standard error": lambda: os.write(2, b"!"),
    "a thread": _in_a_thread,
}


def said(what: Callable[[], object], folder: Path) -> list[str]:
    """Run a reader that says something, then another that does not, and name the findings."""
    inspection = Inspection(child=Here(scratch=folder, output=None, on_rows=lambda _: None), on_rows=lambda _: None)
    inspection.child.call(lambda _inside: what(), gives=object)
    inspection.child.call(lambda _inside: None, gives=object)
    return [str(finding.rule) for finding in inspection.finish()]


@pytest.mark.parametrize("name", COMPLAINTS)
def test_whatever_a_reader_says_to_nobody_denies(name: str, tmp_path: Path) -> None:
    assert said(COMPLAINTS[name], tmp_path) == ["gate/reader-warned"]


@pytest.mark.parametrize("name", COMPLAINTS)
def test_it_is_heard_each_time_and_whatever_the_process_has_silenced(name: str, tmp_path: Path) -> None:
    logging.disable(logging.CRITICAL)
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert [said(COMPLAINTS[name], tmp_path) for _ in range(2)] == [["gate/reader-warned"]] * 2
        assert (root.level, root.manager.disable) == (logging.CRITICAL, logging.CRITICAL)
    finally:
        logging.disable(logging.NOTSET)
        root.setLevel(before)


@pytest.mark.parametrize(
    "what",
    [
        lambda: None,
        lambda: LIBRARY.info("a step"),
        lambda: warnings.warn("old code", DeprecationWarning, stacklevel=1),
        lambda: logging.getLogger("geogate.engines.spark").warning("kernels are not compiled"),
    ],
    ids=["nothing", "information", "code", "the gate itself"],
)
def test_what_is_not_about_the_data_does_not_deny(what: Callable[[], object], tmp_path: Path) -> None:
    assert said(what, tmp_path) == []


def test_a_reader_that_fails_after_its_complaint_was_heard(tmp_path: Path) -> None:
    here = Here(scratch=tmp_path, output=None, on_rows=lambda _: None)

    def fails(_inside: Here) -> None:
        os.write(2, b"!")
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        here.call(fails, gives=object)
    assert here.finish().warned


def test_output_and_logs_lead_where_they_led_before(tmp_path: Path) -> None:
    speaker = logging.StreamHandler(os.fdopen(2, "w", closefd=False))
    before = (os.fstat(1), os.fstat(2), sys.stdout, sys.stderr, speaker.stream)
    logging.getLogger().addHandler(speaker)
    try:
        said(COMPLAINTS["standard error"], tmp_path)
    finally:
        logging.getLogger().removeHandler(speaker)
    assert (os.fstat(1), os.fstat(2), sys.stdout, sys.stderr, speaker.stream) == before


def test_a_log_of_the_gate_on_standard_error_goes_on_and_is_no_complaint(capfd: pytest.CaptureFixture[str]) -> None:
    speaker, log, heard = logging.StreamHandler(os.fdopen(2, "w", closefd=False)), logging.getLogger(), Heard()
    log.addHandler(speaker)
    try:
        with overhearing(heard):
            logging.getLogger("geogate.gate.progress").warning("half of it")
    finally:
        log.removeHandler(speaker)
    assert capfd.readouterr().err == "half of it\n"
    assert not heard.anything


@pytest.mark.parametrize(("declared", "findings"), [(["a.csv"], []), ([], ["gate/reader-stopped"])])
def test_a_file_that_a_writer_did_not_declare_denies(tmp_path: Path, declared: list[str], findings: list[str]) -> None:
    output = tmp_path / "output"
    output.mkdir()
    inspection = Inspection(child=Here(scratch=tmp_path, output=output, on_rows=lambda _: None), on_rows=print)
    inspection.child.call(lambda _inside: (output / "a.csv").write_text("x"), gives=object)
    assert [finding.rule for finding in inspection.finish(declared)] == findings
