"""A real S3, IAM, STS and CloudFormation server on loopback for tests and the demonstration; never for production.

ministack runs from an environment of its own, because it pins its own botocore. With ``AUTH=true`` it checks
signatures and evaluates policies, except for its root key: that one is for setting things up only.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROGRAM: Final = Path(__file__).resolve().parent.parent / ".venv-ministack" / "bin" / "ministack"
ACCOUNT: Final = "111122223333"
REGION: Final = "eu-central-1"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
ATTEMPTS: Final = 3


class MinistackError(RuntimeError):
    """The server did not start, or did not do as it was told."""


ROOT: Final = Keys(id="test", secret="test")  # noqa: S106 - the emulator's well-known root key
"""Skips all policies: for setting up, never for a test of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ministack:
    """A running server."""

    port: int
    log: Path

    @property
    def endpoint(self) -> str:
        """The address of all its services."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def account(self) -> str:
        """The account that owns everything in it."""
        return ACCOUNT

    def environment(self, keys: Keys) -> dict[str, str]:
        """Return the variables with which boto3, in this or another process, talks to this server as ``keys``."""
        found = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": keys.id,
            "AWS_SECRET_ACCESS_KEY": keys.secret,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        return found | ({"AWS_SESSION_TOKEN": keys.token} if keys.token else {})

    def reset(self) -> None:
        """Forget all buckets, users and stacks.

        Raises: MinistackError.
        """
        if _request(self.port, "POST", "/_ministack/reset", seconds=10.0) != http.HTTPStatus.OK:
            raise MinistackError("the server did not reset")


@contextmanager
def ministack(folder: Path) -> Iterator[Ministack]:
    """Run a server that keeps its data and its log below ``folder``; it is stopped in any case.

    Raises: MinistackError when it cannot be started.
    """
    if not PROGRAM.exists():
        raise MinistackError("the ministack environment is missing: run `make setup`")
    server, process = _start(folder)
    try:
        yield server
    finally:
        stop(process)


def _start(folder: Path) -> tuple[Ministack, subprocess.Popen[bytes]]:
    for _ in range(ATTEMPTS):  # another process may take the port between our look and the server's
        server = Ministack(port=free_port(), log=folder / "ministack.log")
        process = spawn(server, folder=folder)
        try:
            if ready(server, process):
                return server, process
        except BaseException:
            stop(process)
            raise
        stop(process)
    raise MinistackError("ministack did not start: its log says why")


def spawn(server: Ministack, *, folder: Path, lasting: bool = False) -> subprocess.Popen[bytes]:
    """Start the server's process in a session of its own.

    One that is ``lasting`` writes each object to the disk before it answers, and all else when it is told to end, so
    that another one on the same folder goes on with it.
    """
    data = folder / "s3"
    data.mkdir(parents=True, exist_ok=True)
    lasts = {"S3_PERSIST": "1", "PERSIST_STATE": "1", "STATE_DIR": str(folder / "state")} if lasting else {}
    settings = {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(server.port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "S3_DATA_DIR": str(data),
        "TMPDIR": str(folder),
    }
    with server.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own program
            [str(PROGRAM)],
            env=_clean(os.environ) | settings | lasts,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out what would reach into the server: the caller's AWS settings and Python's paths."""
    return {k: v for k, v in environ.items() if not k.startswith(("AWS_", "PYTHON", "MINISTACK_", "S3_"))}


def ready(server: Ministack, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers; ``False`` when its process ended, or nothing was heard for too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if _request(server.port, "GET", "/_ministack/health", seconds=2.0) == http.HTTPStatus.OK:
            return True
        time.sleep(0.1)
    return False


def _request(port: int, method: str, path: str, *, seconds: float) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def free_port() -> int:
    """Find a port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and all that it started: they share a session of their own."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
