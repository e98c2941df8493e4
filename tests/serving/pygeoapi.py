"""pygeoapi, the reference server of OGC API Features, in a process and an environment of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.apache import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serving.authority import Identity

PYTHON = Path(__file__).resolve().parents[2] / ".venv-pygeoapi" / "bin" / "python"
SERVE = """
import ssl, sys
from werkzeug.serving import make_server
from pygeoapi.flask_app import APP
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
make_server("127.0.0.1", int(sys.argv[1]), APP, threaded=True, ssl_context=context).serve_forever()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pygeoapi:
    """A running server with one collection, which ``uri`` names."""

    port: int
    folder: Path

    @property
    def uri(self) -> str:
        return f"ogcapi://localhost:{self.port}/collections/roads/"

    def features(self) -> list[Any]:
        """Read what is in the database of the collection."""
        kept = json.loads((self.folder / "roads.db").read_text() or "{}")
        return list(kept.get("_default", {}).values())

    def keep(self, features: list[Any]) -> None:
        """Write the database of the collection past the server."""
        rows = {str(number): feature for number, feature in enumerate(features, start=1)}
        (self.folder / "roads.db").write_text(json.dumps({"_default": rows}))


def _configuration(folder: Path, port: int) -> dict[str, Any]:
    contact = {"name": "test", "url": "https://localhost/"}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": f"https://localhost:{port}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 10, "max_items": 50},
            "map": {"url": "https://localhost/{z}/{x}/{y}", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "test",
                "description": "test",
                "keywords": ["test"],
                "terms_of_service": "none",
                "url": "https://localhost/",
            },
            "license": {"name": "none"},
            "provider": contact,
            "contact": contact,
        },
        "resources": {
            "roads": {
                "type": "collection",
                "title": "Roads",
                "description": "Roads of a test",
                "keywords": ["roads"],
                "links": [],
                "extents": {"spatial": {"bbox": [-180, -90, 180, 90]}},
                "providers": [
                    {
                        "type": "feature",
                        "name": "TinyDB",
                        "editable": True,
                        "data": str(folder / "roads.db"),
                        "id_field": "id",
                        "title_field": "name",
                    }
                ],
            }
        },
    }


@contextmanager
def pygeoapi(identity: Identity) -> Iterator[Pygeoapi]:
    """Run the server."""
    with tempfile.TemporaryDirectory(prefix="geogate-pygeoapi-") as name:
        server = Pygeoapi(port=free_port(), folder=Path(name))
        server.keep([])
        configuration, openapi = server.folder / "config.yml", server.folder / "openapi.json"
        configuration.write_text(json.dumps(_configuration(server.folder, server.port)))
        openapi.write_text(json.dumps({"openapi": "3.0.2", "info": {"title": "test", "version": "1"}, "paths": {}}))
        log = server.folder / "log"
        environment = os.environ | {"PYGEOAPI_CONFIG": str(configuration), "PYGEOAPI_OPENAPI": str(openapi)}
        arguments = [str(server.port), str(identity.certificate), str(identity.key)]
        with log.open("wb") as file:
            process = subprocess.Popen(
                [PYTHON, "-c", SERVE, *arguments], env=environment, stdout=file, stderr=file, cwd=server.folder
            )
        try:
            _wait(server, process, log)
            yield server
        finally:
            process.terminate()
            process.wait(20)


def _wait(server: Pygeoapi, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise AssertionError(log.read_text())
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("pygeoapi does not listen")
