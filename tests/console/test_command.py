from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
from consoling.desk import ROLES

if TYPE_CHECKING:
    from gating.command import Command
    from gating.gate import Gate

PROXY = {"GEOGATE_CONSOLE_AUTH": "proxy", "GEOGATE_CONSOLE_PROXY_PEERS": "127.0.0.1"}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_the_console_does_not_start_where_nobody_would_have_to_sign_in(geogate: Command) -> None:
    ended = geogate("console")

    assert ended.code == 2
    assert "GEOGATE_CONSOLE_AUTH is not set" in ended.err


def test_the_command_serves_a_console_and_says_nothing_about_data_in_its_log(gate: Gate) -> None:
    (gate.policies.root / "roles.yaml").write_text(ROLES)
    url = f"http://127.0.0.1:{(port := free_port())}"
    environment = {**os.environ, **gate.environment(), **PROXY, "GEOGATE_CONSOLE_URL": url}
    command = [sys.executable, "-c", "from geogate.cli.main import main; main()", "console", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, cwd=gate.root) as running:
        try:
            code = _first_answer(url)
        finally:
            running.terminate()
        said = running.stderr.read() if running.stderr else ""

    assert code == 303
    assert "Traceback" not in said
    assert url in said


def _first_answer(url: str) -> int:
    for _ in range(600):
        try:
            return httpx.get(url).status_code
        except httpx.ConnectError:
            time.sleep(0.1)
    raise AssertionError("the console did not start")


def test_tokens_are_made_listed_and_revoked(geogate: Command) -> None:
    made = geogate("console", "token", "make", "pipeline", "--role", "reviewer", "--days", "1")
    listed = geogate("console", "token", "list")
    token_id = made.out.split("_")[1]
    revoked = geogate("console", "token", "revoke", token_id)
    again = geogate("console", "token", "revoke", token_id)

    assert made.out.startswith("gg_")
    assert "token:pipeline" in listed.out
    assert made.out.strip().split("_", 2)[2] not in listed.out
    assert (revoked.code, again.code) == (0, 2)


def test_all_sessions_of_somebody_can_be_ended(geogate: Command) -> None:
    assert "0 sessions of ada have ended" in geogate("console", "sign-out", "ada").out
