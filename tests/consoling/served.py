"""Real servers for tests: an application on a free port of this machine, in a thread of its own."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_S = 20.0


@contextmanager
def serving(make: Callable[[str], Any]) -> Iterator[str]:
    """Serve what ``make`` gives for the URL that it will have, until the block ends."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            make(url),
            proxy_headers=False,
            server_header=False,
            log_config=None,
            log_level="critical",
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            _await(server, thread)
            yield url
        finally:
            server.should_exit = True
            thread.join(START_S)


def _await(server: uvicorn.Server, thread: threading.Thread) -> None:
    waited = threading.Event()
    for _ in range(int(START_S / 0.02)):
        if server.started:
            return
        assert thread.is_alive(), "the server did not start"
        waited.wait(0.02)
    raise AssertionError("the server did not start in time")
