"""Apache with mod_dav on this machine: a server that takes PUT, heeds conditions and asks for a password."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serving.authority import Identity

APACHE = "/usr/sbin/apache2"
MODULES = Path("/usr/lib/apache2/modules")
USER, PASSWORD = "gate", "s3cret-of-the-test"

CONFIGURATION = """
ServerRoot {root}
ServerName localhost
PidFile {root}/apache.pid
DefaultRuntimeDir {root}
Mutex file:{root}
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authn_file_module {modules}/mod_authn_file.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_basic_module {modules}/mod_auth_basic.so
LoadModule dav_module {modules}/mod_dav.so
LoadModule dav_fs_module {modules}/mod_dav_fs.so
LoadModule ssl_module {modules}/mod_ssl.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
ErrorLog {root}/error.log
User www-data
Group www-data
StartServers 1
DocumentRoot {root}/documents
DavLockDB {root}/locks
SSLEngine on
SSLSessionCache none
SSLCertificateFile {certificate}
SSLCertificateKeyFile {key}
{more}
<Directory {root}/documents>
  Dav on
  AuthType Basic
  AuthName geogate
  AuthUserFile {root}/users
  Require valid-user
</Directory>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apache:
    """A running server; ``folder`` is what ``uri`` shows."""

    port: int
    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "documents" / "in"

    @property
    def uri(self) -> str:
        return f"https://localhost:{self.port}/in/"

    def holding(self) -> dict[str, bytes]:
        """Read everything that lies there."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes() for path in found if ".DAV" not in path.parts
        }

    def empty(self) -> None:
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def place(self, name: str, content: bytes) -> None:
        """Put something there past the server."""
        (self.folder / name).write_bytes(content)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def apache(identity: Identity, *, more: str = "") -> Iterator[Apache]:
    """Run a server; ``more`` are further lines of its configuration."""
    # Below the folders of tests nobody but their user may look, and Apache does not serve as root.
    root = Path(tempfile.mkdtemp(prefix="geogate-apache-"))
    root.chmod(0o755)
    server = Apache(port=free_port(), root=root)
    server.folder.mkdir(parents=True)
    for each in (root, server.folder.parent, server.folder):
        each.chmod(0o777)
    hashed = base64.b64encode(hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).digest()).decode()
    (root / "users").write_text(f"{USER}:{{SHA}}{hashed}\n")
    configuration = CONFIGURATION.format(
        root=root,
        port=server.port,
        modules=MODULES,
        certificate=identity.certificate,
        key=identity.key,
        more=more,
    )
    if os.getuid() != 0:
        configuration = configuration.replace("User www-data\nGroup www-data\n", "")
    (root / "apache.conf").write_text(configuration)
    process = subprocess.Popen([APACHE, "-f", str(root / "apache.conf"), "-DFOREGROUND"], stderr=subprocess.DEVNULL)
    try:
        _wait(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(root)


def _wait(server: Apache, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise AssertionError((server.root / "error.log").read_text())
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("Apache does not listen")
