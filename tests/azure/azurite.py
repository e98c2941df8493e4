"""Azure's emulator on loopback, with a container of its own for each test."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from serving.sshd import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).parents[2] / ".venv-azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Source: the emulator's well-known account, which is no secret."""

START_SECONDS = 60.0
VERSION = "2021-08-06"


@dataclass(slots=True, kw_only=True)
class Azurite:
    """A running emulator that keeps its data in a folder."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    def environment(self, **more: str) -> dict[str, str]:
        """Return the variables with which the store is found, with the account's key or other credentials."""
        return {"AZURE_STORAGE_ENDPOINT": self.endpoint} | (more or {"AZURE_STORAGE_ACCOUNT_KEY": KEY})

    def start(self) -> None:
        options = ["--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--location", str(self.folder)]
        options += ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(["node", str(PROGRAM), *options], stdout=log, stderr=log)
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends and self.process.poll() is None:
            try:
                self.ask("GET", "", "comp=list")
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError("azurite did not start: " + (self.folder / "log").read_text())

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=10)
            self.process = None

    def make(self, container: str, *, public: str = "") -> None:
        """Make a container; a ``public`` one lets anybody list it."""
        self.ask("PUT", f"/{container}", "restype=container", {"x-ms-blob-public-access": public} if public else {})

    def blobs(self, container: str) -> str:
        """List what lies there, in the emulator's words."""
        return self.ask("GET", f"/{container}", "comp=list&restype=container").decode()

    def put(self, container: str, name: str, body: bytes) -> None:
        """Put a blob past the gate."""
        self.ask("PUT", f"/{container}/{quote(name)}", "", {"x-ms-blob-type": "BlockBlob"}, body)

    def remove(self, container: str, name: str = "") -> None:
        query = "" if name else "restype=container"
        self.ask("DELETE", f"/{container}" + (f"/{quote(name)}" if name else ""), query)

    def sas(self, container: str, *, seconds: float, permissions: str = "rwdlc") -> str:
        """Sign a token for a container that ends in a while. Source: Azure Storage, service SAS, 2020-12-06."""
        ends = f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
        fields = [permissions, "", ends, f"/blob/{ACCOUNT}/{container}", "", "", "", "2020-12-06", "c", *[""] * 7]
        signature = _sign("\n".join(fields))
        return f"sv=2020-12-06&se={quote(ends)}&sr=c&sp={permissions}&sig={quote(signature, safe='')}"

    def ask(
        self, method: str, path: str, query: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> bytes:
        """Ask with the account's key. Source: Azure Storage, authorize with Shared Key."""
        said = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": VERSION} | (headers or {})
        if body:
            said["Content-Type"] = "application/octet-stream"
        own = "".join(f"{name}:{value}\n" for name, value in sorted(said.items()) if name.startswith("x-ms-"))
        parts = "".join(f"\n{each.replace('=', ':', 1)}" for each in sorted(filter(None, query.split("&"))))
        resource = f"/{ACCOUNT}/{ACCOUNT}{path}{parts}"
        kind = said.get("Content-Type", "")
        text = f"{method}\n\n\n{len(body) or ''}\n\n{kind}\n\n\n\n\n\n\n{own}{resource}"
        said["Authorization"] = f"SharedKey {ACCOUNT}:{_sign(text)}"
        url = f"http://127.0.0.1:{self.port}/{ACCOUNT}{path}" + (f"?{query}" if query else "")
        request = urllib.request.Request(url, method=method, headers=said, data=body or None)
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: bytes = answer.read()
        return found


def _sign(text: str) -> str:
    return base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()


@contextmanager
def azurite(folder: Path) -> Iterator[Azurite]:
    """Run an emulator; it is stopped in any case."""
    server = Azurite(folder=folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
