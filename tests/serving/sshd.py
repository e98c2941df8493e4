"""A real OpenSSH server on loopback, with a configuration, keys and a user of its own, which only does SFTP."""

from __future__ import annotations

import getpass
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 15.0
CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
PidFile none
HostKey {host_key}
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
AllowUsers {user}
X11Forwarding no
AllowTcpForwarding no
AllowAgentForwarding no
MaxStartups 100
Subsystem sftp internal-sftp
ForceCommand internal-sftp
LogLevel ERROR
{more}
"""


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def user_of_server() -> str:
    """Name somebody who is not root, whom nobody's permissions stop: a test takes permissions away."""
    return "nobody" if os.geteuid() == 0 else getpass.getuser()


@dataclass(slots=True, kw_only=True)
class Sshd:
    """A server whose files lie in ``root``; ``keys`` is what GEOGATE_SFTP_KEYS names."""

    folder: Path
    port: int = field(default_factory=free_port)
    host_key_file: str = "host_ed25519"
    more: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        return self.folder / "inbox"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def account(self) -> str:
        return f"{user_of_server()}@127.0.0.1:{self.port}"

    @property
    def uri(self) -> str:
        """The place of the recipient."""
        return f"sftp://{self.account}{self.root}/"

    @property
    def host_key(self) -> str:
        """The public key that the server has now, as a registration says it."""
        return public_key(self.folder / self.host_key_file)

    def prepare(self) -> None:
        """Make the keys of the server and of the gate, and a folder that the server's user owns."""
        make_key(self.folder / "host_ed25519")
        self.keys.mkdir()
        make_key(self.keys / self.account)
        self.authorize()
        self.root.mkdir()
        self.give(self.root)

    def give(self, path: Path) -> None:
        """Let the server's user own something."""
        if os.geteuid() == 0:
            shutil.chown(path, user_of_server())

    def authorize(self) -> None:
        (self.folder / "authorized_keys").write_text(public_key(self.keys / self.account) + "\n", encoding="utf-8")

    def forget_the_gate(self) -> None:
        """Let the gate's key be known no more."""
        (self.folder / "authorized_keys").write_text("", encoding="utf-8")

    def start(self) -> None:
        config = self.folder / "sshd_config"
        config.write_text(
            CONFIG.format(
                port=self.port,
                host_key=self.folder / self.host_key_file,
                folder=self.folder,
                user=user_of_server(),
                more=self.more,
            ),
            encoding="utf-8",
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["/usr/sbin/sshd", "-D", "-e", "-f", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                restore_signals=False,  # a file that grows too large must be an error, and not the server's end
            )
        self._await()

    def _await(self) -> None:
        assert self.process is not None
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    if connection.recv(3) == b"SSH":
                        return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("sshd did not start: " + (self.folder / "log").read_text())

    def kill(self) -> None:
        """End the server and all its connections, without a word to anybody."""
        if self.process is None:
            return
        for pid in sessions_of(self.process.pid):
            _kill(pid)
        _kill(self.process.pid)
        self.process.wait(timeout=10)
        self.process = None

    def restart(self, *, host_key_file: str = "", more: str | None = None) -> None:
        """Start anew, with another host key where one is named; it is made if it is not there."""
        self.kill()
        if host_key_file:
            self.host_key_file = host_key_file
            if not (self.folder / host_key_file).exists():
                make_key(self.folder / host_key_file, kind=host_key_file.removeprefix("host_").partition("_")[0])
        if more is not None:
            self.more = more
        self.start()

    def limit_files(self, size: int) -> None:
        """Let no file that a new connection writes grow beyond a size, as a disk that is nearly full does."""
        assert self.process is not None
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def stored(self) -> dict[str, bytes]:
        """Read everything that lies in the recipient's place, hidden or not."""
        found = sorted(path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}

    def delivered(self) -> dict[str, bytes]:
        """Read what is no note of a delivery."""
        return {name: body for name, body in self.stored().items() if ".geogate." not in name}


@contextmanager
def sshd() -> Iterator[Sshd]:
    """Run a server; it is stopped in any case. Its folder is one that its user may come to."""
    folder = Path(tempfile.mkdtemp(prefix="geogate-sshd-"))
    folder.chmod(0o755)
    server = Sshd(folder=folder)
    try:
        server.prepare()
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder)


def make_key(path: Path, *, kind: str = "ed25519") -> None:
    length = ["-b", "2048"] if kind == "rsa" else []
    command = ["ssh-keygen", "-q", "-t", kind, *length, "-N", "", "-C", "", "-f", str(path)]
    subprocess.run(command, check=True, timeout=60)


def public_key(path: Path) -> str:
    """Read a public key without its comment."""
    return " ".join(path.with_name(path.name + ".pub").read_text(encoding="utf-8").split()[:2])


def sessions_of(pid: int) -> list[int]:
    """Name the processes below one, as the system lists them."""
    found: list[int] = []
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return found
    for child in children:
        found += [*sessions_of(int(child)), int(child)]
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
