"""The server of the tests and the demonstration: it starts on loopback, forgets on demand, and always stops."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from infra import ministack as server_module
from infra.ministack import MinistackError, ministack

if TYPE_CHECKING:
    from pathlib import Path


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_server_stops_also_when_its_user_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ministack(tmp_path) as server:  # noqa: PT012
        assert answers(server.port)
        server.reset()
        raise ZeroDivisionError
    assert not answers(server.port)
    with pytest.raises(MinistackError, match="did not reset"):
        server.reset()


def test_a_server_that_cannot_start_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ministack"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(server_module, "PROGRAM", program)
    with pytest.raises(MinistackError, match="did not start"), ministack(tmp_path):
        pass
    monkeypatch.setattr(server_module, "PROGRAM", tmp_path / "missing")
    with pytest.raises(MinistackError, match="make setup"), ministack(tmp_path):
        pass
