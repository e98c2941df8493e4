"""A connection to an SFTP server whose host key is pinned; nothing but the registration and the settings says how.

Neither ``known_hosts`` nor a configuration, an agent or a key of the user is looked at, and a key that nobody
registered is never trusted. The connection lives in a thread with an event loop of its own, so that a caller may be
anywhere: in a plain function, in a task of Airflow, or below an event loop that runs already.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import asyncssh

from geogate.destinations.sftp_errors import translated
from geogate.destinations.sftp_files import Files
from geogate.destinations.sftp_keys import credentials_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from geogate.policy.place_sftp import Account

T = TypeVar("T")

CONNECT_S: Final = 10
LOGIN_S: Final = 20
MOST_SILENT: Final = 3
"""Questions whether the server is still there that may go unanswered."""

HOST_KEY_TYPES: Final = (
    "ssh-ed25519",
    *("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    *("rsa-sha2-512", "rsa-sha2-256"),
)
"""How a server may prove that it has a key; SHA-1 is none of them."""

AUTHENTICATION: Final = "publickey,password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Who the gate is on which server, by which of its keys the server is known, and where the gate's own keys are.

    Units: ``patience_s`` in seconds, for which each answer is awaited.
    """

    account: Account
    host_keys: tuple[str, ...]
    keys: Path | None
    patience_s: float

    @property
    def what(self) -> str:
        """Name it, for messages."""
        return f"server {self.account.host}"


def on_server(server: Server, work: Callable[[Files], Coroutine[None, None, T]]) -> T:
    """Connect, do the work, and hang up.

    Raises: ServiceError when the server is not the registered one, does not let the gate in or does not answer;
        whatever the work raises.
    """

    async def connected() -> T:
        async with _connected(server) as files:
            return await work(files)

    with translated(server.what):
        return _in_a_thread(connected)


@asynccontextmanager
async def _connected(server: Server) -> AsyncIterator[Files]:
    who = credentials_for(server.account, folder=server.keys)
    trusted = [asyncssh.import_public_key(key) for key in server.host_keys]
    connection = await asyncssh.connect(
        server.account.host,
        server.account.port,
        config=None,
        username=server.account.user,
        known_hosts=(trusted, [], []),
        server_host_key_algs=_asked(trusted),
        client_keys=list(who.keys) or None,
        password=who.password,
        preferred_auth=AUTHENTICATION,
        kbdint_auth=False,
        host_based_auth=False,
        gss_auth=False,
        gss_kex=False,
        agent_path=None,
        agent_forwarding=False,
        x509_trusted_certs=None,
        compression_algs=None,
        connect_timeout=min(CONNECT_S, server.patience_s),
        login_timeout=min(LOGIN_S, server.patience_s),
        keepalive_interval=server.patience_s / MOST_SILENT,
        keepalive_count_max=MOST_SILENT,
    )
    try:
        # Names that are no UTF-8 are shown with escapes: none of ours is.
        starting = connection.start_sftp_client(path_errors="backslashreplace")
        client = await asyncio.wait_for(starting, server.patience_s)
        key = connection.get_server_host_key()
        yield Files(client=client, host_key=key.get_fingerprint() if key else "", patience_s=server.patience_s)
    finally:
        connection.abort()


def _asked(trusted: list[asyncssh.SSHKey]) -> list[str]:
    """Ask for keys of the registered types first, and for others too: one of those is refused, by its own name."""
    known = {str(name, "ascii") for key in trusted for name in key.sig_algorithms}
    return sorted(HOST_KEY_TYPES, key=lambda name: name not in known)


def _in_a_thread(work: Callable[[], Coroutine[None, None, T]]) -> T:
    """Run a coroutine in a new thread; when the caller is interrupted, it is cancelled."""
    result: Future[T] = Future()
    loop = asyncio.new_event_loop()

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                result.set_result(runner.run(work()))
        except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
            result.set_exception(error)

    thread = threading.Thread(target=run, name="geogate-sftp", daemon=True)
    thread.start()
    try:
        return result.result()
    except BaseException:
        if not result.done():
            loop.call_soon_threadsafe(_cancel_all, loop)
            thread.join(CONNECT_S)
        raise


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
